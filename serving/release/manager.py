"""Canary, promotion and rollback, by version labels of TF Serving.

A release changes the model configuration of a server in steps that the real one accepts too: a
label may only name a version that serves, so a version is loaded first and labelled then. The
former stable version stays loaded, so that a rollback loads nothing.

Commands take turns. A release that fails is taken back at once; one whose process was killed, by
the next command.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import pathlib
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType

from schema import locks
from serving.client import ConnectionOptions, VersionState
from serving.protocol import ConfigError, ServingError, model_config, version_files
from serving.release import config as release_config
from serving.release import record as release_record
from serving.release.record import CANARY, STABLE, Pending, Release, ReleaseRecord
from serving.release.switch import Before, ServerSwitch

_LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Releases:
    """What is released, and the states of the versions on the server.

    Attributes:
        current: the last release; None before the first.
        stable_since: when its stable version became it.
        previous_stable: version that a rollback would go back to, or None.
        versions: the versions on the server, the latest first.
        unfinished: a release that is under way or was cut short, in words, or None.
    """

    current: Release | None
    stable_since: str
    previous_stable: int | None
    versions: tuple[VersionState, ...]
    unfinished: str | None


class ReleaseChangedError(RuntimeError):
    """Another command has released since; the message says what."""


class ReleaseManager:
    """Releases versions of a model on a server; as a context, it closes its connection.

    Args:
        target: HOST:PORT of the server.
        base_path: the model's directory of versions, as the server sees it.
        config_path: model configuration file, kept as it is in force; a server that is started
            with it serves the same. Other models in it are left alone.
        record_path: where releases are recorded; beside the configuration, unless given.
        model: name of the model.
        options: how to talk to the server.
        load_timeout: seconds for a version to load.
        settle_seconds: how long a server may take to begin with it (its poll interval).
        lock_seconds: how long to wait for another command that releases with the same record.
        overwrite: whether a release may take comments, a version policy or a base path from a
            configuration file that somebody wrote by hand.
        notify: shows a person what is worth knowing besides; the log, unless given.

    `canary`, `promote` and `rollback` also raise LockedError, where another command does not end
    in time, and OSError, where a file cannot be written.

    Raises:
        ConfigError: a file or an option cannot be used.
    """

    def __init__(
        self,
        target: str,
        base_path: str | pathlib.Path,
        config_path: str | pathlib.Path,
        *,
        record_path: str | pathlib.Path | None = None,
        model: str = "segue",
        options: ConnectionOptions | None = None,
        load_timeout: float = 120.0,
        settle_seconds: float = 2.0,
        lock_seconds: float = 10.0,
        overwrite: bool = False,
        notify: Callable[[str], None] = _LOG.warning,
    ) -> None:
        config_path = pathlib.Path(config_path)
        self._base_path = model_config.absolute_path(base_path)
        self._model = model
        self._lock_seconds = lock_seconds
        self._overwrite = overwrite
        self._notify = notify
        self.record = ReleaseRecord(record_path or config_path.with_name("releases.json"), model)
        self._server = ServerSwitch(
            target,
            model,
            self._base_path,
            config_path,
            options=options,
            load_timeout=load_timeout,
            settle_seconds=settle_seconds,
            notify=notify,
        )

    def canary(
        self, version: int, *, run: str = "", metrics: Mapping[str, float] | None = None
    ) -> Release:
        """Loads a version beside the stable one and labels it `canary`.

        Args:
            version: the version.
            run: the run that it came from.
            metrics: its metrics.

        Raises:
            ServingError: the server refused it, or it did not load.
            ConfigError: nothing is stable yet, or the version is stable already.
        """
        with self._turn("canary"):
            current = self._current()
            if version == current.stable:
                raise ConfigError(f"version {version} is stable already")
            return self._release("canary", current.stable, version, run, metrics or {})

    def promote(
        self,
        version: int | None = None,
        *,
        run: str = "",
        metrics: Mapping[str, float] | None = None,
        after: Release | None = None,
        reason: str = "",
    ) -> Release:
        """Makes a version stable.

        Args:
            version: the version; the canary, unless given.
            run: the run that it came from; what its canary release recorded, unless given.
            metrics: its metrics; what its canary release recorded, unless given.
            after: the release that must still be the last one; None for any.
            reason: why, for the record.

        Raises:
            ServingError: the server refused it, or it did not load.
            ConfigError: no version is the canary, or the version is stable already.
            ReleaseChangedError: `after` is not the last release any more.
        """
        with self._turn("promote"):
            current = self.record.current
            self._check_last(after)
            if version is None:
                if current is None or current.canary is None:
                    raise ConfigError("there is no canary to promote: name a version")
                version = current.canary
            if current is not None and current.stable == version:
                raise ConfigError(f"version {version} is stable already")
            known_run, known_metrics = self.record.provenance(version)
            return self._release(
                "promote", version, None, run or known_run, metrics or known_metrics, reason=reason
            )

    def rollback(self, *, after: Release | None = None, reason: str = "") -> Release:
        """Goes back: drops the canary where there is one, else returns to the stable before.

        Args:
            after: the release that must still be the last one; None for any.
            reason: why, for the record.

        Raises:
            ServingError: the server refused it, or the version did not load.
            ConfigError: no earlier release exists.
            ReleaseChangedError: `after` is not the last release any more.
        """
        with self._turn("rollback"):
            current = self._current()
            self._check_last(after)
            if current.canary is not None:
                to = current.stable
            else:
                before = self.record.stable_before()
                if before is None:
                    raise ConfigError(f"there is no release before version {current.stable}")
                to = before.stable
            return self._release("rollback", to, None, *self.record.provenance(to), reason=reason)

    def settled(self) -> Release:
        """The last release, after one that was cut short is completed or taken back.

        Raises:
            ServingError: the server does not answer, or refuses what was there before.
            ConfigError: nothing is stable yet.
        """
        with self._turn("watch"):
            return self._current()

    def trouble(self, version: int) -> str:
        """Why the server does not serve a version, "" where it does.

        Raises:
            ServingError: the server does not answer.
        """
        return self._server.trouble(version)

    def status(self) -> Releases:
        """What is released, and the states of the versions on the server.

        Raises:
            ServingError: the server does not answer.
        """
        holder = locks.holder(release_record.lock_path(self.record.path))
        self.record.reload()
        pending = self.record.pending()
        unfinished = None
        if pending is not None:
            state = f"under way: {holder}" if holder else "cut short; the next release settles it"
            unfinished = f"{pending}, is {state}"
        current = self.record.current
        before = self.record.stable_before()
        return Releases(
            current,
            self.record.since(current.stable) if current else "",
            before.stable if before else None,
            tuple(self._server.client.status()),
            unfinished,
        )

    def close(self) -> None:
        """Closes the connection."""
        self._server.close()

    def __enter__(self) -> ReleaseManager:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _current(self) -> Release:
        if self.record.current is None:
            raise ConfigError("nothing is stable yet: promote a version first")
        return self.record.current

    def _check_last(self, release: Release | None) -> None:
        current = self.record.current
        if release is not None and release != current:
            raise ReleaseChangedError(
                f"another command has released meanwhile: {current.action} at {current.at}"
                if current
                else "the release record is gone"
            )

    def _check_on_disk(self, version: int, by: str = "") -> None:
        """Reports a missing version at once, where the base path is on this machine."""
        base = pathlib.Path(self._base_path)
        if base.is_dir():
            found = sorted(version_files.list_versions(self._base_path))
            if version not in found:
                raise ConfigError(
                    f"there is no version {version}{by} under {base}; there are {found}"
                )

    @contextlib.contextmanager
    def _turn(self, action: str) -> Iterator[None]:
        """Waits for other commands, reads what they recorded, and settles what was cut short."""
        if action != "promote" and not self.record.path.parent.is_dir():
            self._current()  # there is none, and the lock would make the directory
        with locks.held(
            release_record.lock_path(self.record.path),
            f"segue release {action}",
            wait_seconds=self._lock_seconds,
        ):
            self.record.reload()
            self._settle()
            yield

    def _release(
        self,
        action: str,
        stable: int,
        canary: int | None,
        run: str,
        metrics: Mapping[str, float],
        *,
        reason: str = "",
    ) -> Release:
        release = Release(action, release_record.now(), stable, canary, run, dict(metrics), reason)
        named = release.labels
        for version in named.values():
            self._check_on_disk(version)
        before = self._server.before()
        pending = Pending(
            release,
            len(self.record.releases),
            before.file,
            release_config.text(before.config),
        )
        in_force = release_config.labels(before.config, self._model)
        others = {name: of for name, of in in_force.items() if name not in (STABLE, CANARY)}
        for name, version in others.items():  # the server would wait for it in vain
            self._check_on_disk(version, f", which the label {name!r} is on,")
        labels = others | named
        # What is left behind stays loaded, for the way back.
        last = self.record.current
        kept = {*labels.values(), *([last.stable] if last else [])}
        self._report_losses(before, kept)
        try:
            with self.record.adding(pending):
                self._server.release(before.config, kept, labels)
        except BaseException:  # an interruption too must not leave half of a release
            self._try_to_settle()
            raise
        return release

    def _report_losses(self, before: Before, kept: set[int]) -> None:
        """Says what a release takes away, or refuses to take it from a file written by hand."""
        lost = release_config.losses(
            before.file, before.config, self._model, self._base_path, STABLE
        )
        unloaded = sorted(self._server.loaded() - kept)
        if unloaded:
            lost.append(f"{_versions(unloaded)} will be unloaded, {_versions(sorted(kept))} kept")
        text = "; ".join(lost)
        if not self._overwrite and len(lost) > bool(unloaded):
            raise ConfigError(
                f"{self._server.path} was written by hand, and a release rewrites it: {text}. "
                "Give --overwrite to do it all the same"
            )
        if lost:
            self._notify(f"The release writes {self._server.path}: {text}.")

    def _try_to_settle(self) -> None:
        """Takes a failed release back; what led here is the error to report."""
        try:
            self._settle()
        except (ConfigError, ServingError, OSError) as error:
            self._notify(
                f"The release could not be taken back: {error}. The next one does that first."
            )

    def _settle(self) -> None:
        """Completes a release that was cut short after it was recorded, and takes back others.

        Raises:
            ServingError: the server does not answer, or refuses what was there before.
            OSError: a file cannot be written.
        """
        pending = self.record.pending()
        if pending is None:
            return
        self.record.reload()
        if len(self.record.releases) <= pending.number:
            config = release_config.parse(pending.config, self.record.pending_path)
            self._server.restore(Before(pending.file, config))
            self._notify(f"Taken back: {pending}, was not finished.")
        self.record.settle()


def _versions(numbers: list[int]) -> str:
    return f"version{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"
