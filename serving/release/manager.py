"""Canary, promotion and rollback, by version labels of TF Serving.

A release changes the model configuration of a server in steps that the real one accepts too: a
label may only name a version that serves, so a version is loaded first and labelled then. The
former stable version stays loaded, so that a rollback loads nothing.
"""

from __future__ import annotations

import dataclasses
import pathlib
import time
from collections.abc import Mapping
from types import TracebackType

import grpc
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc

from serving.client import (
    ConnectionOptions,
    RecommenderClient,
    VersionState,
    to_serving_error,
)
from serving.protocol import (
    ConfigError,
    ModelServerConfig,
    ServingError,
    model_config,
    version_files,
)
from serving.release import config as release_config
from serving.release import record as release_record
from serving.release.record import Release, ReleaseRecord

STABLE = "stable"
CANARY = "canary"

_POLL_SECONDS = 0.1


@dataclasses.dataclass(frozen=True)
class ReleaseStatus:
    """What is released, and the states of the versions on the server.

    Attributes:
        current: the last release; None before the first.
        stable_since: when its stable version became it.
        previous_stable: version that a rollback would go back to, or None.
        versions: the versions on the server, the latest first.
    """

    current: Release | None
    stable_since: str
    previous_stable: int | None
    versions: tuple[VersionState, ...]


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
    ) -> None:
        self._config_path = pathlib.Path(config_path)
        self._base_path = model_config.absolute_path(base_path)
        self._model = model
        self._load_timeout = load_timeout
        self._settle_seconds = settle_seconds
        self._target = target
        record_path = record_path or self._config_path.with_name("releases.json")
        self.record = ReleaseRecord(record_path, model)
        self._client = RecommenderClient(target, model=model, options=options)
        self._channel = self._client.options.open(target)
        self._stub = model_service_pb2_grpc.ModelServiceStub(self._channel)

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
        current = self._current()
        if version == current.stable:
            raise ConfigError(f"version {version} is stable already")
        return self._release(
            Release(
                "canary", release_record.now(), current.stable, version, run, dict(metrics or {})
            )
        )

    def promote(
        self,
        version: int | None = None,
        *,
        run: str = "",
        metrics: Mapping[str, float] | None = None,
    ) -> Release:
        """Makes a version stable.

        Args:
            version: the version; the canary, unless given.
            run: the run that it came from; what its canary release recorded, unless given.
            metrics: its metrics; what its canary release recorded, unless given.

        Raises:
            ServingError: the server refused it, or it did not load.
            ConfigError: no version is the canary, or the version is stable already.
        """
        current = self.record.current
        if version is None:
            if current is None or current.canary is None:
                raise ConfigError("there is no canary to promote: name a version")
            version = current.canary
        if current is not None and current.stable == version:
            raise ConfigError(f"version {version} is stable already")
        known_run, known_metrics = self.record.provenance(version)
        return self._release(
            Release(
                "promote",
                release_record.now(),
                version,
                None,
                run or known_run,
                dict(metrics or known_metrics),
            )
        )

    def rollback(self) -> Release:
        """Goes back: drops the canary where there is one, else returns to the stable before.

        Raises:
            ServingError: the server refused it, or the version did not load.
            ConfigError: no earlier release exists.
        """
        current = self._current()
        if current.canary is not None:
            to = current.stable
        else:
            before = self.record.stable_before()
            if before is None:
                raise ConfigError(f"there is no release before version {current.stable}")
            to = before.stable
        run, metrics = self.record.provenance(to)
        return self._release(
            Release("rollback", release_record.now(), to, None, run, dict(metrics))
        )

    def status(self) -> ReleaseStatus:
        """What is released, and the states of the versions on the server.

        Raises:
            ServingError: the server does not answer.
        """
        current = self.record.current
        before = self.record.stable_before()
        return ReleaseStatus(
            current,
            self.record.since(current.stable) if current else "",
            before.stable if before else None,
            tuple(self._states()),
        )

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()
        self._client.close()

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

    def _check_on_disk(self, version: int) -> None:
        """Reports a missing version at once, where the base path is on this machine."""
        base = pathlib.Path(self._base_path)
        if base.is_dir():
            found = sorted(version_files.list_versions(self._base_path))
            if version not in found:
                raise ConfigError(f"there is no version {version} under {base}; there are {found}")

    def _release(self, release: Release) -> Release:
        self._check_on_disk(release.stable)
        if release.canary is not None:
            self._check_on_disk(release.canary)
        old = release_config.read(self._config_path)
        labels = {STABLE: release.stable}
        if release.canary is not None:
            labels[CANARY] = release.canary
        before = self.record.current
        # What is left behind stays loaded, for the way back.
        kept = {*labels.values(), *([before.stable] if before else [])}
        try:
            # The labels in force stay until the new versions serve.
            in_force = release_config.labels(old, self._model)
            loading = {*kept, *in_force.values()}
            self._apply(self._with(old, loading, in_force))
            for version in sorted(labels.values()):
                self._wait_available(version)
            self._apply(self._with(old, kept, labels))
        except ServingError:
            self._restore(old)
            raise
        self.record.add(release)
        return release

    def _with(
        self, config: ModelServerConfig, versions: set[int], labels: Mapping[str, int]
    ) -> ModelServerConfig:
        return release_config.with_release(config, self._model, self._base_path, versions, labels)

    def _apply(self, config: ModelServerConfig) -> None:
        # The file first: otherwise a server that follows it would undo the request below.
        model_config.write_model_config(self._config_path, config)
        request = model_management_pb2.ReloadConfigRequest(config=config)
        try:
            self._stub.HandleReloadConfigRequest(request, timeout=self._load_timeout)
        except grpc.RpcError as error:
            raise to_serving_error(error, self._target) from error

    def _restore(self, config: ModelServerConfig) -> None:
        """Puts the former configuration back; without one the server keeps what it has."""
        if not config.model_config_list.config:
            self._config_path.unlink(missing_ok=True)
            return
        try:
            self._apply(config)
        except ServingError:
            return  # the file is right again; the failure that led here is the one to report

    def _states(self) -> list[VersionState]:
        return self._client.status()

    def _wait_available(self, version: int) -> None:
        started = time.monotonic()
        while True:
            state = next((item for item in self._states() if item.version == version), None)
            if state and state.state == "AVAILABLE":
                return
            waited = time.monotonic() - started
            # At first the state may still be that of an earlier try.
            if state and state.state == "END" and state.error and waited > self._settle_seconds:
                raise ServingError(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"version {version} cannot be loaded: {state.error}",
                )
            if waited > self._load_timeout:
                raise ServingError(
                    grpc.StatusCode.DEADLINE_EXCEEDED,
                    f"version {version} was not available within {self._load_timeout:g} s; is it "
                    f"under {self._base_path} on the server?",
                )
            time.sleep(_POLL_SECONDS)
