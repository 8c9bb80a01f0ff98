"""Puts configurations in force and waits for their models (TF Serving's ServerCore)."""

from __future__ import annotations

import threading
from collections.abc import Callable

import grpc

from serving.protocol import ModelServerConfig, errors, model_config
from serving.server.versions.states import Model, State
from serving.server.versions.table import ModelTable
from serving.server.versions.watcher import Loader, VersionWatcher, WatchOptions


class ModelManager:
    """The models of a server.

    Args:
        load: makes a servable of a model's name, version and path; raises when it cannot.
        options: how versions are looked for.
        allow_labels_for_unavailable: whether a new label may name a version that is not loaded
            (TF Serving's allow_version_labels_for_unavailable_models).
        on_change: called after versions came or went.
        on_config: called with each configuration before it is in force; raises a `ServingError`
            to refuse it.

    Attributes:
        table: what requests look versions up in.
    """

    def __init__(
        self,
        load: Loader,
        options: WatchOptions | None = None,
        *,
        allow_labels_for_unavailable: bool = False,
        on_change: Callable[[], None] = lambda: None,
        on_config: Callable[[ModelServerConfig], None] = lambda config: None,
    ) -> None:
        self._wake = threading.Event()
        self.table = ModelTable(on_drained=self._wake.set)
        self._watcher = VersionWatcher(
            self.table, load, options or WatchOptions(), self._wake, on_change
        )
        self._allow_labels_for_unavailable = allow_labels_for_unavailable
        self._on_config = on_config
        self._config = ModelServerConfig()
        self._reloading = threading.Lock()
        self._stopping = False

    def start(self, config: ModelServerConfig) -> None:
        """Begins to load what a configuration asks for, and returns at once.

        Raises:
            ServingError: the configuration is refused.
        """
        self.reload(config, wait=False)
        self._watcher.start()

    def cancel_waiting(self) -> None:
        """Ends every `wait_available`: nothing will be loaded any more."""
        self._stopping = True
        with self.table.changed:
            self.table.changed.notify_all()

    def stop(self) -> None:
        """Unloads everything. Requests must have ended."""
        self.cancel_waiting()
        self._watcher.stop()
        for model in self.table.models.values():
            for version in model.versions.values():
                if version.servable:
                    version.servable.close()
                    version.servable = None
                    version.state = State.END

    def reload(
        self, config: ModelServerConfig, *, wait: bool = True, timeout: float | None = None
    ) -> None:
        """Puts a configuration in force, whole or not at all.

        Args:
            config: the new configuration; models that it does not list are unloaded.
            wait: whether to wait until models that were not listed before have a version.
            timeout: seconds to wait; None for as long as it takes.

        Raises:
            ServingError: it is refused, or a new model did not become available (in time).
        """
        with self._reloading:
            with self.table.changed:
                model_config.validate_transition(self._config, config)
                labels = self.table.new_labels(
                    config, allow_unavailable=self._allow_labels_for_unavailable
                )
                self._on_config(config)
                self.table.labels = labels
                known = set(self.table.configured())
                listed = {entry.name: entry for entry in config.model_config_list.config}
                for name, model in self.table.models.items():
                    model.removed = name not in listed
                for name, entry in listed.items():
                    self.table.models.setdefault(name, Model(entry)).config = entry
                self._config = config
            self._wake.set()
            new = set(listed) - known
            if wait and not self.wait_available(new, timeout):
                raise errors.ServingError(
                    grpc.StatusCode.DEADLINE_EXCEEDED,
                    f"No version of {', '.join(sorted(new))} became available in time",
                )

    def wait_available(self, names: set[str] | None = None, timeout: float | None = None) -> bool:
        """Waits until models have an available version.

        Args:
            names: the models; None for all that are configured.
            timeout: seconds to wait; None for as long as it takes.

        Returns:
            Whether they have.

        Raises:
            ServingError: the versions that a model should serve could not be loaded.
        """

        def settled() -> bool:
            return self._stopping or all(
                model.available() or _has_failed(model)
                for model in self.table.configured(names).values()
            )

        with self.table.changed:
            if not self.table.changed.wait_for(settled, timeout) or self._stopping:
                return False
            failures = [
                f"{{{{name: {name} version: {version.number}}} due to error: {version.error}}}, "
                for name, model in self.table.configured(names).items()
                if not model.available()
                for version in model.versions.values()
            ]
        if failures:
            raise errors.ServingError(
                grpc.StatusCode.UNKNOWN,
                f"{len(failures)} model(s) did not become available: {{{''.join(failures)}}}",
            )
        return True


def _has_failed(model: Model) -> bool:
    """Whether every version that should be served could not be loaded."""
    aspired = [version for version in model.versions.values() if version.aspired]
    return bool(aspired) and all(version.state is State.END for version in aspired)
