"""The commands `segue segments ...`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.features import FeaturesOption, HistoryCutOption, show_built, told
from pipeline.cli.segments_slices import slices
from pipeline.cli.status_line import JsonOption, Status, StatusCommand
from pipeline.cli.support import USAGE, fail, storage_errors_reported, utc

app = typer.Typer(help="Segments of listeners, by rules that files name.", no_args_is_help=True)
app.command(cls=StatusCommand)(slices)


@app.command(cls=StatusCommand)
def build(
    features: FeaturesOption = "out/features",
    rules: Annotated[
        str, typer.Option(help="Folder of segments, a YAML file each.")
    ] = "configs/segments",
    as_of: HistoryCutOption = None,
    json: JsonOption = False,
) -> Status:
    """Put each listener into one segment, as of the newest listening history or of an hour.

    Example: segue segments build --features out/features --rules configs/segments
    """
    from listening import segments
    from schema.status import SegmentsBuildStatus

    with storage_errors_reported():
        try:
            found = segments.build(features, rules, utc(as_of))
        except segments.SegmentsError as error:
            fail(error, USAGE)
    built = told(found.partition, found.changed)
    show_built(built, found.warnings)
    for name, listeners in found.segments.items():
        typer.echo(f"  {listeners:,} {name}")
    if found.earlier is not None:
        typer.echo(
            f"  since {found.earlier}: {found.entered:,} entered, {found.moved:,} moved, "
            f"{found.left:,} left"
        )
    return SegmentsBuildStatus(
        status="ok",
        out=features,
        partitions=[built],
        segments=dict(found.segments),
        models=dict(found.models),
        earlier=found.earlier,
        entered=found.entered,
        moved=found.moved,
        left=found.left,
        warnings=list(found.warnings),
    )
