"""The commands `segue events count` and `segue events trending`."""

from __future__ import annotations

import datetime
from typing import Annotated

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import fail, utc


def count(
    events: Annotated[str, typer.Option(help="Directory of landed events.")] = "out/events",
    out: Annotated[str, typer.Option(help="Directory of counts.")] = "out/counts",
    wait: Annotated[
        float,
        typer.Option(
            "--wait-hours", min=0, max=8760, help="Hours behind the newest event that are awaited."
        ),
    ] = 1.0,
    lateness: Annotated[
        float,
        typer.Option(
            "--lateness-hours", min=0, max=87600, help="Hours in which late events reopen an hour."
        ),
    ] = 72.0,
    json: JsonOption = False,
) -> Status:
    """Count plays by hour and track, of hours that are over and have changed.

    Example: segue events count --events out/events --out out/counts
    """
    from listening.counting import CountOptions
    from listening.counting import count as count_events
    from schema.output_lock import InUseError
    from schema.status import EventsCountStatus

    try:
        found = count_events(events, out, CountOptions(wait, lateness))
    except (InUseError, ValueError, OSError) as error:
        fail(error)
    typer.echo(
        f"Counted {len(found.hours):,} hours, and {len(found.reopened):,} again, in {out}; "
        f"{len(found.open):,} are not over, {found.too_late:,} events came too late"
    )
    return EventsCountStatus(
        status="ok",
        out=out,
        hours=list(found.hours),
        reopened=list(found.reopened),
        open=list(found.open),
        too_late=found.too_late,
        watermark=found.watermark,
    )


def trending(
    counts: Annotated[str, typer.Option(help="Directory of counts.")] = "out/counts",
    out: Annotated[str, typer.Option(help="Folder of the side table.")] = "out/trending",
    half_life: Annotated[
        float,
        typer.Option(
            "--half-life-hours", min=0.01, max=87600, help="Age at which a stream counts half."
        ),
    ] = 24.0,
    as_of: Annotated[
        datetime.datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H"], help="Hour, UTC: nothing from then on counts; else all counts."
        ),
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Write the side table of tracks that trend, for models that follow the last days.

    Example: segue events trending --counts out/counts --out out/trending
    """
    from listening.counting import trending as write_trending
    from schema.status import EventsTrendingStatus

    try:
        found = write_trending(counts, out, half_life, utc(as_of))
    except (ValueError, OSError) as error:
        fail(error)
    typer.echo(
        f"Wrote {found.table.rows:,} tracks of {found.hours:,} hours to {out}, "
        f"as of {found.table.as_of:%Y-%m-%d %H:%M}"
    )
    return EventsTrendingStatus(
        status="ok", out=out, hours=found.hours, half_life_hours=half_life, table=found.table
    )
