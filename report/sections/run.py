"""The run itself: time per component, the gate's settings, configuration and versions."""

from __future__ import annotations

import dataclasses
from typing import Any

from report import formatting
from report.loading import RunResults
from report.settings import flatten
from report.values import as_dict, as_number


@dataclasses.dataclass(frozen=True)
class Time:
    """What a component took."""

    component: str
    seconds: str
    share: str
    width: float


def build(results: RunResults) -> dict[str, Any]:
    """What templates/run.html shows."""
    run = as_dict(results.details.get("run"))
    seconds = {
        name: value
        for name, entry in as_dict(results.metrics.get("seconds")).items()
        if (value := as_number(entry)) is not None and value >= 0
    }
    gate = as_dict(results.details.get("gate"))
    gate.pop("checks", None)  # the verdict shows them
    total, most = sum(seconds.values()), max(seconds.values(), default=0.0)
    return {
        "times": [
            Time(
                name,
                formatting.duration(value),
                formatting.percent(value / total if total else None),
                round(100 * value / most, 1) if most else 0.0,
            )
            for name, value in seconds.items()
        ],
        "total": formatting.duration(total) if seconds else "",
        "gate": flatten(gate),
        "config": flatten(as_dict(run.get("config"))),
        "machine": flatten(as_dict(run.get("machine"))),
        "versions": flatten(as_dict(run.get("versions"))),
    }
