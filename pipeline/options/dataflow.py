"""How Beam's steps run on Dataflow, and which of them do."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import pydantic

from pipeline.options.beam import BEAM_COMPONENTS, are_of_beam, can_be_read
from schema.options import Options

_LABEL: Final = r"^[a-z0-9_-]{0,63}$"
_Label = Annotated[str, pydantic.Field(pattern=_LABEL)]
_LabelKey = Annotated[str, pydantic.Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
_Place = Annotated[str, pydantic.Field(pattern=r"^gs://[a-z0-9][a-z0-9._-]+(/[^\s*?\[\]]*)?$")]
_Text = Annotated[str, pydantic.Field(pattern=r"^\S+$")]


class WorkerOptions(Options):
    """The workers of a job; null: what Dataflow chooses."""

    machine_type: str | None = pydantic.Field(
        None, pattern=r"^[a-z0-9-]+$", description="of a worker, such as n2-standard-4"
    )
    max_workers: int | None = pydantic.Field(
        None, ge=1, le=4000, description="how many workers autoscaling may start"
    )
    autoscaling: Literal["THROUGHPUT_BASED", "NONE"] | None = pydantic.Field(
        None, description="NONE keeps the number of workers"
    )
    workers: int | None = pydantic.Field(
        None, ge=1, le=4000, description="how many workers a job begins with"
    )
    disk_gb: int | None = pydantic.Field(
        None, ge=10, le=65_536, description="of a worker, in GB; the image has to fit in too"
    )
    threads: int | None = pydantic.Field(
        None, ge=1, le=1000, description="of a Python process, of which each core runs one"
    )


class DataflowOptions(WorkerOptions):
    """Where jobs are sent to, as whom they run, and what their workers are."""

    project: str = pydantic.Field(
        pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$", description="id of the Google project"
    )
    region: str = pydantic.Field(pattern=r"^[a-z]+-[a-z]+[0-9]+$", description="as europe-west4")
    image: str = pydantic.Field(
        pattern=r"^[a-z0-9][^\s]*/[^\s]+$",
        description="the container of the workers, with this very version of Segue; by digest "
        "(IMAGE@sha256:...), so that all workers of a job run the same",
    )
    temp: _Place | None = pydantic.Field(
        None, description="gs:// folder of what jobs leave aside; null: below `storage`"
    )
    staging: _Place | None = pydantic.Field(
        None, description="gs:// folder of the job graphs; null: below `storage`"
    )
    service_account: str | None = pydantic.Field(
        None, pattern=r"^[^@\s]+@[^@\s]+$", description="that the workers run as"
    )
    subnetwork: str | None = pydantic.Field(
        None,
        pattern=r"^(https://\S+/|projects/\S+/)?regions/[^/\s]+/subnetworks/[^/\s]+$",
        description="of the workers, as regions/REGION/subnetworks/NAME; null: the default one",
    )
    public_ips: bool = pydantic.Field(
        False,
        description="whether workers have public addresses; without, the subnetwork needs "
        "Private Google Access",
    )
    kms_key: str | None = pydantic.Field(
        None,
        pattern=r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$",
        description="customer-managed encryption key of what Dataflow keeps",
    )
    labels: dict[_LabelKey, _Label] = pydantic.Field(
        {}, max_length=50, description="of every job, beside segue-component and segue-run"
    )
    prime: bool = pydantic.Field(False, description="Dataflow Prime: machines of the right size")
    service_options: tuple[_Text, ...] = pydantic.Field((), description="further service options")
    experiments: tuple[_Text, ...] = pydantic.Field((), description="of Beam, as upload_graph")
    pipeline_args: tuple[str, ...] = pydantic.Field(
        (), description="further options of Beam's own; they come last"
    )
    components: tuple[str, ...] | None = pydantic.Field(
        None,
        description="what runs on Dataflow, by component id; null: all Beam components. A job "
        "takes minutes to start, so small steps may stay in the process",
    )
    stages: dict[str, WorkerOptions] = pydantic.Field(
        {}, description="other workers for a component, by its id"
    )

    @property
    def chosen(self) -> tuple[str, ...]:
        """The ids of the components that run on Dataflow."""
        return BEAM_COMPONENTS if self.components is None else self.components

    def workers_of(self, component: str) -> WorkerOptions:
        """The workers of a component: what its stage says, else what holds for all."""
        stage = self.stages.get(component, WorkerOptions())
        return WorkerOptions.model_validate(
            {
                name: getattr(self, name) if value is None else value
                for name, value in stage.model_dump().items()
            }
        )

    @pydantic.field_validator("components", "stages")
    @classmethod
    def _are_of_beam(
        cls, named: tuple[str, ...] | dict[str, WorkerOptions] | None
    ) -> tuple[str, ...] | dict[str, WorkerOptions] | None:
        are_of_beam(named or ())
        return named

    @pydantic.field_validator("pipeline_args")
    @classmethod
    def _can_be_read(cls, arguments: tuple[str, ...]) -> tuple[str, ...]:
        return can_be_read(arguments) if arguments else arguments

    @pydantic.model_validator(mode="after")
    def _are_jobs(self) -> DataflowOptions:
        if left := [stage for stage in self.stages if stage not in self.chosen]:
            raise ValueError(
                f"stages: {', '.join(left)} has workers, but is not among the components that run "
                "on Dataflow"
            )
        return self
