"""The commands of `segue registry`: which version is whose, and which is to be served."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import rich.console
import rich.table
import typer

from pipeline.cli.registry_moves import promote, rollback
from pipeline.cli.registry_options import (
    BaseOption,
    RegistryOption,
    SegmentOption,
    TimeoutOption,
    opened,
    served_at,
    waiting_in,
)
from pipeline.cli.release_options import metrics_of
from pipeline.cli.status_line import JsonOption, Status, StatusCommand
from pipeline.cli.support import fail

if TYPE_CHECKING:
    from schema.registry import RegisteredVersion
    from schema.status import SyncedVersion
    from serving.registry import Registry

app = typer.Typer(
    help="Keep account of versions: where each came from, and which is to be served.",
    no_args_is_help=True,
)
app.command(cls=StatusCommand)(promote)
app.command(cls=StatusCommand)(rollback)


@app.command(cls=StatusCommand)
def register(
    version_dir: Annotated[
        str, typer.Argument(metavar="DIR", help="Of a pushed version; its name is its number.")
    ],
    report: Annotated[
        str | None,
        typer.Option(help="The report directory of its run; found if it lies beside."),
    ] = None,
    alias: Annotated[
        str | None, typer.Option(help="champion or challenger, put on it if it never had it.")
    ] = None,
    registry: RegistryOption = None,
    segment: SegmentOption = None,
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> Status:
    """Register a pushed version: its model card, and the metrics and the page of its run.

    Example: segue registry register out/serving/segue/1795296127 --alias challenger
    """
    from schema.status import RegistryMoveStatus
    from serving.registry import check_alias, describe

    path = os.path.expanduser(version_dir).rstrip("/")
    base = os.path.dirname(path) if "://" in path else os.path.dirname(os.path.abspath(path))
    with opened(registry, segment, base, timeout) as found:
        chosen = check_alias(alias) if alias is not None else None
        told = report if report is not None else _report_of(base, path)
        given = describe(path, found.model, report=told)
        known = {each.serving_version: each for each in found.versions()}
        made = found.register(given, alias=chosen)
        same = known.get(made.serving_version) == made
    typer.echo(
        f"version {made.serving_version} of {made.model} "
        + ("was registered already" if same else "is registered")
        + (f": {', '.join(made.aliases)}" if made.aliases else "")
    )
    return RegistryMoveStatus(
        command="registry register",
        status="unchanged" if same else "ok",
        registry=found.uri,
        model=found.model,
        version=made,
    )


@app.command(cls=StatusCommand)
def current(
    registry: RegistryOption = None,
    segment: SegmentOption = None,
    model_base: BaseOption = "out/serving/segue",
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> Status:
    """Show champion and challenger, and whether what is served is the champion.

    Example: segue registry current --registry mlflow+http://127.0.0.1:5000 --segment new_users
    """
    from schema.status import RegistryCurrentStatus
    from serving.registry import standing, waiting

    with opened(registry, segment, model_base, timeout) as found:
        stand = standing(found, served_at(model_base))
        waits = [
            int(os.path.basename(each)) for each in waiting(waiting_in(model_base), found.model)
        ]
    for alias, version in (("champion", stand.champion), ("challenger", stand.challenger)):
        typer.echo(f"{alias}: {_described(version)}")
    if stand.served is None:
        typer.echo(f"what is served was not looked at: {model_base} is not here")
    else:
        told = "nothing" if stand.served.version is None else f"version {stand.served.version}"
        typer.echo(f"served: {told}{', by the release record' if stand.served.pinned else ''}")
    for line in stand.differences:
        typer.echo(f"differs: {line}")
    if stand.unregistered:
        typer.echo(f"not registered: {', '.join(map(str, stand.unregistered))}")
    if waits:
        waiting_text = ", ".join(map(str, waits))
        typer.echo(f"waiting to be registered: {waiting_text}: `segue registry sync` does it")
    return RegistryCurrentStatus(
        status="empty" if not stand.registered else "differs" if stand.differences else "ok",
        registry=found.uri,
        model=found.model,
        champion=stand.champion,
        challenger=stand.challenger,
        served=stand.served.version if stand.served else None,
        unregistered=list(stand.unregistered),
        waiting=waits,
        differences=list(stand.differences),
    )


@app.command(cls=StatusCommand)
def history(
    registry: RegistryOption = None,
    segment: SegmentOption = None,
    model_base: BaseOption = "out/serving/segue",
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> Status:
    """Show all versions, and every move of an alias.

    Example: segue registry history
    """
    from schema.status import RegistryHistoryStatus

    with opened(registry, segment, model_base, timeout) as found:
        versions, moves = list(found.versions()), list(found.history())
    console = rich.console.Console()
    table = rich.table.Table("version", "family", "registered", "run", "data", "aliases")
    for each in versions:
        came = each.lineage
        table.add_row(
            *(str(each.serving_version), each.family, each.registered_at, came.run),
            *(came.data_fingerprint[:12], ", ".join(each.aliases)),
        )
    console.print(table)
    table = rich.table.Table("when", "who", "", "alias", "from", "to", "why")
    for move in moves:
        former = "" if move.former is None else str(move.former)
        table.add_row(
            *(move.at, move.by, move.action, move.alias, former, str(move.version), move.reason)
        )
    if moves:
        console.print(table)
    return RegistryHistoryStatus(
        status="ok", registry=found.uri, model=found.model, versions=versions, moves=moves
    )


@app.command(cls=StatusCommand)
def sync(
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Register all versions of the model base too, by their model cards."
        ),
    ] = False,
    registry: RegistryOption = None,
    segment: SegmentOption = None,
    model_base: BaseOption = "out/serving/segue",
    timeout: TimeoutOption = 30.0,
    json: JsonOption = False,
) -> Status:
    """Register versions, and track runs, that waited for a registry that was down.

    Example: segue registry sync --registry mlflow+http://127.0.0.1:5000
    """
    from schema.status import RegistrySyncStatus, SyncedRun, SyncedVersion
    from serving.registry import make_up, make_up_runs, open_tracker

    with opened(registry, segment, model_base, timeout) as found:
        done = [
            SyncedVersion(version=each.version, registered=each.registered, problem=each.problem)
            for each in make_up(waiting_in(model_base), found)
        ]
        if every:
            done += _unregistered(found, model_base)
        tracker = open_tracker(found.uri, timeout=timeout)
        runs = [
            SyncedRun(key=each.key, tracked=not each.problem, problem=each.problem)
            for each in make_up_runs(waiting_in(model_base), found.model, tracker)
        ]
    for each in done:
        typer.echo(f"version {each.version}: {each.problem or 'registered'}")
    for run in runs:
        typer.echo(f"run {run.key}: {run.problem or 'tracked'}")
    refused = [each for each in done if not each.registered]
    untracked = [run for run in runs if not run.tracked]
    status = RegistrySyncStatus(
        status="failed" if refused or untracked else "ok" if done or runs else "unchanged",
        registry=found.uri,
        model=found.model,
        versions=done,
        runs=runs,
    )
    if refused:
        fail(f"{len(refused)} of {len(done)} versions were not registered", status=status)
    if untracked:
        fail(f"{len(untracked)} of {len(runs)} runs were not tracked", status=status)
    if not done and not runs:
        typer.echo("all was registered already")
    return status


def _unregistered(registry: Registry, model_base: str) -> list[SyncedVersion]:
    from schema.status import SyncedVersion
    from serving.protocol import ConfigError
    from serving.registry import describe, standing

    served = served_at(model_base)
    if served is None:
        raise ConfigError(f"--all: {model_base} is not here")
    done = []
    for version in standing(registry, served).unregistered:
        path, problem = served.versions[version], ""
        try:
            given = describe(path, registry.model, report=_report_of(model_base, path))
            registry.register(given)
        except ValueError as error:  # a directory that holds no model
            problem = str(error)
        done.append(SyncedVersion(version=version, registered=not problem, problem=problem))
    return done


def _report_of(model_base: str, path: str) -> str:
    """The directory of the report of the run that pushed a version, where it lies beside."""
    name = os.path.basename(path)
    found = metrics_of(model_base, int(name)) if name.isdecimal() and "://" not in path else None
    return os.path.dirname(found) if found else ""


def _described(version: RegisteredVersion | None) -> str:
    if version is None:
        return "none"
    family = f" ({version.family})" if version.family else ""
    return f"version {version.serving_version}{family}, registered {version.registered_at}"
