"""How Beam runs what it runs in this process, and whether it can read arguments."""

from __future__ import annotations

import contextlib
import io

import pydantic

from schema.options import Options


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
        description="Beam's own options, such as --runner=FlinkRunner; for Dataflow there is the "
        "section `dataflow`",
    )

    @pydantic.field_validator("pipeline_args")
    @classmethod
    def _can_be_read(cls, arguments: tuple[str, ...]) -> tuple[str, ...]:
        if arguments == cls.model_fields["pipeline_args"].default:
            return arguments
        return can_be_read(arguments)
