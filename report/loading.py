"""Reads what a run left in its report directory, and puts up with what is missing."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluation.scenarios import BY_NAME
from report import formatting
from report.rows import ROWS_FILE, read_rows
from report.values import as_dict, as_dicts, as_list, as_number, as_text

METRICS_FILE = "metrics.json"
DETAILS_FILE = "details.json"

HEADLINE = "ndcg"


class ReportError(RuntimeError):
    """There is nothing to report on; the message says where the report was looked for."""


@dataclasses.dataclass(frozen=True)
class RunResults:
    """Everything that the report is drawn from.

    Attributes:
        metrics: the content of metrics.json, {} where it cannot be read.
        rows: one row per (model, split, pid), the models in `models`' order as categories; empty
            where there are none.
        details: the content of details.json, {} where it cannot be read.
        notes: what could not be read, as sentences.
    """

    metrics: dict[str, Any]
    rows: pd.DataFrame
    details: dict[str, Any]
    notes: tuple[str, ...] = ()

    @functools.cached_property
    def models(self) -> list[str]:
        """Every model that was scored, the candidate first, then from best to worst."""
        names = list(as_dict(self.metrics.get("models")))
        names += [m for m in self._row_models if m not in names]
        candidate = self.candidate
        info = formatting.metric_info(self.headline)

        def rank(name: str) -> tuple[bool, float]:
            mean = self.mean(name, self.headline)
            return name != candidate, np.inf if mean is None else -mean * (info.better or 1)

        return sorted(names, key=rank)

    @functools.cached_property
    def candidate(self) -> str:
        """The model that the run wants to push, "" where nothing says which."""
        named = as_text(as_dict(self.details.get("run")).get("candidate"))
        if named:
            return named
        tested = [as_text(test.get("candidate")) for test in self.tests]
        models = [*as_dict(self.metrics.get("models")), *self._row_models]
        return next(filter(None, [*tested, *models]), "")

    @functools.cached_property
    def served(self) -> str:
        """What was served before the run, as the run names it, "" where there was nothing."""
        return as_text(as_dict(self.details.get("run")).get("served"))

    @functools.cached_property
    def headline(self) -> str:
        """The metric that the report leads with: the gate's own, otherwise NDCG."""
        gate = as_dict(self.details.get("gate"))
        named = as_text(gate.get("metric") or as_dict(gate.get("config")).get("metric"))
        if named and named in self.metric_names:
            return named
        return HEADLINE if HEADLINE in self.metric_names else (self.metric_names or [HEADLINE])[0]

    @functools.cached_property
    def metric_names(self) -> list[str]:
        """Every metric that some model has an overall value of, the known ones in their order."""
        found = {name for model in self._summaries.values() for name in as_dict(model["overall"])}
        return formatting.metric_order(found or set(self._row_metrics))

    @functools.cached_property
    def scenarios(self) -> list[str]:
        """The scenarios, in the challenge's order, then others by name."""
        names = {name for model in self._summaries.values() for name in model["scenarios"]}
        if not self.rows.empty:
            names |= set(self.rows["scenario"].dropna().astype(str))
        return [n for n in BY_NAME if n in names] + sorted(names - BY_NAME.keys())

    @functools.cached_property
    def tests(self) -> list[dict[str, Any]]:
        """The tests of metrics.json."""
        return as_dicts(self.metrics.get("tests"))

    @functools.cached_property
    def split(self) -> str:
        """The split that decides, of which the report shows the rows."""
        splits = list(self.rows["split"].dropna().unique()) if not self.rows.empty else []
        return "eval" if "eval" in splits or not splits else str(splits[0])

    @property
    def deciding(self) -> pd.DataFrame:
        """The rows of the split that decides."""
        return self.rows[self.rows["split"] == self.split] if not self.rows.empty else self.rows

    def summary(self, model: str, scenario: str | None = None) -> dict[str, Any]:
        """The metrics of one model, overall or in one scenario: {metric: {mean, ...}}."""
        found = self._summaries.get(model, {"overall": {}, "scenarios": {}})
        return as_dict(found["scenarios"].get(scenario)) if scenario else found["overall"]

    def mean(self, model: str, metric: str, scenario: str | None = None) -> float | None:
        """A model's mean of a metric, None where it was not measured."""
        return as_number(as_dict(self.summary(model, scenario).get(metric)).get("mean"))

    def bounds(
        self, model: str, metric: str, scenario: str | None = None
    ) -> tuple[float | None, float | None]:
        """The interval of that mean."""
        found = as_dict(self.summary(model, scenario).get(metric))
        return as_number(found.get("ci_low")), as_number(found.get("ci_high"))

    def rivals(self) -> list[str]:
        """Every model but the candidate."""
        return [model for model in self.models if model != self.candidate]

    @functools.cached_property
    def _summaries(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {
            name: {
                "overall": as_dict(as_dict(model).get("overall")),
                "scenarios": as_dict(as_dict(model).get("scenarios")),
            }
            for name, model in as_dict(self.metrics.get("models")).items()
        }

    @functools.cached_property
    def _row_models(self) -> list[str]:
        return [] if self.rows.empty else [str(m) for m in self.rows["model"].dropna().unique()]

    @functools.cached_property
    def _row_metrics(self) -> list[str]:
        return [] if self.rows.empty else [c for c in self.rows.columns if formatting.is_metric(c)]


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
    metrics = _read_json(paths[0], notes)
    rows = read_rows(paths[1], notes)
    details = _read_json(paths[2], notes)
    return RunResults(metrics, rows, details, tuple(notes))


def _read_json(path: Path, notes: list[str]) -> dict[str, Any]:
    if not path.is_file():
        notes.append(f"{path.name} is missing, so what it would tell is left out.")
        return {}
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        notes.append(f"{path.name} is not valid JSON ({error}), so it is left out.")
        return {}
    if not isinstance(content, dict):
        notes.append(f"{path.name} does not hold a JSON object, so it is left out.")
        return {}
    return as_dict(content)


def reject_counts(results: RunResults) -> dict[str, int]:
    """Records that ingest set aside, by reason."""
    rejects = as_dict(as_dict(results.metrics.get("data")).get("rejects"))
    counts = {reason: as_number(value) for reason, value in rejects.items()}
    return {reason: int(value) for reason, value in counts.items() if value}


def history(training: object) -> list[dict[str, Any]]:
    """The rows of a training curve."""
    return as_dicts(as_list(as_dict(training).get("history")))
