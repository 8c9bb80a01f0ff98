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
    from report.build import write
    from report.loading import ReportError, load
    from schema.status import ReportStatus

    folder = pathlib.Path(Layout.under(out).report)
    try:
        results = load(folder)
        page = write(results, folder)
    except (OSError, ReportError) as error:
        fail(error)
    typer.echo(as_markdown.run(results) if markdown else page)
    return ReportStatus(status="ok", report=str(page))
