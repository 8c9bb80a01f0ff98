"""What the commands for Vertex share: options, errors, places, preflight and what is submitted."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

import rich.console
import rich.markup
import typer

from pipeline.cli.support import USAGE, fail, load

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig
    from pipeline.runners.vertex.client import Place
    from pipeline.runners.vertex.storage import TextStore
    from schema.status import CommandStatus, Finding

SpecOption = Annotated[
    str | None,
    typer.Option(
        "--spec", help="Compiled pipeline, a file or gs://...; nothing is compiled anew then."
    ),
]
ParameterOption = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        metavar="NAME=VALUE",
        help="A runtime parameter, such as span=3, or a field of one, such as gate.alpha=0.01.",
    ),
]
PreflightOption = Annotated[
    bool, typer.Option("--preflight/--no-preflight", help="Check the project first.")
]
#: A compiled pipeline has these in it.
COMPILED: Final = frozenset({"data", "vertex.image"})


@contextlib.contextmanager
def cloud_errors_reported() -> Iterator[None]:
    """Ends the command in plain words: bad arguments as bad usage, Google's refusal as 1."""
    from pipeline.runners.vertex.connection import CloudError, UsageError

    try:
        yield
    except UsageError as error:
        fail(error, USAGE)
    except CloudError as error:
        fail(error)


def place_of(name: str | None, config: str | None, settings: list[str] | None) -> Place:
    """Where a job or a schedule is: its whole name says so, else the configuration."""
    from pipeline.runners.vertex.client import Place
    from pipeline.runners.vertex.placeholders import MARK

    if name and (found := Place.of(name)):
        return found
    vertex = load(config, settings, data="DIR").vertex
    for key, value in (("project", vertex.project), ("region", vertex.region)):
        if not value or MARK in value:
            whole = " or give its whole name, projects/..." if name else ""
            fail(f"vertex.{key} is not said: --set vertex.{key}=...,{whole}".rstrip(","), USAGE)
    return Place(vertex.project or "", vertex.region or "")


def compiled(
    config: PipelineConfig,
    spec: str | None,
    parameters: list[str] | None,
    store: TextStore | None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The job in the pipeline-spec format, and the files that it reads, by address."""
    from pipeline.runners.vertex import submission
    from pipeline.runners.vertex.values import with_values

    if spec:
        job, files, values = submission.read_specification(spec, store), {}, {}
    else:
        from pipeline.runners.vertex.compiling import compile_pipeline

        try:
            found = compile_pipeline(config)
        except (OSError, ValueError) as error:
            fail(error, USAGE)
        job, files, values = found.job, found.files, found.parameters
    return submission.complete(with_values(job, values, parameters or ()), config), files


def checked(
    config: PipelineConfig,
    wanted: bool,
    status: type[CommandStatus],
    command: str,
    needless: Collection[str] = (),
) -> None:
    """Ends the command where a submission would lack something.

    Args:
        config: what is to be submitted.
        wanted: whether Google is asked; what the configuration leaves out counts in any case.
        status: of the command.
        command: its name.
        needless: keys of the configuration that do not count.
    """
    from pipeline.runners.vertex import placeholders
    from pipeline.runners.vertex.preflight.checks import check

    if wanted:
        found = [finding for finding in check(config, needless=needless) if show(finding, False)]
        if lacking := [finding for finding in found if finding.outcome == "missing"]:
            what = "thing is" if len(lacking) == 1 else "things are"
            fail(
                f"{len(lacking)} {what} missing, see above; --no-preflight submits all the same.",
                status=status.model_validate(
                    {"command": command, "status": "missing", "findings": lacking}
                ),
            )
        return
    unsaid = placeholders.unsaid(config)
    if lines := [f"  {key}: {why}" for key, why in unsaid.items() if key not in needless]:
        fail("\n".join(("The configuration leaves out what a submission needs:", *lines)), USAGE)


def show(finding: Finding, everything: bool = True) -> bool:
    """Prints a finding, unless all is well and not everything is to be shown."""
    if finding.outcome == "ok" and not everything:
        return False
    console = rich.console.Console(stderr=not everything)
    style = {"ok": "green", "missing": "red", "not checked": "dim"}[finding.outcome]
    text = rich.markup.escape(f"{finding.check}: {finding.detail}")
    console.print(f"[{style}]{finding.outcome}[/]  {text}", highlight=False, soft_wrap=True)
    if finding.command:
        command = rich.markup.escape(finding.command)
        console.print(f"    [bold]{command}[/]", highlight=False, soft_wrap=True)
    return True
