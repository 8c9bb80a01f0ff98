"""The states of a model's versions on a server, and what it does with them next."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, NamedTuple

from tensorflow_serving.apis import get_model_status_pb2

from serving.protocol import ModelConfig, ServingError
from serving.server.versions.servable import Servable


class State(enum.IntEnum):
    """Life of a version, in the numbers of `ModelVersionStatus.State`."""

    START = get_model_status_pb2.ModelVersionStatus.START
    LOADING = get_model_status_pb2.ModelVersionStatus.LOADING
    AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE
    UNLOADING = get_model_status_pb2.ModelVersionStatus.UNLOADING
    END = get_model_status_pb2.ModelVersionStatus.END


class VersionStatus(NamedTuple):
    """A version as `GetModelStatus` shows it."""

    version: int
    state: State
    error: ServingError | None


@dataclasses.dataclass(eq=False)
class Version:
    """A version that is, was or should be served; equal to itself alone, and a key by that.

    Attributes:
        number: the version.
        path: its directory.
        aspired: whether it should be served.
        state: where it is in its life.
        error: why it could not be loaded, or not yet.
        servable: the loaded model, while it is AVAILABLE or UNLOADING.
        users: requests that hold it.
        failures: how often loading failed.
        retry_at: time (of `time.monotonic`) of the next try after a failure.
        fingerprint: of the files that could not be loaded.
    """

    number: int
    path: str
    aspired: bool = True
    state: State = State.START
    error: ServingError | None = None
    servable: Servable | None = None
    users: int = 0
    failures: int = 0
    retry_at: float = 0.0
    fingerprint: Any = None

    @property
    def status(self) -> VersionStatus:
        """The version as it is shown."""
        return VersionStatus(self.number, self.state, self.error)


@dataclasses.dataclass
class Model:
    """A model's configuration, its versions on disk, those under management, and all seen."""

    config: ModelConfig
    removed: bool = False
    found: dict[int, str] = dataclasses.field(default_factory=dict)
    versions: dict[int, Version] = dataclasses.field(default_factory=dict)
    history: dict[int, VersionStatus] = dataclasses.field(default_factory=dict)

    def fails(self, number: int) -> bool:
        """Whether a version could not be loaded, so far."""
        version = self.versions.get(number)
        return version is not None and version.error is not None

    def available(self) -> list[Version]:
        """The versions that serve, ascending."""
        return sorted(
            (v for v in self.versions.values() if v.state is State.AVAILABLE),
            key=lambda version: version.number,
        )


class Step(enum.Enum):
    """What to do with a version."""

    LOAD = "load"
    UNLOAD = "unload"
    CLOSE = "close"
    FORGET = "forget"


def next_step(model: Model, now: float) -> tuple[Step, Version] | None:
    """The next thing to do for a model, or None.

    The choice between loading and unloading is availability_preserving_policy.cc's: a version is
    unloaded only when none is wanted, when a wanted one serves, or when more than one unwanted one
    does.

    Args:
        model: the model.
        now: the time (of `time.monotonic`), for tries after failures.
    """
    versions = sorted(model.versions.values(), key=lambda version: version.number)
    for version in versions:
        if version.state is State.UNLOADING and not version.users:
            return Step.CLOSE, version
        if not version.aspired and version.state in (State.START, State.LOADING, State.END):
            return Step.FORGET, version
    aspired = [version for version in versions if version.aspired]
    unwanted = [v for v in versions if not v.aspired and v.state is State.AVAILABLE]
    serving = any(version.state is State.AVAILABLE for version in aspired)
    if unwanted and (not aspired or serving or len(unwanted) > 1):
        return Step.UNLOAD, unwanted[0]
    waiting = [
        version
        for version in aspired
        if version.state is State.START
        or (version.state is State.LOADING and version.retry_at <= now)
    ]
    return (Step.LOAD, waiting[-1]) if waiting else None
