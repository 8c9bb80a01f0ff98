"""How Beam runs what it runs in this process, and whether it can read arguments."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from typing import Final

import pydantic

from schema.options import Options

#: The ids of the components whose work is done by Beam.
BEAM_COMPONENTS: Final = (
    "Ingest",
    "StatisticsGen",
    "SpanStatistics",
    "Holdout",
    "Transform",
    "Evaluator",
    "Significance",
)

#: Those whose time goes into Python, of which a process runs on one core; the others score models,
#: which have threads of their own.
DATA_COMPONENTS: Final = ("Ingest", "StatisticsGen", "SpanStatistics", "Holdout", "Transform")


def are_of_beam(named: Iterable[str]) -> None:
    """Refuses a component whose work is not done by Beam.

    Raises:
        ValueError: with those that there are.
    """
    for component in named:
        if component not in BEAM_COMPONENTS:
            raise ValueError(
                f"{component!r} is not a component that Beam runs; choose from "
                f"{', '.join(BEAM_COMPONENTS)}"
            )


def can_be_read(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """Refuses what Beam cannot read: it would end the process without a word.

    Raises:
        ValueError: with what Beam says about the arguments.
    """
    from apache_beam.options.pipeline_options import PipelineOptions  # takes a second

    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            PipelineOptions(list(arguments)).get_all_options()
    except SystemExit:
        raise ValueError(f"Beam says: {told.getvalue().strip().splitlines()[-1]}") from None
    return arguments


class BeamOptions(Options):
    """How Beam runs every component that uses it."""

    pipeline_args: tuple[str, ...] = pydantic.Field(
        ("--runner=DirectRunner", "--direct_running_mode=in_memory", "--direct_num_workers=1"),
        description="Beam's own options of what runs neither on Dataflow nor on Flink, which have "
        "the sections `dataflow` and `flink`",
    )

    processes: int = pydantic.Field(
        1,
        ge=0,
        le=256,
        description="that share the work of each data stage on this machine, each with 1 to 2 GiB "
        "and 10 s to start; 1: none but the run's own; 0: as many as there are cores",
    )

    @pydantic.field_validator("pipeline_args")
    @classmethod
    def _can_be_read(cls, arguments: tuple[str, ...]) -> tuple[str, ...]:
        if arguments == cls.model_fields["pipeline_args"].default:
            return arguments
        return can_be_read(arguments)
