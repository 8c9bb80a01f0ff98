"""The command `segue report`."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import fail
from schema.layout import Layout


def report(
    out: Annotated[str, typer.Option(help="The directory of a run.")] = "out",
    markdown: Annotated[
        bool,
        typer.Option(
            "--markdown", help="Print the verdict and the figures as Markdown, not the page's path."
        ),
    ] = False,
    json: JsonOption = False,
) -> Status:
    """Rebuild the HTML report of a run.

    Example: segue report --out out
    """
    from report import markdown as as_markdown
    from report.build import build_report
    from report.loading import ReportError, load
    from schema.status import ReportStatus

    folder = pathlib.Path(Layout.under(out).report)
    try:
        page = build_report(folder)
        typer.echo(as_markdown.run(load(folder)) if markdown else page)
    except (OSError, ReportError) as error:
        fail(error)
    return ReportStatus(status="ok", report=str(page))
