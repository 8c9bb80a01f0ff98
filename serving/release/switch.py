"""Puts model configurations in force on a server, step by step, and puts the former one back."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import grpc
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
)

from schema import files
from serving.client import ConnectionOptions, RecommenderClient, VersionState, to_serving_error
from serving.protocol import (
    ConfigError,
    ModelServerConfig,
    ServingError,
    model_config,
    served_models,
)
from serving.release import config as release_config

_POLL_SECONDS = 0.1


class Before(NamedTuple):
    """What was there before a release.

    Attributes:
        file: text of the configuration file; None without one.
        config: what to put in force on the server, to have it as it was.
    """

    file: str | None
    config: ModelServerConfig


class ServerSwitch:
    """The configuration of a server: its file, and what is in force.

    Args:
        target: HOST:PORT of the server.
        model: name of the model.
        base_path: the model's directory of versions, as the server sees it.
        config_path: the file; where it is a link, the file that it leads to.
        options: how to talk to the server.
        load_timeout: seconds for a version to load.
        settle_seconds: how long a server may take to begin with it.
        notify: shows a person a sentence.
    """

    def __init__(
        self,
        target: str,
        model: str,
        base_path: str,
        config_path: pathlib.Path,
        *,
        options: ConnectionOptions | None,
        load_timeout: float,
        settle_seconds: float,
        notify: Callable[[str], None],
    ) -> None:
        self._target = target
        self._model = model
        self._base_path = base_path
        #: The file itself, where the name that was given is a link.
        self.path = config_path.resolve()
        self._load_timeout = load_timeout
        self._settle_seconds = settle_seconds
        self._notify = notify
        self.client = RecommenderClient(target, model=model, options=options)
        self._channel = self.client.options.open(target)
        self._stub = model_service_pb2_grpc.ModelServiceStub(self._channel)

    def before(self) -> Before:
        """Reads what is there, and makes sure that a release changes this model only.

        Raises:
            ConfigError: the file cannot be read, or the server has models that it does not list:
                a request replaces the whole configuration, and would unload them.
            ServingError: the server does not answer.
        """
        try:
            text = self.path.read_text(encoding="utf-8") if self.path.exists() else None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"cannot read {self.path}: {getattr(error, 'strerror', error)}"
            ) from error
        config = release_config.parse(text or "", self.path)
        listed = {entry.name for entry in config.model_config_list.config}
        known, served = self._ask()
        lost = sorted(served - listed - {self._model}) if served is not None else []
        if not listed and not known and served is None:
            lost = [f"it does not have {self._model}"]
        if lost:
            raise ConfigError(
                f"the server at {self._target} has models that {self.path} does not list "
                f"({', '.join(lost)}): a release replaces its whole configuration and would unload "
                "them. Give the file that the server was started with (--model-config-file)"
            )
        if not listed and served is None:
            self._notify(
                f"{self.path} names no model: {self._model} alone becomes the configuration of "
                f"the server at {self._target}. Other models that it has are unloaded, and it "
                "cannot list them: where there are any, give the server's own file "
                "(--model-config-file)."
            )
        if known:
            config = release_config.with_latest(config, self._model, self._base_path)
        return Before(text, config)

    def release(
        self, old: ModelServerConfig, versions: set[int], version_labels: Mapping[str, int]
    ) -> None:
        """Loads versions, waits for those with a label, and labels them then.

        Args:
            old: the configuration in force; its labels stay until the new versions serve, but for
                those of versions that serve no more: a server refuses these.
            versions: what is loaded in the end.
            version_labels: version by label in the end.

        Raises:
            ServingError: the server refused it, or a version did not load.
            OSError: the file cannot be written.
        """
        usable = self._usable(old)
        self._apply(self._with(old, {*versions, *usable.values()}, usable))
        for version in sorted(set(version_labels.values())):
            self._wait_available(version)
        self._apply(self._with(old, versions, version_labels))

    def restore(self, before: Before) -> None:
        """Puts back what was there, in the file and on the server.

        Raises:
            ServingError: the server does not answer or refused it; the file is right then.
            OSError: the file cannot be written; the server is right then.
        """
        try:
            self._restore_file(before.file)
        finally:
            self._restore_server(before.config)

    def loaded(self) -> set[int]:
        """The versions of the model that answer; none where the server does not have it.

        Raises:
            ServingError: the server does not answer.
        """
        try:
            states = self.client.status()
        except ServingError as error:
            if error.code is grpc.StatusCode.NOT_FOUND:
                return set()
            raise
        return {state.version for state in states if state.state == "AVAILABLE"}

    def trouble(self, version: int) -> str:
        """Why the server does not serve a version, "" where it does.

        Raises:
            ServingError: the server does not answer.
        """
        state = self._state(version)
        if state is None:
            return f"the server does not know version {version} any more"
        if state.state == "AVAILABLE":
            return ""
        return f"version {version} is in state {state.state}: {state.error or 'no error is told'}"

    def close(self) -> None:
        """Closes the connections."""
        self._channel.close()
        self.client.close()

    def _ask(self) -> tuple[bool, set[str] | None]:
        """Whether the server has the model, and all its models where it says so (ours does)."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self._model
        started = time.monotonic()
        while True:
            try:
                _, call = self._stub.GetModelStatus.with_call(
                    request, timeout=self.client.options.timeout
                )
                return True, served_models.from_metadata(call.trailing_metadata())
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND:
                    raise to_serving_error(error, self._target) from error
                served = served_models.from_metadata(error.trailing_metadata())
            if served is not None:
                return self._model in served, served
            # A version that was just pushed may not have been found yet.
            if time.monotonic() - started > self._settle_seconds:
                return False, None
            time.sleep(_POLL_SECONDS)

    def _usable(self, config: ModelServerConfig) -> dict[str, int]:
        """The labels of a configuration whose versions serve."""
        loaded = self.loaded()
        labels = release_config.labels(config, self._model)
        return {label: version for label, version in labels.items() if version in loaded}

    def _with(
        self, config: ModelServerConfig, versions: set[int], labels: Mapping[str, int]
    ) -> ModelServerConfig:
        return release_config.with_release(config, self._model, self._base_path, versions, labels)

    def _apply(self, config: ModelServerConfig) -> None:
        # The file first: otherwise a server that follows it would undo the request below.
        model_config.write_model_config(self.path, config)
        self._request(config)

    def _request(self, config: ModelServerConfig) -> None:
        request = model_management_pb2.ReloadConfigRequest(config=config)
        try:
            self._stub.HandleReloadConfigRequest(request, timeout=self._load_timeout)
        except grpc.RpcError as error:
            raise to_serving_error(error, self._target) from error

    def _restore_file(self, text: str | None) -> None:
        if text is None:
            self.path.unlink(missing_ok=True)
        elif not self.path.exists() or self.path.read_text(encoding="utf-8") != text:
            files.write_text(self.path, text)

    def _restore_server(self, config: ModelServerConfig) -> None:
        try:
            self._request(config)
            return
        except ServingError as error:
            if error.code is not grpc.StatusCode.FAILED_PRECONDITION:
                raise
        # One of its labels names a version that the release has unloaded: that is loaded first.
        labels = release_config.labels(config, self._model)
        wanted = {*self.loaded(), *labels.values()}
        self._request(self._with(config, wanted, self._usable(config)))
        for version in sorted(set(labels.values())):
            self._wait_available(version)
        self._request(config)

    def _state(self, version: int) -> VersionState | None:
        return next((item for item in self.client.status() if item.version == version), None)

    def _wait_available(self, version: int) -> None:
        started = time.monotonic()
        while True:
            state = self._state(version)
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
