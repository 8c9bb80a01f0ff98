"""The command `segue preflight`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.cloud import cloud_errors_reported, show
from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import ConfigOption, SetOption, fail, load


def preflight(
    config: ConfigOption = None,
    settings: SetOption = None,
    data: Annotated[
        str | None, typer.Option(help="Slices, gs://..., where the configuration has none.")
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Check that a Google Cloud project has all that a run needs, and name what mends it.

    Where the configuration has no vertex.project, that is what Beam's steps on Dataflow need.

    Example: segue preflight --config configs/vertex.yaml --set vertex.project=my-project
    """
    loaded = load(config, settings, data=data)
    from pipeline.runners.vertex.preflight.checks import check
    from schema.status import PreflightStatus

    findings = []
    with cloud_errors_reported():
        for finding in check(loaded):
            show(finding)
            findings.append(finding)
    lacking = sum(finding.outcome == "missing" for finding in findings)
    if lacking:
        fail(
            f"{lacking} of {len(findings)} checks found something missing.",
            status=PreflightStatus(status="missing", findings=findings),
        )
    return PreflightStatus(status="ready", findings=findings)
