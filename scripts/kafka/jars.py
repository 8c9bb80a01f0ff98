"""Kafka's jars: fetched by Maven once, and only those that are pinned."""

from __future__ import annotations

import hashlib
import pathlib
import shutil
import subprocess
from typing import Final

from scripts.flink import java

ROOT: Final = pathlib.Path(__file__).resolve().parents[2]
#: What is fetched (pom.xml) and what it has to be (sha256sums).
DEPLOY: Final = ROOT / "deploy" / "kafka"
#: Where jars lie, once for all brokers of a checkout.
JARS: Final = ROOT / ".cache" / "kafka" / "jars"
PINNED: Final = DEPLOY / "sha256sums"

MissingError = java.MissingError


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
            "purpose, pin what it brings now by make kafka ARGS=pin."
        )


def pin() -> int:
    """Fetches what the pom names, and pins it as it is; returns how many jars."""
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
        if pinned.get(name) != found[name]:
            return f"{name} is not the one that is pinned in {PINNED.name}"
    return ""


def _digests() -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in JARS.glob("*.jar")}


def _copy() -> None:
    """Fetches the jars of the pom, all anew: a folder with two versions of one is no class path."""
    maven = shutil.which("mvn")
    if maven is None:
        raise MissingError("Fetching Kafka needs mvn: install Maven, as apt-get install maven.")
    java.program()
    fresh = JARS.with_name("fetching")
    shutil.rmtree(fresh, ignore_errors=True)
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
    done = subprocess.run(  # noqa: S603 - no shell
        [maven, "-q", "-B", "-f", str(DEPLOY / "pom.xml"), *goal],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (line for line in done.stdout.splitlines() if "ERROR" in line)
        raise MissingError(f"Maven cannot fetch Kafka: {next(said, done.stderr.strip())}")
    shutil.rmtree(JARS, ignore_errors=True)
    fresh.rename(JARS)
