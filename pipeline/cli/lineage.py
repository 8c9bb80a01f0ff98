"""The command `segue lineage`."""

from __future__ import annotations

import json as json_text
from typing import TYPE_CHECKING, Annotated

import rich.console
import rich.markup
import rich.tree
import typer

from pipeline.cli.known import OutOption, errors_reported, places
from pipeline.cli.runs import verdict
from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import USAGE, ConfigOption, SetOption, fail

if TYPE_CHECKING:
    from schema.status import LineageStatus, LineageStep


def lineage(
    version: Annotated[str, typer.Argument(help="A pushed version.")],
    out: OutOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """Show where a pushed version comes from: data, code, configuration, figures, artifacts.

    Example: segue lineage 1795296127 --out out
    """
    loaded = places(out, config, settings)
    from pipeline.lifecycle import catalogue
    from pipeline.lifecycle import lineage as traced

    with errors_reported():
        known = catalogue.read(loaded)
        try:
            found = traced.trace(version, known.records, known.released)
        except traced.UnknownVersionError as error:
            fail(error, USAGE)
    rich.console.Console(soft_wrap=True).print(_tree(found))
    return found


def _tree(found: LineageStatus) -> rich.tree.Tree:
    marks = [*(["served now"] if found.served else []), *found.labels]
    title = f"version {found.pushed_version}" + "".join(f" · {mark}" for mark in marks)
    tree = rich.tree.Tree(title)
    if run := found.run:
        _branch(tree, "run", f"{run.started} · {verdict(run)} · {run.push}", [run.name])
        sizes = ", ".join(f"{split} {n:,}" for split, n in run.data.playlists.items())
        read = [f"read: {run.data.read}"] if run.data.read != run.data.pattern else []
        span = [f"span: {run.data.span}"] if run.data.span.isdecimal() else []
        more = [*read, *span, *([f"playlists: {sizes}"] if sizes else [])]
        _branch(tree, "data", f"{run.data.pattern} · {run.data.fingerprint}", more)
        commit = [f"commit {run.commit}"] if run.commit else []
        _branch(tree, "code", f"segue {run.version} · source {found.source_hash}", commit)
        figures = [
            f"{name} {value.mean:.4f} [{value.ci_low:.4f}, {value.ci_high:.4f}]"
            for name, value in run.metrics.items()
            if None not in (value.mean, value.ci_low, value.ci_high)
        ]
        _branch(tree, "figures", run.candidate, figures)
    else:
        _branch(tree, "run", "not in these metadata; what follows is of the model card", [])
        _branch(tree, "code", f"source {found.source_hash or 'unknown'}", [])
    changed = [f"{key}: {json_text.dumps(value)}" for key, value in found.differs.items()]
    if found.config:
        _branch(tree, "configuration", f"{found.config_hash}, the defaults but for", changed)
    _branch(tree, "container", found.image or "none is known", [])
    card = [f"{key}: {json_text.dumps(found.card[key])}" for key in _OF_CARD if found.card.get(key)]
    if card:
        _branch(tree, "model card", found.path or "", card)
    if found.steps:
        way = _branch(tree, "artifacts", "from slices to the SavedModel", [])
        for step in found.steps:
            _add_step(way, step)
    return tree


_OF_CARD = ("family", "params", "tuned", "chosen", "playlists", "catalogue_size", "versions")


def _branch(tree: rich.tree.Tree, name: str, text: str, more: list[str]) -> rich.tree.Tree:
    branch = tree.add(f"[bold]{name}[/bold] {rich.markup.escape(text)}")
    for line in more:
        branch.add(rich.markup.escape(line))
    return branch


def _add_step(way: rich.tree.Tree, step: LineageStep) -> None:
    code = f" · source {step.source_hash}" if step.source_hash else ""
    at = f" · run {step.run}" if step.run else ""
    lines = [
        f"{made.key} #{made.id} {made.uri}{'' if made.there else ' (deleted)'}"
        for made in step.outputs
    ]
    took = f" of {', '.join(f'#{number}' for number in step.inputs)}" if step.inputs else ""
    _branch(way, step.node, f"{took.strip()}{code}{at}".strip(" ·"), lines)
