"""The command `segue release watch`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

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
from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import (
    ConfigOption,
    ModelNameOption,
    SetOption,
    TargetOption,
    TlsOption,
    fail,
    load,
)

if TYPE_CHECKING:
    from serving.canary.asking import Asker
    from serving.canary.watch import Seen
    from serving.protocol import Playlist


def watch(
    version: Annotated[
        int | None,
        typer.Argument(
            min=0, max=2**63 - 1, help="Becomes the canary first; the one there is, by default."
        ),
    ] = None,
    playlists: Annotated[
        str | None,
        typer.Option(
            help="What to ask about, in any format of segue query, such as a challenge set; made "
            "up from the stable version's tracks where none is given."
        ),
    ] = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    metrics: MetricsOption = None,
    target: TargetOption = "127.0.0.1:8500",
    model_base: ModelBaseOption = "out/serving/segue",
    model_config_file: ModelConfigOption = "out/serving/models.config",
    model_name: ModelNameOption = "segue",
    tls_ca: TlsOption = None,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
) -> Status:
    """Ask the canary and the stable version the same, and promote the canary or roll it back.

    Thresholds are the section canary of the configuration. The exit code is 0 where the canary was
    promoted, 1 where it was rolled back or its requests show neither.

    Example: segue release watch 1795296127 --playlists challenge_set.json --json
    """
    options = load(config, settings, data="DIR").canary
    from serving.canary.asking import Asker
    from serving.canary.playlists import made_up
    from serving.canary.watch import Watch
    from serving.client import ClientTls, ConnectionOptions, read_playlists

    with opened_manager(
        target, model_base, model_config_file, model_name, tls_ca, overwrite
    ) as manager:
        read = read_playlists(playlists).playlists if playlists else None
        run, values = measured(metrics, model_base, version)
        talk = ConnectionOptions(
            timeout=options.timeout_seconds, tls=ClientTls.from_files(ca=tls_ca) if tls_ca else None
        )

        def ask(label: str, of: int) -> Asker:
            return Asker(target, label, of, model=model_name, options=talk)

        def asked(stable: Asker) -> Sequence[Playlist]:
            return read if read is not None else made_up(stable.client)

        seen = Watch(manager, ask, options, act=not dry_run).run(
            asked,
            version,
            run=run,
            metrics=values,
        )
    _show(seen)
    found = _status(seen)
    text = _sentence(seen)
    if seen.decision == "promoted":
        typer.echo(text)
        return found
    fail(text, status=found)


def _sentence(seen: Seen) -> str:
    version, stable = f"version {seen.canary}", f"version {seen.stable} stays stable"
    if seen.decision == "promoted":
        done = f"{version} is stable now" if seen.acted else f"{version} would be promoted"
        return f"{done[0].upper()}{done[1:]}: {'; '.join(seen.reasons)}"
    if seen.decision == "rolled_back":
        done = "was rolled back" if seen.acted else "would be rolled back"
        return f"{version} {done}, {stable}: {'; '.join(seen.reasons)}"
    return (
        f"{version} stays the canary, {stable}: {'; '.join(seen.reasons)}. Watch again, longer by "
        "--set canary.requests=N --set canary.seconds=N"
    )


def _show(seen: Seen) -> None:
    table = rich.table.Table("", "stable", "canary", "allowed", "")
    for check in seen.checks:
        latency = check.name.startswith("p")
        stable, canary, allowed = (
            f"{value:.1f} ms" if latency else f"{value:.2%}"
            for value in (check.stable, check.canary, check.allowed)
        )
        table.add_row(check.name, stable, canary, allowed, check.outcome)
    if seen.checks:
        rich.console.Console().print(table)
        typer.echo(f"{seen.requests:,} requests to each version")
    if seen.overlap is not None:
        typer.echo(f"their answers share {seen.overlap:.1%} of their first 100 tracks")
    for fault, count in seen.faults.items():
        typer.echo(f"  {count:,} x {fault}", err=True)


def _status(seen: Seen) -> Status:
    from schema.status import ReleaseWatchStatus, WatchCheck

    return ReleaseWatchStatus(
        status=seen.decision,
        acted=seen.acted,
        version=seen.canary,
        stable=seen.canary if seen.acted and seen.decision == "promoted" else seen.stable,
        requests=seen.requests,
        reasons=list(seen.reasons),
        checks=[WatchCheck(**dataclasses.asdict(check)) for check in seen.checks],
        faults=dict(seen.faults),
        overlap=seen.overlap,
    )
