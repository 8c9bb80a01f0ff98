"""The verdict: blessed or not, why, and the figures that matter most."""

from __future__ import annotations

import dataclasses
from typing import Any

from report import formatting
from report.loading import RunResults
from report.values import as_dict, as_dicts, as_list, as_number, as_text

TILES = ("ndcg", "r_precision", "clicks", "recall@500", "coverage")


@dataclasses.dataclass(frozen=True)
class Tile:
    """One headline figure of the candidate, beside the best of the other models."""

    label: str
    meaning: str
    value: str
    interval: str
    rival: str
    rank: str


def build(results: RunResults) -> dict[str, Any]:
    """What templates/verdict.html shows."""
    blessed = _blessed(results)
    run = as_dict(results.details.get("run"))
    return {
        "blessed": blessed,
        "headline": headline(results),
        "consequence": _consequence(results, blessed),
        "reasons": _reasons(results),
        "tiles": _tiles(results),
        "facts": _facts(results),
        "started": formatting.moment(as_text(run.get("started"))),
        "notes": results.notes,
    }


def _blessed(results: RunResults) -> bool | None:
    blessed = as_dict(results.metrics.get("blessing")).get("blessed")
    return blessed if isinstance(blessed, bool) else None


def _reasons(results: RunResults) -> list[tuple[str, bool | None]]:
    """Reasons in words, and whether each speaks for the candidate, where the gate's checks say."""
    checks = as_dicts(as_dict(results.details.get("gate")).get("checks"))
    passed = {as_text(check.get("text")): check.get("passed") is True for check in checks}
    told = map(as_text, as_list(as_dict(results.metrics.get("blessing")).get("reasons")))
    return [(text, passed.get(text)) for text in (list(filter(None, told)) or passed)]


def headline(results: RunResults) -> str:
    """The verdict in a few words."""
    candidate, blessed = results.candidate, _blessed(results)
    name = candidate or "The candidate"
    if blessed is None:
        return f"No verdict on {candidate}" if candidate else "No verdict"
    return f"{name} is blessed" if blessed else f"{name} is not blessed"


def _consequence(results: RunResults, blessed: bool | None) -> str:
    version = as_text(results.metrics.get("pushed_version"))
    if version:
        return f"It passed every check of the gate and was pushed for serving as version {version}."
    if blessed is None:
        return "The run recorded no decision, so nothing was pushed."
    if blessed:
        return "It passed every check of the gate. Nothing was pushed."
    kept = " The model served before stays in service." if results.served else ""
    return f"It failed at least one check of the gate, so nothing was pushed.{kept}"


def _tiles(results: RunResults) -> list[Tile]:
    names = [results.headline, *(name for name in TILES if name != results.headline)]
    tiles = []
    for name in names:
        mean = results.mean(results.candidate, name)
        if mean is None:
            continue
        info = formatting.metric_info(name)
        low, high = results.bounds(results.candidate, name)
        rival, rank = _rival(results, name, mean)
        value = formatting.metric(mean, name)
        between = formatting.interval(low, high, info.decimals)
        tiles.append(Tile(info.label, info.meaning, value, between, rival, rank))
    return tiles


def _rival(results: RunResults, metric: str, mean: float) -> tuple[str, str]:
    """The best other model with its value, and where the candidate stands beside it."""
    better = formatting.metric_info(metric).better
    others = [
        (value, name)
        for name in results.rivals()
        if (value := results.mean(name, metric)) is not None
    ]
    if not others or not better:
        return "", ""
    value, name = max(others, key=lambda pair: pair[0] * better)
    shown = formatting.metric(value, metric)
    if shown == formatting.metric(mean, metric):
        return f"{name} {shown}", "level with"
    return f"{name} {shown}", "ahead of" if (mean - value) * better > 0 else "behind"


def _facts(results: RunResults) -> list[tuple[str, str]]:
    data = as_dict(results.metrics.get("data"))
    splits = as_dict(data.get("playlists"))
    run = as_dict(results.details.get("run"))
    facts = []
    known = {s: number for s in splits if (number := as_number(splits[s])) is not None}
    if known:
        facts.append(("Playlists", formatting.count(sum(known.values()))))
        shares = " / ".join(
            f"{formatting.count(number)} {split}" for split, number in known.items()
        )
        facts.append(("Split", shares))
    if (tracks := as_number(data.get("tracks"))) is not None:
        facts.append(("Tracks", formatting.count(tracks)))
    seconds = as_number(run.get("seconds"))
    if seconds is None:
        parts = [as_number(s) for s in as_dict(results.metrics.get("seconds")).values()]
        seconds = sum(s for s in parts if s is not None) if parts else None
    if seconds is not None:
        facts.append(("Run time", formatting.duration(seconds)))
    if baselines := [as_text(name) for name in as_list(run.get("baselines")) if as_text(name)]:
        facts.append(("Compared with", formatting.listing(baselines)))
    if "served" in run:
        facts.append(("Served before", results.served or "nothing"))
    return facts
