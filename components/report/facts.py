"""Reads what the components of a run wrote, for the documents and for the console."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import tensorflow_model_analysis as tfma
import tensorflow_transform as tft
from tfx import types
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components.significance.results import RESULTS_FILE
from evaluation.metrics.registry import METRICS
from schema import features
from schema.documents import Estimate, EvaluatorSlice, Judgement, Trial
from schema.model_card import ModelCard
from schema.rows import ROWS_FILE

_PLACEHOLDER = b"49d0cd50-04bb-48c0-bc6f-5b575dce351a"

#: The vocabularies that are shown, named after what they hold.
VOCABULARIES = (
    features.TRACK_VOCABULARY,
    features.ARTIST_VOCABULARY,
    features.ALBUM_VOCABULARY,
    features.TITLE_VOCABULARY,
)


def statistics_by_split(statistics: types.Artifact) -> dict[str, Any]:
    """TFDV's DatasetFeatureStatistics by split."""
    return {
        split: stats_artifact_utils.load_statistics(statistics, split).proto().datasets[0]
        for split in artifact_utils.decode_split_names(statistics.split_names)
    }


def playlists_by_split(statistics: types.Artifact) -> dict[str, int]:
    """The number of playlists in each split."""
    return {
        split: int(dataset.num_examples)
        for split, dataset in statistics_by_split(statistics).items()
    }


def vocabulary_sizes(transform_graph: types.Artifact) -> dict[str, int]:
    """The number of values in each vocabulary."""
    output = tft.TFTransformOutput(transform_graph.uri)
    return {name: _vocabulary_size(output, name) for name in VOCABULARIES}


def _vocabulary_size(output: tft.TFTransformOutput, name: str) -> int:
    size = int(output.vocabulary_size_by_name(name))
    # Transform puts a placeholder into a vocabulary that would be empty.
    return 0 if size == 1 and output.vocabulary_by_name(name) == [_PLACEHOLDER] else size


def history(model_run: types.Artifact) -> list[dict[str, Any]]:
    """The rows of a training curve."""
    path = os.path.join(model_run.uri, "history.json")
    return json.loads(io_utils.read_string_file(path)) if fileio.exists(path) else []


def trials(tuner_results: types.Artifact) -> list[Trial]:
    """The completed trials of a search, best first."""
    path = io_utils.get_only_uri_in_dir(tuner_results.uri)
    return [
        Trial(trial=int(row.pop("trial_id")), ndcg=row.pop("score"), values=row)
        for row in json.loads(io_utils.read_string_file(path))
    ]


def card(model: types.Artifact) -> ModelCard:
    """The card of an exported model."""
    return ModelCard.read(path_utils.serving_model_path(model.uri))


def judgement(metrics: types.Artifact) -> Judgement:
    """Summaries, tests and decision of the Significance component."""
    return Judgement.model_validate_json(
        io_utils.read_string_file(os.path.join(metrics.uri, RESULTS_FILE))
    )


def rows_file(metrics: types.Artifact) -> str:
    """The path of the rows of metrics by model and playlist."""
    return os.path.join(metrics.uri, ROWS_FILE)


def evaluator_slices(evaluation: types.Artifact) -> list[EvaluatorSlice]:
    """What TFX's Evaluator measured of the candidate, on all playlists first."""
    found = tfma.load_eval_result(evaluation.uri).slicing_metrics
    slices = []
    for key, outputs in sorted(found, key=lambda item: [(name, str(v)) for name, v in item[0]]):
        feature, value = key[0] if key else ("", "")
        slices.append(
            EvaluatorSlice(
                feature=feature,
                value=str(value),
                metrics={
                    name: _estimate(value)
                    for name, value in outputs[""][""].items()
                    if name in METRICS
                },
            )
        )
    return slices


def _estimate(value: Mapping[str, Any]) -> Estimate:
    """TFMA's value as ours; it has bounds where the slice is large enough."""
    bounded = value.get("boundedValue")
    if bounded is None:
        return Estimate(mean=_number(value.get("doubleValue")))
    return Estimate(
        mean=_number(bounded.get("value")),
        ci_low=_number(bounded.get("lowerBound")),
        ci_high=_number(bounded.get("upperBound")),
    )


def _number(value: float | str | None) -> float | None:
    """Protobuf's JSON writes NaN and infinities as text."""
    return None if value is None else float(value)


def pushed_version(pushed_model: types.Artifact) -> str | None:
    """The version under which the candidate lies at the destination; None if it does not."""
    destination = pushed_model.get_string_custom_property("pushed_destination")
    if not destination or not fileio.exists(destination):
        return None
    return pushed_model.get_string_custom_property("pushed_version") or None
