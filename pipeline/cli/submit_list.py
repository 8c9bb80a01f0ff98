"""The command `segue submit list`."""

from __future__ import annotations

from typing import Annotated

import rich.console
import rich.table
import typer

from pipeline.cli.cloud import cloud_errors_reported, place_of
from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import ConfigOption, SetOption


def list_(
    config: ConfigOption = None,
    settings: SetOption = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            metavar="SCHEDULE", help="Only runs of this schedule: its id, or its whole name."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, at most.")] = 20,
    json: JsonOption = False,
) -> Status:
    """List the jobs of the project's region, the newest first; schedules' runs are among them.

    Example: segue submit list --config configs/vertex.yaml --schedule 1234567890 --limit 7
    """
    place = place_of(schedule, config, settings)
    from pipeline.runners.vertex.client import VertexClient
    from schema.status import JobListStatus, ListedJob

    with cloud_errors_reported():
        found = [
            ListedJob(
                name=job.name,
                display_name=job.display_name,
                state=job.state.name,
                created=job.create_time.isoformat() if job.create_time else None,
                schedule=job.schedule_name or None,
            )
            for job in VertexClient(place).latest(limit, schedule)
        ]
    if not found:
        typer.echo("There are no jobs" + (f" of schedule {schedule}." if schedule else "."))
        return JobListStatus(status="ok")
    table = rich.table.Table("id", "name", "state", "created", "schedule")
    for each in found:
        state = each.state.removeprefix("PIPELINE_STATE_").lower()
        planned = (each.schedule or "").rpartition("/")[2]
        table.add_row(
            each.name.rpartition("/")[2], each.display_name, state, each.created or "", planned
        )
    rich.console.Console().print(table)
    return JobListStatus(status="ok", jobs=found)
