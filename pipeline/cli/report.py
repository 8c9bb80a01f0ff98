"""The command `segue report`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import fail
from schema.layout import Layout


def report(
    out: Annotated[str, typer.Option(help="The directory of a run.")] = "out",
    json: JsonOption = False,
) -> Status:
    """Rebuild the HTML report of a run.

    Example: segue report --out out
    """
    from report.build import build_report
    from report.loading import ReportError
    from schema.status import ReportStatus

    try:
        page = build_report(Layout.under(out).report)
    except (OSError, ReportError) as error:
        fail(error)
    typer.echo(page)
    return ReportStatus(status="ok", report=str(page))
