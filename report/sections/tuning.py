"""Tuning: what each trial of a search tried, and what it reached."""

from __future__ import annotations

import math

from report import formatting
from report.loading import RunResults
from report.sections.quality import Cell, Table
from report.settings import setting
from report.values import as_dict, as_dicts, as_list, as_number, as_text

#: Digits of a parameter that was drawn from a range.
DIGITS = 4

CAPTION = (
    "Trials by NDCG on playlists held out of train for tuning, which are not those of the "
    "tables above; trial 1 is what was configured"
)


def trials(results: RunResults, family: str) -> Table | None:
    """A row a trial, best first; None where the family was not tuned."""
    tuning = as_dict(results.details.get("tuning"))
    found = as_dicts(as_list(tuning.get(family)))
    names = list(dict.fromkeys(name for trial in found for name in as_dict(trial.get("values"))))
    if not found or not names:
        return None
    best = max((as_number(trial.get("ndcg")) or -math.inf for trial in found), default=-math.inf)
    rows = []
    for trial in found:
        ndcg, values = as_number(trial.get("ndcg")), as_dict(trial.get("values"))
        cells = [Cell(formatting.metric(ndcg, "ndcg"), best=ndcg == best)]
        cells += [Cell(_value(values.get(name))) for name in names]
        rows.append((_name(trial.get("trial")), cells))
    return Table(CAPTION, ["NDCG", *names], rows, "Trial")


def _name(number: object) -> str:
    index = as_number(number)
    if index is None:
        return as_text(number) or formatting.NOTHING
    return f"{index + 1:.0f}" + (" (configured)" if index == 0 else "")


def _value(value: object) -> str:
    number = as_number(value)
    if value is None:
        return formatting.NOTHING
    if number is None or isinstance(value, int):
        return setting(value)
    return f"{number:.{DIGITS}g}"
