"""The run itself: time per component, the gate's settings, configuration and versions."""

from __future__ import annotations

import dataclasses
from typing import Any

from report import formatting
from report.loading import RunResults


@dataclasses.dataclass(frozen=True)
class Time:
    """What a component took."""

    component: str
    seconds: str
    share: str
    width: float


def build(results: RunResults) -> dict[str, Any]:
    """What templates/run.html shows."""
    run = results.details.run
    seconds = {name: value for name, value in results.metrics.seconds.items() if value >= 0}
    # The verdict shows the gate's checks.
    gate = results.details.gate.model_dump(exclude={"checks"}, exclude_unset=True)
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
        "gate": formatting.flatten(gate),
        "config": formatting.flatten(run.config),
        "machine": formatting.flatten(run.machine),
        "versions": formatting.flatten(run.versions),
    }
