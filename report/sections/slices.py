"""What TFX's Evaluator measured on each slice, beside the same from the rows."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from evaluation.metrics.registry import find
from evaluation.summary import estimate
from report import formatting
from report.loading import RunResults
from report.sections.tables import Cell, Table
from schema import features, rows
from schema.documents import Estimate, EvaluatorSlice

#: What a slice is called, by its feature.
LABELS = {
    "": "All playlists",
    features.SCENARIO: "Scenario",
    features.SEEDS_BUCKET: "Seed tracks",
    features.LENGTH_BUCKET: "Tracks in all",
    features.POPULARITY_BUCKET: "Median popularity",
}
#: The column that a bucket was made of; popularity has none, as it is train's.
COLUMNS = {features.SEEDS_BUCKET: rows.NUM_SEEDS, features.LENGTH_BUCKET: rows.LENGTH}


def slices(results: RunResults) -> Table | None:
    """A line a slice: the candidate's headline metric by the Evaluator and by the rows."""
    metric = results.headline
    found = [part for part in results.details.evaluator if metric in part.metrics]
    if not found:
        return None
    mine = results.deciding
    if not mine.empty:
        mine = mine[mine[rows.MODEL] == results.candidate]
    lines = [
        (
            _label(part),
            [_cell(part.metrics[metric], metric), _cell(_own(part, mine, metric), metric)],
        )
        for part in found
    ]
    caption = (
        f"{formatting.measure(metric).label} of {results.candidate}; below each its 95% interval, "
        "the Evaluator's by jackknife, that of the rows by Student's t"
    )
    return Table(caption, ["Evaluator", "From the rows"], lines, "Slice")


def _label(part: EvaluatorSlice) -> str:
    label = LABELS.get(part.feature, part.feature)
    bounds = _bounds(part.value) if part.feature.endswith("_bucket") else None
    if bounds is None:
        return f"{label} {part.value}".strip()
    low, high = bounds
    if high is None:
        return f"{label} {low}+"
    return f"{label} {low}" if low == high else f"{label} {low}–{high}"


def _bounds(bucket: str) -> tuple[int, int | None] | None:
    """The numbers of a bucket such as "001-005", "000" or "101+"; None for another text."""
    match = re.fullmatch(r"(\d+)(?:-(\d+)|(\+))?", bucket)
    if match is None:
        return None
    low = int(match[1])
    return low, None if match[3] else int(match[2] or low)


def _own(part: EvaluatorSlice, mine: pd.DataFrame, metric: str) -> Estimate:
    """The estimate of a slice from the candidate's rows, empty where they do not say."""
    if mine.empty or metric not in mine:
        return Estimate()
    span = find(metric).span
    if not part.feature:
        return estimate(mine[metric], span=span)
    if part.feature == features.SCENARIO:
        return estimate(mine.loc[mine[rows.SCENARIO] == part.value, metric], span=span)
    column, bounds = COLUMNS.get(part.feature), _bounds(part.value)
    if column not in mine or bounds is None:
        return Estimate()
    low, high = bounds
    inside = mine[column].between(low, np.inf if high is None else high)
    return estimate(mine.loc[inside, metric], span=span)


def _cell(found: Estimate, metric: str) -> Cell:
    decimals = formatting.measure(metric).decimals
    between = formatting.interval(found.ci_low, found.ci_high, decimals)
    return Cell(formatting.metric(found.mean, metric), between)
