"""The record of releases: which version is stable, since when, and where it came from.

A JSON file that only grows, so that a rollback can reach every earlier state. While a release is
under way, a second file holds it and the way back.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
from collections.abc import Iterator, Mapping

import tensorflow as tf

from schema import files
from schema.documents import RunMetrics, parse
from serving.protocol import ConfigError

_FORMAT = 1

#: The labels that a release gives.
STABLE = "stable"
CANARY = "canary"


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
        reason: what a watch saw that led to it, "" where a person released.
    """

    action: str
    at: str
    stable: int
    canary: int | None = None
    run: str = ""
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    reason: str = ""

    @property
    def labels(self) -> dict[str, int]:
        """Version by label."""
        return {STABLE: self.stable} | ({} if self.canary is None else {CANARY: self.canary})


@dataclasses.dataclass(frozen=True)
class Pending:
    """A release that is under way, or that was cut short.

    Attributes:
        release: the release.
        number: how many releases were recorded before it.
        file: text of the configuration file before it; None without one.
        config: configuration, in text format, with which the server is as it was.
    """

    release: Release
    number: int
    file: str | None
    config: str

    def __str__(self) -> str:
        version = self.release.stable if self.release.canary is None else self.release.canary
        return f"{self.release.action} of version {version}, begun at {self.release.at}"


class ReleaseRecord:
    """The releases of a model, in a file.

    Args:
        path: the file; the first release makes it.
        model: name of the model.

    Attributes:
        pending_path: where the release lies that is under way.

    Raises:
        ConfigError: the file is not such a record, or of another model.
    """

    def __init__(self, path: str | pathlib.Path, model: str) -> None:
        self.path = pathlib.Path(path)
        self.model = model
        self.pending_path = self.path.with_name(f"{self.path.stem}.pending.json")
        self.releases: tuple[Release, ...] = ()
        self.reload()

    def reload(self) -> None:
        """Reads the file again: another command may have written it.

        Raises:
            ConfigError: the file is not such a record, or of another model.
        """
        self.releases = read_releases(self.path, self.model)

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

    @contextlib.contextmanager
    def adding(self, pending: Pending) -> Iterator[None]:
        """Appends a release if the block, which changes the server, ends well.

        All is written ahead: what is pending, and the new record beside the old one. After the
        block files are only renamed and removed, which a full disk does not prevent.

        Args:
            pending: the release and the way back. It stays on disk where the block fails, or the
                process ends, until `settle`.

        Raises:
            OSError: a file cannot be written.
        """
        files.write_text(self.pending_path, json.dumps(dataclasses.asdict(pending), indent=1))
        releases = (*self.releases, pending.release)
        document = {
            "format": _FORMAT,
            "model": self.model,
            "releases": [dataclasses.asdict(release) for release in releases],
        }
        with files.replacing(self.path) as prepared:
            prepared.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
            yield
        self.releases = releases
        self.settle()

    def pending(self) -> Pending | None:
        """The release that is under way or was cut short; None where all are complete.

        Raises:
            ConfigError: its file cannot be read.
        """
        try:
            fields = json.loads(self.pending_path.read_text(encoding="utf-8"))
            return Pending(**fields | {"release": Release(**fields["release"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{self.pending_path} is not a pending release: {error}") from error

    def settle(self) -> None:
        """Forgets what is pending: it was recorded, or taken back."""
        self.pending_path.unlink(missing_ok=True)


def lock_path(record: str | os.PathLike[str]) -> pathlib.Path:
    """The file that is locked while a command releases with a local record."""
    return pathlib.Path(record).with_suffix(".lock")


def read_releases(path: str | os.PathLike[str], model: str) -> tuple[Release, ...]:
    """Reads the releases of a model, the last one last; none where there is no such file.

    Args:
        path: the file, local or on any file system of TensorFlow.
        model: name of the model.

    Raises:
        ConfigError: the file is not such a record, or of another model.
    """
    name = os.fspath(path)
    try:
        if not tf.io.gfile.exists(name):
            return ()
        with tf.io.gfile.GFile(name) as file:
            document = json.loads(file.read())
        if document["model"] != model:
            raise ConfigError(
                f"{name} records releases of model {document['model']!r}, not of {model!r}"
            )
        return tuple(Release(**entry) for entry in document["releases"])
    except (tf.errors.OpError, OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{name} is not a record of releases: {error}") from error


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
        content = pathlib.Path(path).read_bytes()
    except OSError as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(f"cannot read the metrics of a run from {path}: {why}") from error
    found, notes = parse(RunMetrics, content, os.path.basename(path))
    name = model if model is not None else next(iter(found.models), None)
    if name not in found.models:
        there = f"it holds {', '.join(found.models)}, not {name}" if found.models else ""
        why = there or " ".join(notes) or "it holds no model"
        raise ConfigError(f"cannot read the metrics of a run from {path}: {why}")
    estimates = found.models[name].overall.items()
    return {metric: value.mean for metric, value in estimates if value.mean is not None}
