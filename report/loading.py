"""Reads what a run left in its report directory; what is missing becomes a note."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from evaluation.metrics.registry import is_known
from evaluation.scenarios import BY_NAME
from report import formatting
from report.rows import read_rows
from schema.documents import (
    DETAILS_FILE,
    METRICS_FILE,
    Document,
    Estimate,
    RunDetails,
    RunMetrics,
    parse,
)
from schema.rows import MODEL, ROWS_FILE, SCENARIO, SPLIT
from schema.splits import DECIDING

_DocumentT = TypeVar("_DocumentT", bound=Document)

HEADLINE = "ndcg"


class ReportError(RuntimeError):
    """There is nothing to report on; the message says where the report was looked for."""


@dataclasses.dataclass(frozen=True)
class RunResults:
    """Everything that the report is drawn from.

    Attributes:
        metrics: metrics.json, empty where it cannot be read.
        rows: one row per (model, split, pid), the models in `models`' order as categories; empty
            where there are none.
        details: details.json, empty where it cannot be read.
        notes: what could not be read, as sentences.
    """

    metrics: RunMetrics
    rows: pd.DataFrame
    details: RunDetails
    notes: tuple[str, ...] = ()

    @functools.cached_property
    def models(self) -> list[str]:
        """Every model that was scored, the candidate first, then from best to worst."""
        names = list(self.metrics.models)
        names += [m for m in self._row_models if m not in names]
        candidate = self.candidate
        info = formatting.measure(self.headline)

        def rank(name: str) -> tuple[bool, float]:
            mean = self.mean(name, self.headline)
            return name != candidate, np.inf if mean is None else -mean * (info.direction or 1)

        return sorted(names, key=rank)

    @functools.cached_property
    def candidate(self) -> str:
        """The model that the run wants to push, "" where nothing says which."""
        tested = [test.candidate for test in self.metrics.tests]
        named = [self.details.run.candidate, *tested, *self.metrics.models, *self._row_models]
        return next(filter(None, named), "")

    @functools.cached_property
    def headline(self) -> str:
        """The metric that the report leads with: the gate's own, otherwise NDCG."""
        if self.details.gate.metric in self.metric_names:
            return self.details.gate.metric
        return HEADLINE if HEADLINE in self.metric_names else (self.metric_names or [HEADLINE])[0]

    @functools.cached_property
    def metric_names(self) -> list[str]:
        """Every metric that some model has an overall value of, the known ones in their order."""
        found = {name for model in self.metrics.models.values() for name in model.overall}
        return formatting.metric_order(found or set(self._row_metrics))

    @functools.cached_property
    def scenarios(self) -> list[str]:
        """The scenarios, in the challenge's order, then others by name."""
        names = {name for model in self.metrics.models.values() for name in model.scenarios}
        if not self.rows.empty:
            names |= set(self.rows[SCENARIO].dropna().astype(str))
        return [n for n in BY_NAME if n in names] + sorted(names - BY_NAME.keys())

    @functools.cached_property
    def split(self) -> str:
        """The split that decides, of which the report shows the rows."""
        splits = list(self.rows[SPLIT].dropna().unique()) if not self.rows.empty else []
        return DECIDING if DECIDING in splits or not splits else str(splits[0])

    @property
    def deciding(self) -> pd.DataFrame:
        """The rows of the split that decides."""
        return self.rows[self.rows[SPLIT] == self.split] if not self.rows.empty else self.rows

    def summary(self, model: str, scenario: str | None = None) -> dict[str, Estimate]:
        """The estimates of one model by metric, overall or in one scenario."""
        found = self.metrics.models.get(model)
        if found is None:
            return {}
        return found.scenarios.get(scenario, {}) if scenario else found.overall

    def estimate(self, model: str, metric: str, scenario: str | None = None) -> Estimate:
        """A model's mean of a metric with its interval, empty where it was not measured."""
        return self.summary(model, scenario).get(metric, Estimate())

    def mean(self, model: str, metric: str, scenario: str | None = None) -> float | None:
        """A model's mean of a metric, None where it was not measured."""
        return self.estimate(model, metric, scenario).mean

    def rivals(self) -> list[str]:
        """Every model but the candidate."""
        return [model for model in self.models if model != self.candidate]

    @functools.cached_property
    def _row_models(self) -> list[str]:
        return [] if self.rows.empty else [str(m) for m in self.rows[MODEL].dropna().unique()]

    @functools.cached_property
    def _row_metrics(self) -> list[str]:
        return [] if self.rows.empty else [c for c in self.rows.columns if is_known(c)]


def load(report_dir: Path) -> RunResults:
    """Reads the files of a report directory.

    Raises:
        ReportError: when the directory holds none of them.
    """
    paths = [report_dir / name for name in (METRICS_FILE, ROWS_FILE, DETAILS_FILE)]
    if not any(path.is_file() for path in paths):
        raise ReportError(
            f"nothing to report on in {report_dir}: a finished run leaves {METRICS_FILE}, "
            f"{ROWS_FILE} and {DETAILS_FILE} there"
        )
    notes: list[str] = []
    metrics = _read(RunMetrics, paths[0], notes)
    rows = read_rows(paths[1], notes)
    details = _read(RunDetails, paths[2], notes)
    return RunResults(metrics, rows, details, tuple(notes))


def _read(kind: type[_DocumentT], path: Path, notes: list[str]) -> _DocumentT:
    if not path.is_file():
        notes.append(f"{path.name} is missing, so its content is left out.")
        return kind()
    document, found = parse(kind, path.read_bytes(), path.name)
    notes += found
    return document
