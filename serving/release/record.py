"""The record of releases: which version is stable, since when, and where it came from.

A JSON file that only grows, so that a rollback can reach every earlier state.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from schema import files
from serving.protocol import ConfigError

_FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Release:
    """What is served from some moment on.

    Attributes:
        action: "canary", "promote" or "rollback".
        at: when, in ISO 8601 and UTC.
        stable: version that the label `stable` names.
        canary: version that the label `canary` names, or None.
        run: pipeline run that the released version came from, "" where it is not known.
        metrics: its metrics at the time, by name.
    """

    action: str
    at: str
    stable: int
    canary: int | None = None
    run: str = ""
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)


class ReleaseRecord:
    """The releases of a model, in a file.

    Args:
        path: the file; the first release makes it.
        model: name of the model.

    Raises:
        ConfigError: the file is not such a record, or of another model.
    """

    def __init__(self, path: str | pathlib.Path, model: str) -> None:
        self.path = pathlib.Path(path)
        self.model = model
        self.releases: tuple[Release, ...] = self._read()

    @property
    def current(self) -> Release | None:
        """The last release."""
        return self.releases[-1] if self.releases else None

    def stable_before(self) -> Release | None:
        """The last release whose stable version differs from the current one's.

        A rollback drops the releases that it leaves: after 1, 2 and a rollback to 1, nothing is
        before 1.
        """
        stack: list[Release] = []
        for release in self.releases:
            if release.action == "rollback":
                while stack and stack[-1].stable != release.stable:
                    stack.pop()
            elif not stack or stack[-1].stable != release.stable:
                stack.append(release)
        return stack[-2] if len(stack) > 1 else None

    def provenance(self, version: int) -> tuple[str, Mapping[str, float]]:
        """Run and metrics of a version, from the last release that recorded them."""
        for release in reversed(self.releases):
            released = release.canary if release.action == "canary" else release.stable
            if released == version and (release.run or release.metrics):
                return release.run, release.metrics
        return "", {}

    def since(self, version: int) -> str:
        """When the current stable version became it, "" where this is another version."""
        at = ""
        for release in reversed(self.releases):
            if release.stable != version:
                break
            at = release.at
        return at

    def add(self, release: Release) -> None:
        """Appends a release, on disk too, whole or not at all."""
        self.releases = (*self.releases, release)
        document = {
            "format": _FORMAT,
            "model": self.model,
            "releases": [dataclasses.asdict(release) for release in self.releases],
        }
        files.write_text(self.path, json.dumps(document, indent=1) + "\n")

    def _read(self) -> tuple[Release, ...]:
        if not self.path.exists():
            return ()
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            if document["model"] != self.model:
                raise ConfigError(
                    f"{self.path} records releases of model {document['model']!r}, not of "
                    f"{self.model!r}"
                )
            return tuple(Release(**entry) for entry in document["releases"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(f"{self.path} is not a record of releases: {error}") from error


def now() -> str:
    """The time as it is recorded."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def read_metrics(path: str | pathlib.Path, model: str | None = None) -> dict[str, float]:
    """Overall means of a run's model, from its `report/metrics.json` (contract C2).

    Args:
        path: the file.
        model: name of the model in the run; None for the first one.

    Raises:
        ConfigError: the file cannot be read, or the model is missing from it.
    """
    try:
        models: dict[str, Any] = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))[
            "models"
        ]
        name = model if model is not None else next(iter(models))
        overall = models[name]["overall"]
        return {
            metric: float(value["mean"])
            for metric, value in overall.items()
            if value and value.get("mean") is not None
        }
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        raise ConfigError(f"cannot read the metrics of a run from {path}: {error!r}") from error
