"""Jars that Maven fetches once, and of which only those that are pinned are run."""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib
import shutil
from typing import Final

from scripts import jdk

ROOT: Final = pathlib.Path(__file__).resolve().parents[1]


@dataclasses.dataclass(frozen=True)
class PinnedJars:
    """The jars of a server.

    Attributes:
        name: of the server, such as "Flink"; in small letters it is the verb that pins them.
        jars: where they lie.
        pins: what they have to be, as sha256sum writes it.
    """

    name: str
    jars: pathlib.Path
    pins: pathlib.Path

    @classmethod
    def of(cls, name: str) -> PinnedJars:
        """Those of a folder of `deploy`; they lie in one place for all servers of a checkout."""
        folder = name.lower()
        return cls(name, ROOT / ".cache" / folder / "jars", ROOT / "deploy" / folder / "sha256sums")

    @property
    def deploy(self) -> pathlib.Path:
        """The folder with the pom, which says what is fetched."""
        return ROOT / "deploy" / self.name.lower()

    def fetch(self) -> None:
        """Sees to it that the pinned jars are there, and no others.

        Raises:
            MissingError: Maven is not there or fails, or a jar is not the one that is pinned.
        """
        if not self.jars.is_dir() or self.differing():
            self._copy()
        if wrong := self.differing():
            raise jdk.MissingError(
                f"{wrong}: nothing of it is run. If {self.deploy.relative_to(ROOT)}/pom.xml was "
                f"changed on purpose, pin what it brings now by make {self.name.lower()} ARGS=pin."
            )

    def pin(self) -> int:
        """Fetches what the pom names, and pins it as it is; returns how many jars.

        Raises:
            MissingError: Maven is not there or fails.
        """
        self._copy()
        found = self._digests()
        lines = (f"{found[name]}  {name}\n" for name in sorted(found))
        self.pins.write_text("".join(lines), "utf-8")
        return len(found)

    def differing(self) -> str:
        """What the jars have that is not as it is pinned, in words; empty where all is."""
        lines = (line.split() for line in self.pins.read_text("utf-8").splitlines())
        pinned, found = {name: digest for digest, name in lines}, self._digests()
        for name in sorted(pinned.keys() | found.keys()):
            if name not in found:
                return f"{name} is pinned in {self.pins.name} and was not fetched"
            if name not in pinned:
                return f"{name} was fetched and is not pinned in {self.pins.name}"
            if pinned[name] != found[name]:
                return f"{name} has another SHA-256 than is pinned in {self.pins.name}"
        return ""

    def _digests(self) -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.jars.glob("*.jar")
        }

    def _copy(self) -> None:
        """Fetches all anew: a folder with two versions of one jar is no class path."""
        maven = shutil.which("mvn")
        if maven is None:
            raise jdk.MissingError(
                f"Fetching {self.name} needs mvn: install Maven, as apt-get install maven."
            )
        jdk.program()
        fresh = self.jars.with_name("fetching")
        shutil.rmtree(fresh, ignore_errors=True)
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
        done = jdk.run([maven, "-q", "-B", "-f", str(self.deploy / "pom.xml"), *goal])
        if done.returncode:
            said = (line for line in done.stdout.splitlines() if "ERROR" in line)
            raise jdk.MissingError(
                f"Maven cannot fetch {self.name}: {next(said, done.stderr.strip())}"
            )
        shutil.rmtree(self.jars, ignore_errors=True)
        fresh.rename(self.jars)
