"""The command `segue runs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from pipeline.cli.known import OutOption, errors_reported, places
from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import ConfigOption, SetOption

if TYPE_CHECKING:
    from schema.status import RecordedRun

_SHOWN = ("ndcg", "r_precision", "recall@500")


def runs(
    out: OutOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """List the runs of an output directory: data, figures, verdict, what was pushed and is served.

    Example: segue runs --out out
    """
    loaded = places(out, config, settings)
    from pipeline.lifecycle import catalogue
    from pipeline.lifecycle import runs as recorded
    from schema import output_lock
    from schema.status import RunsStatus

    with errors_reported():
        known = catalogue.read(loaded)
        holder = output_lock.holder(loaded.out)
        found = recorded.describe(known.records, known.released, holder)
    for run in found:
        _show(run)
    served = known.released.version
    typer.echo(f"Served now: version {served}." if served else "Nothing is served yet.")
    return RunsStatus(status="ok", out=loaded.out, served_version=served, runs=found)


def _show(run: RecordedRun) -> None:
    took = "" if run.seconds is None else f" in {run.seconds:,.0f} s"
    marks = [*(["served now"] if run.served else []), *run.labels]
    version = f"version {run.pushed_version}" if run.pushed_version else ""
    when = f"{run.started[:19].replace('T', ' ')}{took}"
    head = " · ".join(filter(None, [when, verdict(run), version, *marks]))
    total = sum(run.data.playlists.values())
    data = [run.data.read or run.data.pattern, run.data.fingerprint[:12]]
    data += [f"{total:,} playlists"] * bool(total)
    figures = [
        f"{name} {run.metrics[name].mean:.4f}"
        for name in _SHOWN
        if name in run.metrics and run.metrics[name].mean is not None
    ]
    typer.secho(head, bold=True)
    typer.echo(f"  {' · '.join(filter(None, data))}")
    typer.echo(f"  {' · '.join(filter(None, [run.candidate, *figures]))}")
    typer.echo(f"  {run.cached} of {run.nodes} nodes from the cache")


def verdict(run: RecordedRun) -> str:
    """What a run came to, in words."""
    if run.state == "failed":
        why = f": {run.error}" if run.error else ""
        return f"failed in {run.failed_node}{why}"
    if run.state != "finished":
        return run.state
    if run.blessed is None:
        return "no verdict"
    reason = f": {run.reasons[0]}" if run.reasons and not run.blessed else ""
    return f"{'blessed' if run.blessed else 'refused'}{reason}"
