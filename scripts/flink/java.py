"""Java programs of Flink and Beam."""

from __future__ import annotations

import hashlib
import os
import pathlib
import tempfile
import zipfile
from typing import Final

from scripts import jdk
from scripts.pinned_jars import PinnedJars

PACKAGES: Final = PinnedJars.of("Flink")
_LOCAL: Final = PACKAGES.deploy / "Local.java"

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
        jdk.program(),
        f"-Xmx{heap}m",
        *([f"-XX:MaxDirectMemorySize={direct}m"] if direct else []),
        *(f"--add-exports={name}=ALL-UNNAMED" for name in _EXPORTED),
        *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED),
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss",
        "-cp",
        os.pathsep.join((str(_compiled()), f"{PACKAGES.jars}/*")),
        *(("Local",) if of_beam else ()),
        main,
        *arguments,
    ]


def fetch() -> None:
    """Sees to it that the pinned jars are there, and no others, and what is compiled of ours.

    Raises:
        MissingError: Maven is not there or fails, or a jar is not the one that is pinned.
    """
    PACKAGES.fetch()
    if not _compiled().exists():
        _compile()


def _compiled() -> pathlib.Path:
    """The jar of what is compiled of Local.java."""
    digest = hashlib.sha256(_LOCAL.read_bytes()).hexdigest()[:16]
    return PACKAGES.jars.with_name(f"local-{digest}.jar")


def _compile() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        done = jdk.run([jdk.program("javac"), "-cp", f"{PACKAGES.jars}/*", "-d", name, str(_LOCAL)])
        if done.returncode:
            raise jdk.MissingError(f"{_LOCAL.name} does not compile: {done.stderr.splitlines()[0]}")
        fresh = _compiled().with_suffix(".fresh")
        with zipfile.ZipFile(fresh, "w") as archive:
            for path in folder.glob("*.class"):
                archive.write(path, path.name)
    fresh.rename(_compiled())
