"""Segue's metrics of retrieval, for TFX's standard Evaluator.

TFMA knows metrics of a label and a score. Here the label is the list of withheld tracks and the
prediction a list of recommended ones. The preprocessor turns both into one number a metric before
TFMA copies an example into its slices, so that lists are compared once and never shuffled.

    metrics_specs:
      metrics: {class_name: RetrievalMetrics, module: components.evaluator.metrics,
                config: '{"metrics": ["ndcg", "recall@500"]}'}
      thresholds: {ndcg: {value_threshold: {lower_bound: {value: 0.1}}}}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2

from evaluation.metrics import Recommendations
from evaluation.metrics.registry import FROM_LISTS, evaluate, find

#: The output of a model's signature that holds the recommended tracks.
RECOMMENDED: Final = "track_uris"

# (sum, count) by metric: 2 x M.
_Accumulator = np.ndarray


class RetrievalMetrics(tfma.metrics.Metric):
    """Means over playlists of metrics of `evaluation/`, each under its own name.

    `ModelSpec.label_key` names the feature with the withheld tracks, `ModelSpec.prediction_key` the
    signature's output with the recommended ones (`track_uris` by default). Thresholds go into
    `MetricsSpec.thresholds`, by metric name. With a baseline model TFMA adds the differences, and
    with `Options.compute_confidence_intervals` intervals of both, paired by playlist.
    """

    def __init__(
        self, metrics: Sequence[str] = FROM_LISTS, name: str = "retrieval_metrics"
    ) -> None:
        """Chooses the metrics.

        Args:
            metrics: names in `evaluation.metrics.registry`.
            name: of the group, for TFMA; the values go by the metrics' names.

        Raises:
            ValueError: a metric is unknown or needs more than recommended and withheld tracks.
        """
        for metric in metrics:
            if needs := find(metric).needs:
                raise ValueError(
                    f"{metric} needs {' and '.join(sorted(needs))}, which the Evaluator does not "
                    f"see; choose from {', '.join(FROM_LISTS)}"
                )
        super().__init__(_computations, metrics=list(metrics), name=name)


def _computations(
    metrics: Sequence[str],
    name: str,
    eval_config: config_pb2.EvalConfig | None = None,
    model_names: Sequence[str] | None = None,
) -> metric_types.MetricComputations:
    """One computation a model. TFMA fills in what the signature names, and nothing else."""
    computations = []
    for model_name in model_names or [""]:
        keys = [
            # MetricsSpec.thresholds look for keys without a word on example weights.
            metric_types.MetricKey(name=metric, model_name=model_name, example_weighted=None)
            for metric in metrics
        ]
        preprocessor = _PlaylistValues(
            metrics, model_name, _prediction_key(eval_config, model_name)
        )
        computations.append(
            metric_types.MetricComputation(
                keys=keys, preprocessors=[preprocessor], combiner=_Means(keys)
            )
        )
    return computations


def _prediction_key(eval_config: config_pb2.EvalConfig | None, model_name: str) -> str:
    specs = list(eval_config.model_specs) if eval_config else []
    for spec in specs:
        if len(specs) == 1 or spec.name == model_name:
            return spec.prediction_key or RECOMMENDED
    return RECOMMENDED


class _PlaylistValues(metric_types.Preprocessor):
    """An extract of one playlist to its metrics, float64 [M]."""

    def __init__(self, metrics: Sequence[str], model_name: str, prediction_key: str) -> None:
        # TFMA takes preprocessors of the same name for the same.
        super().__init__(name=f"playlist_values:{model_name}:{','.join(metrics)}")
        self._metrics = list(metrics)
        self._model_name = model_name
        self._prediction_key = prediction_key

    def process(self, extracts: tfma.types.Extracts) -> Iterator[np.ndarray]:
        predictions = _of_model(extracts.get(tfma.PREDICTIONS_KEY), self._model_name)
        recommended = _of_model(predictions, self._prediction_key)
        if recommended is None or isinstance(recommended, Mapping):
            raise ValueError(
                f"the model has no output {self._prediction_key!r}: "
                f"{sorted(predictions) if isinstance(predictions, Mapping) else predictions}"
            )
        withheld = _of_model(extracts.get(tfma.LABELS_KEY), self._model_name)
        batch = Recommendations.from_ids(
            np.asarray(recommended, dtype=object).reshape(1, -1),
            [() if withheld is None else np.asarray(withheld, dtype=object).reshape(-1)],
        )
        values = evaluate(batch, self._metrics)
        yield np.array([values[metric][0] for metric in self._metrics])


def _of_model(value: Any, key: str) -> Any:
    """What a mapping holds under a key, or the value itself where TFMA left the level out."""
    return value[key] if key and isinstance(value, Mapping) and key in value else value


class _Means(beam.CombineFn):
    """Means over playlists, those without a value left out."""

    def __init__(self, keys: Sequence[metric_types.MetricKey]) -> None:
        super().__init__()
        self._keys = list(keys)

    def create_accumulator(self) -> _Accumulator:
        return np.zeros((2, len(self._keys)))

    def add_input(self, accumulator: _Accumulator, element: np.ndarray) -> _Accumulator:
        known = ~np.isnan(element)
        accumulator[0] += np.where(known, element, 0.0)
        accumulator[1] += known
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[_Accumulator]) -> _Accumulator:
        return np.sum([self.create_accumulator(), *accumulators], axis=0)

    def extract_output(self, accumulator: _Accumulator) -> dict[metric_types.MetricKey, float]:
        totals, counts = accumulator
        return {
            key: float(total / count) if count else float("nan")
            for key, total, count in zip(self._keys, totals, counts, strict=True)
        }
