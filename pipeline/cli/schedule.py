"""The commands `segue schedule create`, `list`, `pause`, `resume` and `delete`."""

from __future__ import annotations

import json as json_format
from typing import TYPE_CHECKING, Annotated, Any, Literal

import rich.console
import rich.table
import typer

from pipeline.cli.cloud import (
    COMPILED,
    ParameterOption,
    PreflightOption,
    SpecOption,
    checked,
    cloud_errors_reported,
    compiled,
    place_of,
)
from pipeline.cli.status_line import JsonOption, Status, StatusCommand
from pipeline.cli.support import USAGE, ConfigOption, SetOption, fail, load

if TYPE_CHECKING:
    from pipeline.runners.vertex.schedules import ScheduleClient
    from schema.status import Scheduled

app = typer.Typer(help="Let Vertex start runs by itself.", no_args_is_help=True)

ScheduleArgument = Annotated[
    str,
    typer.Argument(
        help="Id of the schedule, or its whole name; `segue schedule list` has both.",
        metavar="SCHEDULE",
    ),
]


@app.command(cls=StatusCommand)
def create(
    config: ConfigOption = None,
    settings: SetOption = None,
    cron: Annotated[
        str | None,
        typer.Option(help="Five fields, TZ=ZONE before them; instead of vertex.schedule.cron."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What people see; the pipeline's name.")] = None,
    spec: SpecOption = None,
    parameters: ParameterOption = None,
    preflight: PreflightOption = True,
    json: JsonOption = False,
) -> Status:
    """Start the pipeline again and again, at the times of a cron expression.

    Example: segue schedule create --config configs/vertex.yaml --cron "TZ=Europe/Berlin 0 3 * * *"
    """
    timed = [f"vertex.schedule.cron={json_format.dumps(cron)}"] if cron is not None else []
    loaded = load(config, [*(settings or ()), *timed])
    from pipeline.runners.vertex import submission
    from pipeline.runners.vertex.client import Place
    from pipeline.runners.vertex.schedules import ScheduleClient
    from pipeline.runners.vertex.storage import TextStore
    from schema.status import ScheduleStatus

    schedule = loaded.vertex.schedule
    if schedule.cron is None:
        fail("vertex.schedule.cron is not said: --cron '0 3 * * *'.", USAGE)
    with cloud_errors_reported():
        checked(loaded, preflight, ScheduleStatus, "schedule create", COMPILED if spec else ())
        place = Place(loaded.vertex.project or "", loaded.vertex.region or "")
        store = TextStore(place.project)
        job, files = compiled(loaded, spec, parameters, store)
        submission.upload(loaded, job, files, submission.new_job_id(loaded.name), store)
        made = ScheduleClient(place).create(
            submission.as_sent(job, loaded),
            name=name or loaded.name,
            cron=schedule.cron,
            max_concurrent_runs=schedule.max_concurrent_runs,
        )
    return _shown("schedule create", made)


@app.command("list", cls=StatusCommand)
def list_(
    config: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """List the schedules of the project's region.

    Example: segue schedule list --config configs/vertex.yaml
    """
    client, _ = _client(None, config, settings)
    with cloud_errors_reported():
        found = client.all()
    return _shown("schedule list", *found)


@app.command(cls=StatusCommand)
def pause(
    schedule: ScheduleArgument,
    config: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """Start nothing more until the schedule is resumed; what runs goes on.

    Example: segue schedule pause 1234567890 --config configs/vertex.yaml
    """
    client, name = _client(schedule, config, settings)
    with cloud_errors_reported():
        return _shown("schedule pause", client.pause(name))


@app.command(cls=StatusCommand)
def resume(
    schedule: ScheduleArgument,
    config: ConfigOption = None,
    settings: SetOption = None,
    catch_up: Annotated[
        bool | None,
        typer.Option(
            "--catch-up/--no-catch-up",
            help="Start the runs that were missed, too; by default as vertex.schedule.catch_up.",
        ),
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Start runs again, with --catch-up those that the pause left out too.

    Example: segue schedule resume 1234567890 --config configs/vertex.yaml --catch-up
    """
    if catch_up is None:
        given = config or settings
        catch_up = load(config, settings, data="DIR").vertex.schedule.catch_up if given else False
    client, name = _client(schedule, config, settings)
    with cloud_errors_reported():
        return _shown("schedule resume", client.resume(name, catch_up=catch_up))


@app.command(cls=StatusCommand)
def delete(
    schedule: ScheduleArgument,
    config: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """Remove a schedule; runs that it started go on.

    Example: segue schedule delete 1234567890 --config configs/vertex.yaml
    """
    client, name = _client(schedule, config, settings)
    with cloud_errors_reported():
        client.delete(name)
    typer.echo(f"{name} is gone.")
    from schema.status import ScheduleStatus

    return ScheduleStatus(command="schedule delete", status="ok")


def _client(
    schedule: str | None, config: str | None, settings: list[str] | None
) -> tuple[ScheduleClient, str]:
    """A client, and the whole name of a schedule."""
    place = place_of(schedule, config, settings)
    from pipeline.runners.vertex.schedules import ScheduleClient

    return ScheduleClient(place), place.name("schedules", schedule or "")


def _shown(
    command: Literal["schedule create", "schedule list", "schedule pause", "schedule resume"],
    *schedules: Any,
) -> Status:
    from schema.status import ScheduleStatus

    found = [_scheduled(schedule) for schedule in schedules]
    if not found:
        typer.echo("There are no schedules.")
        return ScheduleStatus(command=command, status="ok")
    table = rich.table.Table("id", "name", "state", "cron", "next run")
    for each in found:
        identity = each.name.rpartition("/")[2]
        table.add_row(identity, each.display_name, each.state, each.cron, each.next_run or "")
    rich.console.Console().print(table)
    return ScheduleStatus(command=command, status="ok", schedules=found)


def _scheduled(schedule: Any) -> Scheduled:
    from schema.status import Scheduled

    return Scheduled(
        name=schedule.name,
        display_name=schedule.display_name,
        state=schedule.state.name,
        cron=schedule.cron,
        next_run=schedule.next_run_time.isoformat() if schedule.next_run_time else None,
        catch_up=schedule.catch_up,
    )
