"""How the pipeline runs on Vertex AI Pipelines."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import pydantic

from schema.options import Options

#: The key of `resources` for components that are not named there.
DEFAULT = "default"


def _matching(pattern: str, words: str) -> pydantic.AfterValidator:
    """Takes texts that match, and says in words what those are."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(f"takes {words}, not {text!r}.")
        return text

    return pydantic.AfterValidator(check)


_Memory = Annotated[
    str,
    _matching(
        r"[1-9][0-9]{0,6}(Mi|Gi|M|G)", "a whole number and Mi, Gi, M or G, such as 16Gi or 500M"
    ),
]
_Cron = Annotated[
    str,
    _matching(
        r"((CRON_)?TZ=\S+ )?(\S+ ){4}\S+",
        "five fields, such as 0 3 * * *, and a time zone before them where it is not UTC, such as "
        "TZ=Europe/Berlin 0 3 * * *",
    ),
]
_Label = Annotated[str, pydantic.Field(pattern=r"^[a-z0-9_-]{0,63}$")]
_LabelKey = Annotated[str, pydantic.Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class Resources(Options):
    """What a component's container gets; null: what Vertex gives by default."""

    cpu: float | None = pydantic.Field(None, gt=0, le=416, description="number of CPUs")
    memory: _Memory | None = pydantic.Field(None, description="such as 16Gi or 500Mi")
    gpu: str | None = pydantic.Field(
        None, pattern=r"^[A-Z0-9_]+$", description="type of accelerator, such as NVIDIA_TESLA_T4"
    )
    gpus: int = pydantic.Field(1, ge=1, le=16, description="how many, where `gpu` is set")
    image: str | None = pydantic.Field(
        None, min_length=1, description="in the place of vertex.image, such as one with CUDA"
    )


class CustomJob(Options):
    """The machine of a Trainer or Tuner that runs as a Vertex custom job."""

    machine_type: str = pydantic.Field("n1-standard-8", pattern=r"^[a-z0-9-]+$")
    gpu: str | None = pydantic.Field(None, pattern=r"^[A-Z0-9_]+$", description="as of resources")
    gpus: int = pydantic.Field(1, ge=1, le=16, description="how many, where `gpu` is set")
    image: str | None = pydantic.Field(
        None, min_length=1, description="in the place of vertex.image, such as one with CUDA"
    )


class Endpoint(Options):
    """A Vertex endpoint that a blessed model is deployed to, beside the push to storage."""

    name: str | None = pydantic.Field(
        None, min_length=1, max_length=128, description="display name; null: no endpoint"
    )
    image: str = pydantic.Field(
        "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest",
        min_length=1,
        description="the container that serves the model",
    )
    machine_type: str = pydantic.Field("n1-standard-4", pattern=r"^[a-z0-9-]+$")
    min_replicas: int = pydantic.Field(1, ge=1, le=1000)
    max_replicas: int = pydantic.Field(1, ge=1, le=1000)
    traffic_percent: int = pydantic.Field(
        100, ge=0, le=100, description="share of the requests that the new model gets"
    )


class Schedule(Options):
    """When runs start by themselves."""

    cron: _Cron | None = pydantic.Field(
        None,
        description="five fields, such as 'TZ=Europe/Berlin 0 3 * * *'; null: no schedule",
    )
    max_concurrent_runs: int = pydantic.Field(1, ge=1, le=100)
    catch_up: bool = pydantic.Field(
        False, description="after a pause, start the runs that were missed"
    )


class VertexOptions(Options):
    """Where the pipeline is submitted to, and what its containers get."""

    project: str | None = pydantic.Field(
        None, pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$", description="id of the Google project"
    )
    region: str | None = pydantic.Field(
        None, pattern=r"^[a-z]+-[a-z]+[0-9]+$", description="such as europe-west4"
    )
    image: str | None = pydantic.Field(
        None, min_length=1, description="of the containers; by digest, as Vertex caches by it"
    )
    service_account: str | None = pydantic.Field(
        None, pattern=r"^[^@\s]+@[^@\s]+$", description="that the containers run as"
    )
    labels: dict[_LabelKey, _Label] = pydantic.Field({}, max_length=60)
    caching: bool = pydantic.Field(
        True, description="take unchanged results of earlier runs; false: compute everything"
    )
    network: str | None = pydantic.Field(
        None,
        pattern=r"^projects/[^/]+/global/networks/[^/]+$",
        description="VPC network to peer with; null: none",
    )
    reserved_ip_ranges: tuple[str, ...] = pydantic.Field((), description="in that network")
    kms_key: str | None = pydantic.Field(
        None,
        pattern=r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$",
        description="customer-managed encryption key of what Vertex keeps",
    )
    failure_policy: Literal["fast", "slow"] = pydantic.Field(
        "fast", description="fast: start nothing more once a component failed"
    )
    resources: dict[str, Resources] = pydantic.Field(
        {},
        description="by component id, such as Trainer.two_tower; what one leaves out is taken from "
        "`default`",
    )
    custom_jobs: dict[str, CustomJob] = pydantic.Field(
        {}, description="Trainers and Tuners that run as Vertex custom jobs, by component id"
    )
    endpoint: Endpoint = Endpoint()
    schedule: Schedule = Schedule()

    def resources_of(self, component: str) -> Resources:
        """What a component gets: what it names, and the default's for the rest."""
        default = self.resources.get(DEFAULT, Resources())
        named = self.resources.get(component, Resources())
        return default.model_copy(update=named.model_dump(exclude_unset=True))
