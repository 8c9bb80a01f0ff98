"""Tuning: what each trial of a search tried, and what it reached."""

from __future__ import annotations

from report import formatting
from report.loading import RunResults
from report.sections.tables import Cell, Table

#: Digits of a parameter that was drawn from a range.
DIGITS = 4

CAPTION = (
    "Trials by NDCG on playlists held out of train for tuning, which are not those of the "
    "tables above; trial 1 is what was configured"
)


def trials(results: RunResults, family: str) -> Table | None:
    """A row a trial, best first; None where the family was not tuned."""
    found = results.details.tuning.get(family, [])
    names = list(dict.fromkeys(name for trial in found for name in trial.values))
    if not found or not names:
        return None
    best = max((trial.ndcg for trial in found if trial.ndcg is not None), default=None)
    rows = []
    for trial in found:
        is_best = best is not None and trial.ndcg == best
        cells = [Cell(formatting.metric(trial.ndcg, "ndcg"), best=is_best)]
        cells += [Cell(_value(trial.values.get(name))) for name in names]
        rows.append((_name(trial.trial), cells))
    return Table(CAPTION, ["NDCG", *names], rows, "Trial")


def _name(number: int | None) -> str:
    if number is None:
        return formatting.NOTHING
    return f"{number + 1}" + (" (configured)" if number == 0 else "")


def _value(value: object) -> str:
    if value is None:
        return formatting.NOTHING
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else formatting.setting(value)
