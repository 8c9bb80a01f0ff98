"""The commands `segue submit vertex`, `cancel`, `status` and `list`."""

from __future__ import annotations

import contextlib
import json as json_format
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import rich.console
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
from pipeline.cli.submit_list import list_
from pipeline.cli.support import USAGE, ConfigOption, SetOption, fail, load

if TYPE_CHECKING:
    from pipeline.runners.vertex.client import VertexClient
    from pipeline.runners.vertex.watching import Ended
    from schema.status import SubmitStatus

app = typer.Typer(help="Run the pipeline on Vertex AI Pipelines.", no_args_is_help=True)

JobArgument = Annotated[
    str, typer.Argument(help="Id of the job, or its whole name (projects/...).", metavar="JOB")
]
_JOB_ID: Final = re.compile(r"[a-z][-a-z0-9]{0,127}")


@app.command(cls=StatusCommand)
def vertex(
    config: ConfigOption = None,
    settings: SetOption = None,
    wait: Annotated[
        bool, typer.Option(help="Follow the job to its end and show each component.")
    ] = True,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the compiled job, as JSON, and send nothing."),
    ] = False,
    job_id: Annotated[
        str | None, typer.Option(help="Id of the job: lower case, digits and hyphens.")
    ] = None,
    spec: SpecOption = None,
    parameters: ParameterOption = None,
    preflight: PreflightOption = True,
    json: JsonOption = False,
) -> Status:
    """Compile the pipeline, check the project, upload what it needs and start it.

    Example: segue submit vertex --config configs/vertex.yaml --dry-run
    """
    loaded = load(config, settings)
    from pipeline.runners.vertex import submission
    from pipeline.runners.vertex.client import Place, VertexClient
    from pipeline.runners.vertex.storage import TextStore
    from schema.status import SubmitStatus

    if job_id is not None and not _JOB_ID.fullmatch(job_id):
        fail(f"--job-id takes a letter, then letters, digits and hyphens, not {job_id!r}.", USAGE)
    with cloud_errors_reported():
        if dry_run:
            # Libraries that are imported print too.
            with contextlib.redirect_stdout(sys.stderr):
                job, _ = compiled(loaded, spec, parameters, None)
            if not json:
                typer.echo(json_format.dumps(job, indent=2))
            return SubmitStatus(status="compiled", specification=job if json else None)
        checked(loaded, preflight, SubmitStatus, "submit vertex", COMPILED if spec else ())
        place = Place(loaded.vertex.project or "", loaded.vertex.region or "")
        store, client = TextStore(place.project), VertexClient(place)
        job, files = compiled(loaded, spec, parameters, store)
        name = job_id or submission.new_job_id(loaded.name)
        started = submission.submit(loaded, job, files, name, client=client, store=store)
    typer.echo(f"Started {started.name}\n{started.link}")
    facts = SubmitStatus(
        status="submitted",
        job=started.name,
        link=started.link,
        specification=started.specification,
    )
    return _followed(client, facts) if wait else facts


@app.command(cls=StatusCommand)
def cancel(
    job: JobArgument,
    config: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """Stop a job; what its components finished stays.

    Example: segue submit cancel segue-20300102-030405-1a2b --config configs/vertex.yaml
    """
    client, name, link = _job(job, config, settings)
    from schema.status import SubmitStatus

    with cloud_errors_reported():
        client.cancel_job(name)
    typer.echo(f"Vertex stops {name}")
    return SubmitStatus(command="submit cancel", status="cancelling", job=name, link=link)


@app.command(cls=StatusCommand)
def status(
    job: JobArgument,
    config: ConfigOption = None,
    settings: SetOption = None,
    wait: Annotated[bool, typer.Option(help="Follow the job to its end.")] = False,
    json: JsonOption = False,
) -> Status:
    """Show how far a job is and what became of its components, with errors and metrics.

    Example: segue submit status segue-20300102-030405-1a2b --config configs/vertex.yaml
    """
    client, name, link = _job(job, config, settings)
    from schema.status import SubmitStatus

    facts = SubmitStatus(command="submit status", job=name, link=link)
    return _followed(client, facts, once=not wait)


app.command("list", cls=StatusCommand)(list_)


def _job(job: str, config: str | None, settings: list[str] | None) -> tuple[VertexClient, str, str]:
    """A client, the whole name of a job and its page."""
    place = place_of(job, config, settings)
    from pipeline.runners.vertex import submission
    from pipeline.runners.vertex.client import VertexClient

    name = place.name("pipelineJobs", job)
    return VertexClient(place), name, submission.console_link(place, name)


def _followed(client: VertexClient, facts: SubmitStatus, once: bool = False) -> Status:
    """Shows a job to its end, or as it is now, and says what it came to."""
    from pipeline.console.run_console import RunConsole
    from pipeline.runners.vertex import watching
    from pipeline.runners.vertex.storage import TextStore

    name, project = facts.job or "", client.place.project
    store = TextStore(project)
    with cloud_errors_reported(), RunConsole(rich.console.Console()) as console:
        console.start(f"Segue on Vertex: {name.rpartition('/')[2]}")
        watch = watching.Watch(console, store, project)
        try:
            if once:
                job = client.job(name)
                ended = watching.state_of(job, watch.show(job))
            else:
                ended = watching.follow(client, name, watch)
        except KeyboardInterrupt:
            console.close()
            fail(
                f"Interrupted; the job goes on. segue submit status {name} shows it, "
                f"segue submit cancel {name} stops it.",
                status=facts.model_copy(update={"status": "running"}),
            )
        found = _with_tasks(facts, ended)
        if ended.error:
            stopped: Literal["cancelled", "failed"] = (
                "cancelled" if ended.state == "cancelled" else "failed"
            )
            console.close()
            console.link("Vertex", facts.link or "")
            fail(ended.error, status=found.model_copy(update={"status": stopped}))
        if ended.state != "succeeded":
            console.close()
            console.link("Vertex", facts.link or "")
            return found.model_copy(update={"status": "running"})
        metrics = watching.show_results(console, store, ended.report, facts.link or "")
        return _with_results(found, metrics)


def _with_tasks(facts: SubmitStatus, ended: Ended) -> SubmitStatus:
    from schema.layout import PAGE_FILE
    from schema.status import JobTask

    tasks = [
        JobTask(
            name=task.name,
            state=task.state,
            seconds=task.seconds,
            cached=task.cached,
            error=task.error or None,
            logs=task.logs,
        )
        for task in ended.tasks
    ]
    report = f"{ended.report}/{PAGE_FILE}" if ended.report else None
    return facts.model_copy(update={"tasks": tasks, "report": report})


def _with_results(facts: SubmitStatus, metrics: Any) -> SubmitStatus:
    """Adds what metrics.json says, if there is one."""
    from pipeline.console.results import candidate_of

    if metrics is None:
        return facts.model_copy(update={"status": "finished"})
    model = metrics.models.get(candidate_of(metrics))
    return facts.model_copy(
        update={
            "status": "blessed" if metrics.blessing.blessed else "refused",
            "reasons": metrics.blessing.reasons,
            "pushed_version": metrics.pushed_version,
            "metrics": model.overall if model else {},
        }
    )
