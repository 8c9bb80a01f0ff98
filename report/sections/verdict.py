"""The verdict: blessed or not, why, and the figures that matter most."""

from __future__ import annotations

import dataclasses
from typing import Any

from evaluation.metrics.registry import TABLE
from report import formatting
from report.loading import RunResults


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
    blessed = results.metrics.blessing.blessed
    return {
        "blessed": blessed,
        "headline": headline(results),
        "consequence": _consequence(results, blessed),
        "reasons": _reasons(results),
        "tiles": _tiles(results),
        "facts": _facts(results),
        "started": formatting.moment(results.details.run.started),
        "notes": results.notes,
    }


def _reasons(results: RunResults) -> list[tuple[str, bool | None]]:
    """The reasons, and whether each is for the candidate, where the gate's checks say so."""
    passed = {
        check.text: None if check.passed and not check.judged else check.passed
        for check in results.details.gate.checks
    }
    reasons = [text for text in results.metrics.blessing.reasons if text]
    return [(text, passed.get(text)) for text in (reasons or passed)]


def headline(results: RunResults) -> str:
    """The verdict in a few words."""
    candidate, blessed = results.candidate, results.metrics.blessing.blessed
    name = candidate or "The candidate"
    if blessed is None:
        return f"No verdict on {candidate}" if candidate else "No verdict"
    return f"{name} is blessed" if blessed else f"{name} is not blessed"


def _consequence(results: RunResults, blessed: bool | None) -> str:
    metrics = results.metrics
    if metrics.pushed_version:
        return f"It passed every check of the gate and was {metrics.pushed}."
    if blessed is None:
        return "The run recorded no decision, so nothing was pushed."
    if blessed:
        return "It passed every check of the gate. Nothing was pushed."
    kept = " The model served before stays in service." if results.details.run.served else ""
    return f"It failed at least one check of the gate, so {metrics.pushed}.{kept}"


def _tiles(results: RunResults) -> list[Tile]:
    brief = [name for name, measure in TABLE.items() if measure.brief]
    names = dict.fromkeys([results.headline, *brief])
    tiles = []
    for name in names:
        mean = results.mean(results.candidate, name)
        if mean is None:
            continue
        info = formatting.measure(name)
        found = results.estimate(results.candidate, name)
        rival, rank = _rival(results, name, mean)
        value = formatting.metric(mean, name)
        between = formatting.interval(found.ci_low, found.ci_high, info.decimals)
        tiles.append(Tile(info.label, info.meaning, value, between, rival, rank))
    return tiles


def _rival(results: RunResults, metric: str, mean: float) -> tuple[str, str]:
    """The best other model with its value, and where the candidate stands beside it."""
    better = formatting.measure(metric).direction
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
    data, run = results.metrics.data, results.details.run
    facts = []
    if splits := data.playlists:
        facts.append(("Playlists", formatting.count(sum(splits.values()))))
        shares = " / ".join(f"{formatting.count(n)} {split}" for split, n in splits.items())
        facts.append(("Split", shares))
    if data.tracks is not None:
        facts.append(("Tracks", formatting.count(data.tracks)))
    seconds = run.seconds
    if seconds is None and results.metrics.seconds:
        seconds = sum(results.metrics.seconds.values())
    if seconds is not None:
        facts.append(("Run time", formatting.duration(seconds)))
    if run.baselines:
        facts.append(("Compared with", formatting.listing(run.baselines)))
    if "served" in run.model_fields_set:
        served = results.metrics.served
        version = f", version {served.version}" if served and served.version else ""
        facts.append(("Served before", f"{run.served or 'nothing'}{version}"))
    return facts
