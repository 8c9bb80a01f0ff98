"""The commands `segue release promote`, `rollback`, `status` and `watch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import rich.console
import rich.table
import typer

from pipeline.cli.release_options import (
    MetricsOption,
    ModelBaseOption,
    ModelConfigOption,
    OverwriteOption,
    measured,
    opened_manager,
)
from pipeline.cli.release_watch import watch
from pipeline.cli.status_line import JsonOption, Status, StatusCommand
from pipeline.cli.support import ModelNameOption, TargetOption, TlsOption

if TYPE_CHECKING:
    from serving.release import Release

app = typer.Typer(
    help="Give a version the label stable or canary, on a running server.", no_args_is_help=True
)
app.command(cls=StatusCommand)(watch)


@app.command(cls=StatusCommand)
def promote(
    version: Annotated[
        int | None, typer.Argument(min=0, max=2**63 - 1, help="The canary where none is named.")
    ] = None,
    canary: Annotated[bool, typer.Option(help="Label it canary, beside the stable one.")] = False,
    metrics: MetricsOption = None,
    target: TargetOption = "127.0.0.1:8500",
    model_base: ModelBaseOption = "out/serving/segue",
    model_config_file: ModelConfigOption = "out/serving/models.config",
    model_name: ModelNameOption = "segue",
    tls_ca: TlsOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> Status:
    """Make a version stable, or with --canary the canary.

    Example: segue release promote 1795296127 --metrics out/report/metrics.json
    """
    from serving.protocol import ConfigError

    with opened_manager(
        target, model_base, model_config_file, model_name, tls_ca, overwrite
    ) as manager:
        run, values = measured(metrics, model_base, version)
        if canary:
            if version is None:
                raise ConfigError("name the version that becomes the canary")
            done = manager.canary(version, run=run, metrics=values)
        else:
            done = manager.promote(version, run=run, metrics=values)
    return _released("release promote", done)


@app.command(cls=StatusCommand)
def rollback(
    target: TargetOption = "127.0.0.1:8500",
    model_base: ModelBaseOption = "out/serving/segue",
    model_config_file: ModelConfigOption = "out/serving/models.config",
    model_name: ModelNameOption = "segue",
    tls_ca: TlsOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> Status:
    """Drop the canary, or go back to the stable version before.

    Example: segue release rollback
    """
    with opened_manager(
        target, model_base, model_config_file, model_name, tls_ca, overwrite
    ) as manager:
        done = manager.rollback()
    return _released("release rollback", done)


@app.command(cls=StatusCommand)
def status(
    target: TargetOption = "127.0.0.1:8500",
    model_base: ModelBaseOption = "out/serving/segue",
    model_config_file: ModelConfigOption = "out/serving/models.config",
    model_name: ModelNameOption = "segue",
    tls_ca: TlsOption = None,
    json: JsonOption = False,
) -> Status:
    """Show which version is stable, since when, and what the server has loaded.

    Example: segue release status
    """
    from schema.status import ReleaseStatus, ServedVersion

    with opened_manager(target, model_base, model_config_file, model_name, tls_ca) as manager:
        found = manager.status()
    if found.current is None:
        typer.echo("Nothing is released yet: segue release promote VERSION")
    else:
        _show(found.current)
        typer.echo(f"stable since {found.stable_since}")
        if found.current.reason:
            typer.echo(f"by the last watch: {found.current.reason}")
        if found.previous_stable is not None:
            typer.echo(f"a rollback would return to version {found.previous_stable}")
    if found.unfinished:
        typer.echo(found.unfinished)
    table = rich.table.Table("version", "state", "error")
    for state in found.versions:
        table.add_row(str(state.version), state.state, state.error)
    rich.console.Console().print(table)
    return ReleaseStatus(
        command="release status",
        status="ok" if found.current else "unreleased",
        stable=found.current.stable if found.current else None,
        canary=found.current.canary if found.current else None,
        stable_since=found.stable_since or None,
        previous_stable=found.previous_stable,
        unfinished=found.unfinished,
        reason=(found.current.reason if found.current else "") or None,
        versions=[ServedVersion(**state._asdict()) for state in found.versions],
    )


def _released(command: Literal["release promote", "release rollback"], release: Release) -> Status:
    from schema.status import ReleaseStatus

    _show(release)
    return ReleaseStatus(command=command, status="ok", stable=release.stable, canary=release.canary)


def _show(release: Release) -> None:
    canary = f" · canary: {release.canary}" if release.canary else ""
    typer.echo(f"stable: {release.stable}{canary}")
