"""What `segue runs`, `segue lineage` and `segue gc` share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.support import fail, load, serving_errors_reported

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig

OutOption = Annotated[str | None, typer.Option(help="The directory of the runs; out by default.")]


def places(out: str | None, config: str | None, settings: list[str] | None) -> PipelineConfig:
    """The configuration of the runs, of which places, `metadata` and `gc` count."""
    # What the runs read is told by their metadata.
    return load(config, settings, data="-", out=out)


@contextlib.contextmanager
def errors_reported() -> Iterator[None]:
    """Ends the command in plain words where what is known cannot be read."""
    from pipeline.lifecycle import MetadataError

    with serving_errors_reported():
        try:
            yield
        except MetadataError as error:
            fail(error)
