"""Java, and the jars of Flink and Beam: fetched by Maven once, and only those that are pinned."""

from __future__ import annotations

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import zipfile
from typing import Final

ROOT: Final = pathlib.Path(__file__).resolve().parents[2]
#: What is fetched (pom.xml) and what it has to be (sha256sums).
DEPLOY: Final = ROOT / "deploy" / "flink"
#: Where jars lie, once for all clusters of a checkout.
JARS: Final = ROOT / ".cache" / "flink" / "jars"
PINNED: Final = DEPLOY / "sha256sums"
_LOCAL: Final = DEPLOY / "Local.java"
_OLDEST: Final = 17

# What Flink's own scripts open of Java's modules.
_EXPORTED: Final = (
    "java.base/sun.net.util",
    "java.rmi/sun.rmi.registry",
    "java.security.jgss/sun.security.krb5",
)
_OPENED: Final = (
    "java.lang",
    "java.net",
    "java.io",
    "java.nio",
    "sun.nio.ch",
    "java.lang.reflect",
    "java.text",
    "java.time",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "java.util.concurrent.locks",
)


class MissingError(RuntimeError):
    """Java or Maven is not there, or jars are not those that are pinned: one sentence."""


def program(name: str = "java") -> str:
    """The path of a program of a JDK that runs Flink.

    Raises:
        MissingError: there is none of version 17 or later.
    """
    home = os.environ.get("JAVA_HOME")
    path = str(pathlib.Path(home, "bin", name)) if home else shutil.which(name)
    if path is None or not os.access(path, os.X_OK):
        raise MissingError(
            f"This needs {name} of a JDK of Java 17: install one, such as openjdk-17-jdk-headless."
        )
    done = _run([path, "-version"])
    version = re.search(r'(?:version "|javac )(\d+)', done.stdout + done.stderr)
    if version is None or int(version[1]) < _OLDEST:
        raise MissingError(f"This needs Java 17; {path} is {done.stderr.splitlines()[0]}.")
    return path


def command(
    heap: int, main: str, *arguments: str, direct: int | None = None, of_beam: bool = False
) -> list[str]:
    """The command line of a Java program on the class path of the jars.

    Args:
        heap: in MiB.
        main: the program's class.
        *arguments: of the program.
        direct: memory outside the heap in MiB; None: as much as the heap.
        of_beam: whether servers of Beam's run in it, which would listen on every network.
    """
    return [
        program(),
        f"-Xmx{heap}m",
        *([f"-XX:MaxDirectMemorySize={direct}m"] if direct else []),
        *(f"--add-exports={name}=ALL-UNNAMED" for name in _EXPORTED),
        *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED),
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss",
        "-cp",
        os.pathsep.join((str(_compiled()), f"{JARS}/*")),
        *(("Local",) if of_beam else ()),
        main,
        *arguments,
    ]


def fetch() -> None:
    """Sees to it that the pinned jars are there, and no others.

    Raises:
        MissingError: Maven is not there or fails, or a jar is not the one that is pinned.
    """
    if not JARS.is_dir() or differing():
        _copy()
    if wrong := differing():
        raise MissingError(
            f"{wrong}: nothing of it is run. If {DEPLOY.relative_to(ROOT)}/pom.xml was changed on "
            "purpose, pin what it brings now by make flink ARGS=pin."
        )
    if not _compiled().exists():
        _compile()


def pin() -> int:
    """Fetches what the pom names, and pins it as it is; returns how many jars.

    Raises:
        MissingError: Maven is not there or fails.
    """
    _copy()
    found = _digests()
    PINNED.write_text("".join(f"{found[name]}  {name}\n" for name in sorted(found)), "utf-8")
    return len(found)


def differing() -> str:
    """What the jars have that is not as it is pinned, in words; empty where all is."""
    lines = (line.split() for line in PINNED.read_text("utf-8").splitlines())
    pinned, found = {name: digest for digest, name in lines}, _digests()
    for name in sorted(pinned.keys() | found.keys()):
        if name not in found:
            return f"{name} is pinned in {PINNED.name} and was not fetched"
        if name not in pinned:
            return f"{name} was fetched and is not pinned in {PINNED.name}"
        if pinned[name] != found[name]:
            return f"{name} has another SHA-256 than is pinned in {PINNED.name}"
    return ""


def _digests() -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in JARS.glob("*.jar")}


def _copy() -> None:
    """Fetches the jars of the pom, all anew: a folder with two versions of one is no class path."""
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingError("Fetching Flink needs mvn: install Maven, as apt-get install maven.")
    program()
    fresh = JARS.with_name("fetching")
    shutil.rmtree(fresh, ignore_errors=True)
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
    done = _run([maven, "-q", "-B", "-f", str(DEPLOY / "pom.xml"), *goal])
    if done.returncode:
        said = (line for line in done.stdout.splitlines() if "ERROR" in line)
        raise MissingError(f"Maven cannot fetch Flink: {next(said, done.stderr.strip())}")
    shutil.rmtree(JARS, ignore_errors=True)
    fresh.rename(JARS)


def _compiled() -> pathlib.Path:
    """The jar of what is compiled of Local.java."""
    digest = hashlib.sha256(_LOCAL.read_bytes()).hexdigest()[:16]
    return JARS.with_name(f"local-{digest}.jar")


def _compile() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        done = _run([program("javac"), "-cp", f"{JARS}/*", "-d", name, str(_LOCAL)])
        if done.returncode:
            raise MissingError(f"{_LOCAL.name} does not compile: {done.stderr.splitlines()[0]}")
        fresh = _compiled().with_suffix(".fresh")
        with zipfile.ZipFile(fresh, "w") as archive:
            for path in folder.glob("*.class"):
                archive.write(path, path.name)
    fresh.rename(_compiled())


def _run(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
