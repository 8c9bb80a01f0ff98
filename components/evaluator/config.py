"""What the standard Evaluator measures, on which slices, and its thresholds."""

from __future__ import annotations

import json
import math
from typing import Final

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

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


def eval_config(options: EvaluatorOptions, source_hash: str) -> config_pb2.EvalConfig:
    """Builds the Evaluator's configuration.

    Thresholds hold for all playlists together. Means of some thirty slices are held against no
    limit: without a test, one of them falls by a tenth by chance in every other equal model.

    Args:
        options: the thresholds.
        source_hash: hash of the metrics' code, for the cache's key to see it.
    """
    value, drop = options.min_value, options.max_relative_drop
    thresholds = config_pb2.MetricThreshold()
    metric = find(options.metric)
    if metric.higher_is_better:
        thresholds.value_threshold.lower_bound.value = 0.0 if value is None else value
        thresholds.change_threshold.direction = config_pb2.MetricDirection.HIGHER_IS_BETTER
        thresholds.change_threshold.relative.value = -drop
    else:
        worst = math.inf if metric.span is None else metric.span
        thresholds.value_threshold.upper_bound.value = worst if value is None else value
        thresholds.change_threshold.direction = config_pb2.MetricDirection.LOWER_IS_BETTER
        thresholds.change_threshold.relative.value = drop
    return config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(
                model_type=tfma.TF_GENERIC,
                signature_name="serving_examples",
                label_key=features.HOLDOUT_TRACK_URI,
                prediction_key=RECOMMENDED,
            )
        ],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            *(config_pb2.SlicingSpec(feature_keys=[key]) for key in SLICES),
        ],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=[
                    # Compared with what was held out.
                    config_pb2.MetricConfig(class_name="ExampleCount"),
                    config_pb2.MetricConfig(
                        class_name="RetrievalMetrics",
                        module="components.evaluator.metrics",
                        config=json.dumps(
                            {
                                "metrics": list(FROM_LISTS),
                                "name": f"retrieval_metrics_{source_hash}",
                            }
                        ),
                    ),
                ],
                per_slice_thresholds={
                    options.metric: config_pb2.PerSliceMetricThresholds(
                        thresholds=[
                            config_pb2.PerSliceMetricThreshold(
                                slicing_specs=[config_pb2.SlicingSpec()], threshold=thresholds
                            )
                        ]
                    )
                },
            )
        ],
        options=config_pb2.Options(
            compute_confidence_intervals={"value": True},
            confidence_intervals={"method": config_pb2.ConfidenceIntervalOptions.JACKKNIFE},
            # Playlists are no secret here, and intervals show how small a slice is.
            min_slice_size={"value": 1},
        ),
    )
