"""What the driver of the Ingest component tells its executor about spans, as texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from components.ingest import deletions
from components.ingest.window import Plan, Window

_ALL = "all"


def window_of(parameters: Mapping[str, Any]) -> Window:
    """The window that a component's parameters ask for."""
    count = parameters["window"]
    return Window(
        span=parameters["span"],
        count=None if count == _ALL else int(count),
        deletions=parameters["deletions"],
    )


def window_as_text(count: int | None) -> str:
    """How many spans, as the parameter has it."""
    return _ALL if count is None else str(count)


def spans_as_json(plan: Plan) -> str:
    """What was found, but for the list of deletions."""
    return json.dumps({"spans": plan.spans, "notes": plan.notes})


def plan_of(parameters: Mapping[str, Any]) -> Plan:
    """The plan that `spans_as_json` told.

    Raises:
        IngestError: when the list of deletions cannot be read.
    """
    told = json.loads(parameters["spans"])
    return Plan(
        parameters["input"],
        tuple((number, path, print_) for number, path, print_ in told["spans"]),
        deletions.read(parameters["deletions"]),
        tuple(told["notes"]),
    )
