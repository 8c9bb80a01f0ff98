"""What is kept of a run, read from the documents of its report; and where it waits if it must."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from absl import logging
from tfx.dsl.io import fileio
from tfx.utils import io_utils

from components.register.options import RegistryOptions
from schema import provenance
from schema.documents import DETAILS_FILE, METRICS_FILE, Estimate, RunDetails, RunMetrics, parse
from schema.layout import PAGE_FILE
from schema.registry import Lineage
from schema.tracking import TrackedRun, TrackedTrial, key_of
from serving.registry import RegistryError, keep_run, make_up_runs, open_tracker


class Place(NamedTuple):
    """Where a registered model is, and what waits for it.

    Attributes:
        model: its name.
        waiting: the directory of what waits.
        options: of the registry; its URI is there.
    """

    model: str
    waiting: str
    options: RegistryOptions


def track(run: TrackedRun, place: Place) -> list[str]:
    """Makes up what waits, then tracks a run or lets it wait; says what became of it."""
    told = []
    try:
        tracker = open_tracker(place.options.uri, timeout=place.options.timeout_seconds)
        for each in make_up_runs(place.waiting, place.model, tracker):
            told.append(f"run {each.key}: {each.problem or 'was tracked late'}")
        tracker.track(run)
    except RegistryError as error:  # the run goes on
        logging.warning("%s: %s", place.options.uri, error)
        return [*told, _waits(run, place, str(error))]
    return [*told, "tracked"]


def _waits(run: TrackedRun, place: Place, reason: str) -> str:
    try:
        keep_run(place.waiting, run)
    except OSError as error:
        logging.error("%s", error)
        return f"the run was not tracked, and could not be written down to be so later: {error}"
    return f"the run waits to be tracked, by the next one or `segue registry sync`: {reason}"


def tracked(report: str, experiment: str, lineage: Lineage) -> TrackedRun:
    """Describes a run.

    Args:
        report: directory of its documents and page.
        experiment: the registered model that it is for.
        lineage: what is known of where it came from.
    """
    metrics, _ = parse(RunMetrics, _read(report, METRICS_FILE), METRICS_FILE)
    details, _ = parse(RunDetails, _read(report, DETAILS_FILE), DETAILS_FILE)
    told = {
        "commit": provenance.commit() or "",
        "configuration": provenance.config_hash(details.run.config) if details.run.config else "",
    }
    known = lineage.model_copy(
        update={name: value for name, value in told.items() if not getattr(lineage, name)}
    )
    pushed = metrics.pushed_version
    # Not the rows of playlists or listeners: those stay where the run is.
    paths = [os.path.join(report, name) for name in (METRICS_FILE, DETAILS_FILE, PAGE_FILE)]
    return TrackedRun(
        experiment=experiment,
        key=key_of(lineage.run, int(pushed) if pushed else None),
        parameters=flat(details.run.config),
        metrics=dict(_figures(metrics)),
        tags={**known.tags(), **_decision(metrics), "run.started": details.run.started},
        files=[path for path in paths if fileio.exists(path)],
        trials=[
            TrackedTrial(
                name=f"{family}/{trial.trial}",
                parameters={"family": family, **flat(trial.values)},
                metrics={"ndcg": trial.ndcg},
            )
            for family, trials in details.tuning.items()
            for trial in trials
        ],
    )


def flat(fields: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """Values by dotted names: text as it is, anything else as JSON."""
    found: dict[str, str] = {}
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            found.update(flat(value, f"{above}{name}."))
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            found[f"{above}{name}"] = text
    return found


def _figures(metrics: RunMetrics) -> Iterator[tuple[str, float | None]]:
    """The candidate's means by metric; then those of all, with bounds, by model."""
    candidate = next(iter(metrics.models.values()), None)
    if candidate is not None:
        for metric, estimate in candidate.overall.items():
            yield metric, estimate.mean
    for prefix, models in (("", metrics.models), ("test/", metrics.test_models)):
        for name, model in models.items():
            yield from _estimates(f"{prefix}{name}", model.overall)
            for scenario, estimates in model.scenarios.items():
                for metric, estimate in estimates.items():
                    yield f"{prefix}{name}/{scenario}/{metric}", estimate.mean
            yield f"{prefix}{name}/fit_seconds", model.fit_seconds
    for split, playlists in metrics.data.playlists.items():
        yield f"data/playlists/{split}", float(playlists)
    if metrics.data.tracks is not None:
        yield "data/tracks", float(metrics.data.tracks)
    for component, seconds in metrics.seconds.items():
        yield f"seconds/{component}", seconds


def _estimates(prefix: str, overall: Mapping[str, Estimate]) -> Iterator[tuple[str, float | None]]:
    for metric, estimate in overall.items():
        yield f"{prefix}/{metric}", estimate.mean
        yield f"{prefix}/{metric}/ci_low", estimate.ci_low
        yield f"{prefix}/{metric}/ci_high", estimate.ci_high


def _decision(metrics: RunMetrics) -> dict[str, str]:
    """What the gate decided, and why; what became of the push."""
    blessing = metrics.blessing
    decided = {True: "blessed", False: "refused", None: ""}[blessing.blessed]
    tags = {"gate": decided, "gate.reasons": "; ".join(blessing.reasons), "push": metrics.pushed}
    return {name: value for name, value in tags.items() if value}


def _read(report: str, name: str) -> bytes:
    return io_utils.read_bytes_file(os.path.join(report, name))
