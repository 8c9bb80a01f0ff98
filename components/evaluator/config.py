"""What the standard Evaluator measures, on which slices, and its thresholds."""

from __future__ import annotations

import json
import math
from typing import Final

import tensorflow_model_analysis as tfma

from components.evaluator.metrics import RECOMMENDED
from components.evaluator.options import EvaluatorOptions
from evaluation.metrics.registry import FROM_LISTS, find
from schema import features

#: By what the figures are sliced, beside the whole.
SLICES: Final = (
    features.SCENARIO,
    features.SEEDS_BUCKET,
    features.LENGTH_BUCKET,
    features.POPULARITY_BUCKET,
)


def eval_config(options: EvaluatorOptions, source_hash: str) -> tfma.EvalConfig:
    """Builds the Evaluator's configuration.

    Thresholds hold for all playlists together. Means of some thirty slices are held against no
    limit: without a test, one of them falls by a tenth by chance in every other equal model.

    Args:
        options: the thresholds.
        source_hash: hash of the metrics' code, for the cache's key to see it.
    """
    value, drop = options.min_value, options.max_relative_drop
    thresholds = tfma.MetricThreshold()
    metric = find(options.metric)
    if metric.higher_is_better:
        thresholds.value_threshold.lower_bound.value = 0.0 if value is None else value
        thresholds.change_threshold.direction = tfma.MetricDirection.HIGHER_IS_BETTER
        thresholds.change_threshold.relative.value = -drop
    else:
        worst = math.inf if metric.span is None else metric.span
        thresholds.value_threshold.upper_bound.value = worst if value is None else value
        thresholds.change_threshold.direction = tfma.MetricDirection.LOWER_IS_BETTER
        thresholds.change_threshold.relative.value = drop
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(
                model_type=tfma.TF_GENERIC,
                signature_name="serving_examples",
                label_key=features.HOLDOUT_TRACK_URI,
                prediction_key=RECOMMENDED,
            )
        ],
        slicing_specs=[
            tfma.SlicingSpec(),
            *(tfma.SlicingSpec(feature_keys=[key]) for key in SLICES),
        ],
        metrics_specs=[
            tfma.MetricsSpec(
                metrics=[
                    tfma.MetricConfig(
                        class_name="RetrievalMetrics",
                        module="components.evaluator.metrics",
                        config=json.dumps(
                            {
                                "metrics": list(FROM_LISTS),
                                "name": f"retrieval_metrics_{source_hash}",
                            }
                        ),
                    )
                ],
                per_slice_thresholds={
                    options.metric: tfma.PerSliceMetricThresholds(
                        thresholds=[
                            tfma.PerSliceMetricThreshold(
                                slicing_specs=[tfma.SlicingSpec()], threshold=thresholds
                            )
                        ]
                    )
                },
            )
        ],
        options=tfma.Options(
            compute_confidence_intervals={"value": True},
            confidence_intervals={"method": tfma.ConfidenceIntervalOptions.JACKKNIFE},
            # Playlists are no secret here, and intervals show how small a slice is.
            min_slice_size={"value": 1},
        ),
    )
