"""The configuration of a gateway: one YAML file, checked before anything starts."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Annotated, Final, Literal

import pydantic

from schema.features import SEGMENT_NAME
from schema.option_files import read
from schema.options import Options
from schema.registry import Alias
from serving.release import STABLE

_Segment = Annotated[str, pydantic.Field(pattern=SEGMENT_NAME)]
_Name = Annotated[str, pydantic.Field(pattern="^[0-9A-Za-z_.:/-]{1,64}$")]
#: Of a model: NAME/VERSION is a name too.
_ModelName = Annotated[str, pydantic.Field(pattern="^[0-9A-Za-z_.:-]{1,44}$")]
_Path = Annotated[str, pydantic.Field(min_length=1, max_length=4096)]
_Port = Annotated[int, pydantic.Field(ge=0, le=65_535)]
_Milliseconds = Annotated[int, pydantic.Field(ge=1, le=60_000)]
_DEFAULT: Final = "default"


class Model(Options):
    """Which model answers: by version, label or alias; its latest version where none is given."""

    model: _ModelName = pydantic.Field("segue", description="name on the model server")
    version: int | None = pydantic.Field(None, ge=0, lt=2**63, description="number of a version")
    label: _Name | None = pydantic.Field(None, description="label of a version, such as stable")
    alias: Alias | None = pydantic.Field(
        None, description="alias in the registry, of the registered model"
    )
    registered: str | None = pydantic.Field(
        None, min_length=1, description="name in the registry, where it is not that on the server"
    )

    @pydantic.model_validator(mode="after")
    def _one_of_them(self) -> Model:
        given = [name for name in ("version", "label", "alias") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give {' or '.join(given)}, not both")
        return self

    def __str__(self) -> str:
        for kind in ("version", "label", "alias"):
            if (value := getattr(self, kind)) is not None:
                return f"{self.model} {kind} {value}"
        return f"{self.model} latest"


class Arm(Options):
    """A share of the listeners, and the model that answers them."""

    name: _Name = pydantic.Field(description="of the arm")
    share: float = pydantic.Field(gt=0, le=1, description="of the route's listeners")
    model: Model | None = pydantic.Field(
        None, description="that answers; the segment's own where none is given"
    )


class Route(Options):
    """An experiment: its arms, and whom it takes. Of several the first that takes one decides."""

    experiment: _Name = pydantic.Field(description="name of the experiment")
    salt: str = pydantic.Field(
        min_length=1, max_length=200, description="of the hash; another salt, other arms"
    )
    surfaces: tuple[_Name, ...] = pydantic.Field((), description="of these; none: of all")
    segments: tuple[_Segment, ...] = pydantic.Field((), description="of these; none: of all")
    arms: tuple[Arm, ...] = pydantic.Field(
        min_length=1, max_length=20, description="whoever is in none is outside of the experiment"
    )

    @pydantic.model_validator(mode="after")
    def _arms_fit(self) -> Route:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError("arms: two have one name")
        if sum(arm.share for arm in self.arms) > 1 + 1e-9:
            raise ValueError("arms: their shares are more than 1 together")
        return self


class ServerTls(Options):
    """What the gateway shows its clients."""

    certificate: _Path = pydantic.Field(description="PEM file of the certificate's chain")
    key: _Path = pydantic.Field(description="PEM file of its private key")
    client_ca: _Path | None = pydantic.Field(
        None, description="PEM file of an authority of which clients must show a certificate"
    )


class ClientTls(Options):
    """What the gateway shows the model server, and trusts."""

    ca: _Path | None = pydantic.Field(
        None, description="PEM file of the server's authority; the system's where none is given"
    )
    certificate: _Path | None = pydantic.Field(None, description="PEM file of its certificate")
    key: _Path | None = pydantic.Field(None, description="PEM file of its private key")
    server_name: str | None = pydantic.Field(
        None, description="name in the server's certificate, where it is not the address"
    )


class Listening(Options):
    """Where the gateway is asked."""

    host: str = pydantic.Field("127.0.0.1", min_length=1, description="address to bind to")
    port: _Port = pydantic.Field(8700, description="of HTTP; 0 for a free one")
    grpc_port: _Port | None = pydantic.Field(
        None, description="of gRPC; 0 for a free one, none: no gRPC"
    )
    tls: ServerTls | None = pydantic.Field(None, description="plain text where none is given")


class Server(Options):
    """The model server, and how long it is waited for."""

    target: str = pydantic.Field("127.0.0.1:8500", description="HOST:PORT")
    tls: ClientTls | None = pydantic.Field(None, description="plain text where none is given")
    deadline_ms: _Milliseconds = pydantic.Field(
        200, description="for one call; a second version has what is left of `answer_ms`"
    )


class Store(Options):
    """The online store."""

    uri: str = pydantic.Field(description="KIND:DIR, as of segue features")
    deadline_ms: _Milliseconds = pydantic.Field(50, description="for the rows of one listener")
    cache_seconds: float = pydantic.Field(
        5.0, ge=0, le=3600, description="for how long a listener's rows are kept at hand"
    )
    cache_listeners: int = pydantic.Field(
        10_000, ge=1, le=1_000_000, description="of how many listeners"
    )


class Kafka(Options):
    """A topic for exposures."""

    brokers: str = pydantic.Field(min_length=1, description="HOST:PORT, several by commas")
    topic: str = pydantic.Field("events", min_length=1, description="its name")
    settings: _Path | None = pydantic.Field(
        None, description="file of librdkafka's settings, KEY=VALUE a line"
    )
    deadline_ms: int = pydantic.Field(
        30_000, ge=100, le=600_000, description="after which an event that no broker took is lost"
    )


class Exposures(Options):
    """Where exposures go: files of JSON lines that `segue events land` reads, or a topic."""

    directory: _Path | None = pydantic.Field(None, description="of the files")
    kafka: Kafka | None = pydantic.Field(None, description="the topic, instead of a directory")
    waiting: int = pydantic.Field(
        10_000, ge=1, le=1_000_000, description="answers that may wait; others count as unlogged"
    )
    file_bytes: int = pydantic.Field(
        64 * 2**20, ge=1_024, le=2**40, description="of a file, after which the next one begins"
    )

    @pydantic.model_validator(mode="after")
    def _one_of_them(self) -> Exposures:
        if (self.directory is None) == (self.kafka is None):
            raise ValueError("give directory or kafka, one of them")
        return self


class Randomise(Options):
    """Chance in the order of a shelf, and its propensities."""

    by: Literal["none", "plackett_luce", "epsilon"] = pydantic.Field(
        "none", description="how: not at all, a draw by scores, or now and then any track"
    )
    temperature: float = pydantic.Field(
        1.0, gt=0, le=1e6, description="of plackett_luce: by what scores are divided"
    )
    epsilon: float = pydantic.Field(
        0.1, gt=0, le=1, description="of epsilon: the chance of any track in a slot"
    )
    surfaces: tuple[_Name, ...] = pydantic.Field((), description="on these; none: on all")

    def applies_to(self, surface: str) -> bool:
        """Whether lists of a surface are left to chance."""
        return self.by != "none" and (not self.surfaces or surface in self.surfaces)


class Limits(Options):
    """What one client may ask, and all together."""

    request_bytes: int = pydantic.Field(16_384, ge=256, le=2**20, description="of a request")
    concurrent: int = pydantic.Field(
        256, ge=1, le=100_000, description="requests at a time; more are refused"
    )
    per_second: float = pydantic.Field(
        200.0, gt=0, le=1e6, description="requests of one client's address, on the average"
    )
    burst: int = pydantic.Field(400, ge=1, le=10**6, description="of these at once")
    answer_ms: _Milliseconds = pydantic.Field(
        500, description="for all that a request waits for; then it is answered without"
    )
    tracks: int = pydantic.Field(100, ge=1, le=500, description="of an answer")
    recent: int = pydantic.Field(100, ge=0, le=300, description="recent tracks of a request")


class Breaker(Options):
    """When something that fails is left alone for a while."""

    failures: int = pydantic.Field(3, ge=1, le=1000, description="one after the other, to open it")
    seconds: float = pydantic.Field(5.0, gt=0, le=3600, description="until one request tries again")


class GatewayConfig(Options):
    """All of it."""

    listen: Listening = pydantic.Field(Listening(), description="where it is asked")
    server: Server = pydantic.Field(Server(), description="the model server")
    models: dict[_Segment, Model] = pydantic.Field(
        {_DEFAULT: Model(label=STABLE)},
        description="the model of each segment; `default` is everybody else's",
    )
    fallback_label: _Name | None = pydantic.Field(
        STABLE, description="label of the other version, which is asked where the first fails"
    )
    registry: str | None = pydantic.Field(
        None, description="URI of the registry, which aliases need"
    )
    registry_seconds: float = pydantic.Field(
        5.0, ge=0.1, le=3600, description="between two looks at what aliases name"
    )
    store: Store = pydantic.Field(description="the online store")
    segment_of_strangers: _Segment = pydantic.Field(
        "new_users", description="of who is in none, or is not known"
    )
    features: _Path = pydantic.Field(
        "out/features", description="directory of partitions: what is popular, and releases"
    )
    tracks: _Path = pydantic.Field(description="table of tracks")
    policies: tuple[_Path, ...] = pydantic.Field(
        ("configs/policies",),
        min_length=1,
        description="files of policies, and folders of some; each is a surface",
    )
    blocklist: _Path | None = pydantic.Field(
        None, description="file of tracks and artists that nobody is shown"
    )
    recommendations: _Path | None = pydantic.Field(
        "out/recommendations", description="directory of published days"
    )
    popular: _Path | None = pydantic.Field(
        None, description="file of popular tracks, a URI a line; counted from features where none"
    )
    refresh_seconds: float = pydantic.Field(
        60.0, ge=1, le=86_400, description="between two looks for newer features, lists and models"
    )
    routes: tuple[Route, ...] = pydantic.Field((), max_length=100, description="experiments")
    exposures: Exposures = pydantic.Field(description="where exposures go")
    randomise: Randomise = pydantic.Field(Randomise(), description="chance in the order")
    limits: Limits = pydantic.Field(Limits(), description="of requests")
    breaker: Breaker = pydantic.Field(Breaker(), description="of the store and of each model")

    @pydantic.field_validator("models")
    @classmethod
    def _somebody_elses(cls, models: Mapping[str, Model]) -> Mapping[str, Model]:
        if _DEFAULT not in models:
            raise ValueError(f"{_DEFAULT} is missing: the model of who is in no other segment")
        return models

    @pydantic.model_validator(mode="after")
    def _fits(self) -> GatewayConfig:
        arms = [arm.model for route in self.routes for arm in route.arms]
        named = any(model.alias for model in (*self.models.values(), *filter(None, arms)))
        if named and self.registry is None:
            raise ValueError("registry: a model is named by alias, which needs a registry")
        names = [route.experiment for route in self.routes]
        if len(set(names)) < len(names):
            raise ValueError("routes: two are of one experiment")
        return self

    def model_of(self, segment: str) -> Model:
        """The model of a segment."""
        return self.models.get(segment, self.models[_DEFAULT])


def load(path: str) -> GatewayConfig:
    """Reads the file.

    Raises:
        OptionFileError: a key or a value is not accepted; the message names it.
        OSError: it cannot be read.
    """
    return read(pathlib.Path(path), GatewayConfig)
