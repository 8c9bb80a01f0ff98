"""How Beam's steps run on a Flink cluster, and which of them do."""

from __future__ import annotations

from typing import Annotated, Final

import pydantic

from pipeline.options.beam import BEAM_COMPONENTS, are_of_beam, can_be_read
from schema.options import Options

_NAMED: Final = r"^[A-Za-z0-9._-]+:[0-9]{1,5}$"
_Address = Annotated[str, pydantic.Field(pattern=_NAMED)]


class FlinkOptions(Options):
    """Where a cluster takes jobs, and how it works at them; `make flink` starts one of these."""

    job_endpoint: _Address = pydantic.Field(
        "127.0.0.1:8099", description="HOST:PORT of Beam's job server"
    )
    artifact_endpoint: _Address | None = pydantic.Field(
        None,
        description="HOST:PORT that takes what jobs bring along; null: where the job server says",
    )
    workers: _Address = pydantic.Field(
        "127.0.0.1:50000",
        description="HOST:PORT of the pool of Python workers, as each TaskManager reaches it",
    )
    page: str | None = pydantic.Field(
        "http://127.0.0.1:8081",
        pattern=r"^https?://[^\s/]+(/\S*)?$",
        description="Flink's page, which knows how many slots there are; null: not asked",
    )
    parallelism: int = pydantic.Field(
        2, ge=1, le=32_768, description="tasks side by side of each step; no more than slots"
    )
    wait_seconds: float = pydantic.Field(
        120, ge=0, le=86_400, description="how long a run waits for the cluster before it gives up"
    )
    components: tuple[str, ...] | None = pydantic.Field(
        None,
        description="what runs on Flink, by component id; null: all Beam components. A job takes "
        "seconds to start, so small steps may stay in the process",
    )
    pipeline_args: tuple[str, ...] = pydantic.Field(
        (), description="further options of Beam's own; they come last"
    )

    @property
    def chosen(self) -> tuple[str, ...]:
        """The ids of the components that run on Flink."""
        return BEAM_COMPONENTS if self.components is None else self.components

    @pydantic.field_validator("components")
    @classmethod
    def _are_of_beam(cls, named: tuple[str, ...] | None) -> tuple[str, ...] | None:
        are_of_beam(named or ())
        return named

    @pydantic.field_validator("pipeline_args")
    @classmethod
    def _can_be_read(cls, arguments: tuple[str, ...]) -> tuple[str, ...]:
        return can_be_read(arguments) if arguments else arguments
