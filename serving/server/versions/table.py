"""The models that a server knows, and the versions that requests hold."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from tensorflow_serving.apis import model_pb2

from serving.protocol import ModelServerConfig, errors
from serving.server.versions.servable import Servable
from serving.server.versions.states import Model, State, Version, VersionStatus

Labels = dict[str, dict[str, int]]


class ModelTable:
    """Models by name, guarded by one condition that is notified when versions come or go.

    Args:
        on_drained: called when no request uses a version any more that should be unloaded.
    """

    def __init__(self, on_drained: Callable[[], None] = lambda: None) -> None:
        self.changed = threading.Condition()
        self.models: dict[str, Model] = {}  # guarded by `changed`, as all below
        self.labels: Labels = {}
        self._on_drained = on_drained

    def configured(self, names: set[str] | None = None) -> dict[str, Model]:
        """The models (of those named) to serve. Call it with `changed` held."""
        return {
            name: model
            for name, model in self.models.items()
            if not model.removed and (names is None or name in names)
        }

    def ready(self) -> bool:
        """Whether every configured model has an available version."""
        with self.changed:
            wanted = self.configured()
            return bool(wanted) and all(model.available() for model in wanted.values())

    def loaded(self) -> dict[str, list[int]]:
        """The available versions of each model, ascending."""
        with self.changed:
            return {
                name: [version.number for version in model.available()]
                for name, model in self.models.items()
            }

    def status(self, spec: model_pb2.ModelSpec) -> list[VersionStatus]:
        """What is known of a model's versions, the latest first, or of one of them.

        Raises:
            ServingError: the server has never seen them.
        """
        with self.changed:
            model = self.models.get(spec.name)
            seen = dict(model.history) if model else {}
            if model:
                seen.update((number, v.status) for number, v in model.versions.items())
        if spec.WhichOneof("version_choice") == "version":
            number = spec.version.value
            if number not in seen:
                raise errors.not_found(f"Could not find version {number} of model {spec.name}")
            return [seen[number]]
        if not seen:
            raise errors.not_found(f"Could not find any versions of model {spec.name}")
        return [seen[number] for number in sorted(seen, reverse=True)]

    def acquire(self, spec: model_pb2.ModelSpec) -> Version:
        """Holds the version that a request means, until it is released.

        Raises:
            ServingError: the version is missing, or does not serve.
        """
        with self.changed:
            version = self._find(spec)
            version.users += 1
        return version

    def release(self, version: Version) -> None:
        """Lets go of a version."""
        with self.changed:
            version.users -= 1
            drained = not version.users and version.state is State.UNLOADING
        if drained:
            self._on_drained()

    @contextlib.contextmanager
    def use(self, spec: model_pb2.ModelSpec) -> Iterator[Servable]:
        """Holds the version that a request means, for as long as the context lasts.

        Raises:
            ServingError: the version is missing, or does not serve.
        """
        version = self.acquire(spec)
        try:
            assert version.servable is not None
            yield version.servable
        finally:
            self.release(version)

    def new_labels(self, config: ModelServerConfig, *, allow_unavailable: bool) -> Labels:
        """The labels of a configuration. Call it with `changed` held.

        Args:
            config: the configuration.
            allow_unavailable: whether a new label may name a version that does not serve yet. An
                old one never may be moved to such a version.

        Raises:
            ServingError: a label names such a version and may not.
        """
        labels: Labels = {}
        for entry in config.model_config_list.config:
            model = self.models.get(entry.name)
            for label, number in entry.version_labels.items():
                version = model.versions.get(number) if model else None
                serves = version is not None and version.state is State.AVAILABLE
                moved = self.labels.get(entry.name, {}).get(label, number) != number
                if not serves and (moved or not allow_unavailable):
                    raise errors.failed_precondition(
                        f"Request to assign label to version {number} of model {entry.name}, "
                        "which is not currently available for inference"
                    )
                labels.setdefault(entry.name, {})[label] = number
        return labels

    def _find(self, spec: model_pb2.ModelSpec) -> Version:
        if not spec.name:
            raise errors.invalid_argument("ModelSpec has no name specified.")
        model = self.models.get(spec.name)
        choice = spec.WhichOneof("version_choice")
        if choice is None:
            available = model.available() if model else []
            if not available:
                raise errors.not_found(f"Servable not found for request: Latest({spec.name})")
            return available[-1]
        number = spec.version.value
        if choice == "version_label":
            labels = self.labels.get(spec.name, {})
            if spec.version_label not in labels:
                raise errors.invalid_argument(
                    f"Unrecognized servable version label: {spec.version_label}"
                )
            number = labels[spec.version_label]
        version = model.versions.get(number) if model else None
        if version is None or version.state is not State.AVAILABLE:
            raise errors.not_found(
                f"Servable not found for request: Specific({spec.name}, {number})"
            )
        return version
