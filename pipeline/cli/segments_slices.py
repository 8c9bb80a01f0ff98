"""The command `segue segments slices`."""

from __future__ import annotations

import datetime
import json as json_format
import os
from typing import Annotated

import typer

from pipeline.cli.features import EventsOption, FeaturesOption
from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import storage_errors_reported, utc

_HOUR = ["%Y-%m-%dT%H"]


def slices(
    tracks: Annotated[str, typer.Option(help="Table of tracks.")],
    cut: Annotated[
        datetime.datetime,
        typer.Option(formats=_HOUR, help="Hour, UTC: models learn nothing from then on."),
    ],
    until: Annotated[
        datetime.datetime,
        typer.Option(formats=_HOUR, help="Hour, UTC: first plays are looked for up to then."),
    ],
    events: EventsOption = "out/events",
    features: FeaturesOption = "out/features",
    playlists: Annotated[
        str | None, typer.Option(help="Slices of playlists that are learnt from too.")
    ] = None,
    out: Annotated[str, typer.Option(help="Directory for the slices.")] = "out/listeners",
    history: Annotated[
        int, typer.Option(min=1, max=9_000, help="Last streams of a listener, at most.")
    ] = 1_000,
    stop: Annotated[
        float, typer.Option(min=0, max=0.5, help="Share of listeners who are stop, not train.")
    ] = 0.04,
    json: JsonOption = False,
) -> Status:
    """Write listeners as records of slices: learnt from before a cut, judged by first plays after.

    Example: segue segments slices --tracks out/sample/tracks.parquet --cut 2017-11-12T00
    --until 2017-11-15T00 --playlists out/sample --out out/listeners
    """
    from listening import held_out
    from pipeline import playlists_along
    from schema.status import SegmentsSlicesStatus

    start, end = utc(cut) or cut, utc(until) or until
    with (
        storage_errors_reported(),
        held_out.written_whole(out, "segue segments slices") as folder,
    ):
        bounds = held_out.Bounds(history=history)
        found = held_out.write(
            folder, events, features, tracks, cut=start, until=end, bounds=bounds, stop=stop
        )
        along = playlists_along.Along()
        if playlists is not None:
            along = playlists_along.copy(playlists, folder, int(start.timestamp()))
        later = {"playlists_changed_at_the_cut_or_later": along.changed_later}
        status = SegmentsSlicesStatus(
            status="ok",
            out=out,
            cut=f"{start:%Y-%m-%dT%H}",
            until=f"{end:%Y-%m-%dT%H}",
            listeners=found.listeners,
            records=dict(found.records),
            entries=dict(found.entries),
            segments={name: dict(each) for name, each in found.segments.items()},
            playlists=along.playlists,
            playlists_without_modified_at=along.undated,
            left_out={**found.left_out, **(later if along.changed_later else {})},
        )
        told = status.model_dump(exclude={"command", "status", "out", "error"})
        with open(os.path.join(folder, held_out.MANIFEST), "w", encoding="utf-8") as file:
            file.write(json_format.dumps(told, indent=1) + "\n")
    typer.echo(
        f"{sum(status.records.values()):,} records of {status.listeners:,} listeners and "
        f"{status.playlists:,} playlists in {out}"
    )
    for name, sides in status.segments.items():
        typer.echo(f"  {name}: " + ", ".join(f"{n:,} {split}" for split, n in sides.items()))
    if along.undated:
        typer.echo(f"  {along.undated:,} of these playlists do not say when they were changed")
    for what, number in status.left_out.items():
        typer.echo(f"  left out: {number:,} {what.replace('_', ' ')}")
    return status
