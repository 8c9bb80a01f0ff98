import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_model_analysis.evaluators import metrics_validator
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2

from components.evaluator.config import eval_config
from components.evaluator.metrics import RetrievalMetrics
from components.evaluator.options import EvaluatorOptions
from components.evaluator.refusals import refusals
from evaluation.metrics.registry import FROM_LISTS

EVAL_CONFIG = """
model_specs {
  label_key: "holdout_track_uri" prediction_key: "track_uris"
  model_type: "tf_generic" signature_name: "serving_examples"
}
slicing_specs {}
slicing_specs { feature_keys: "scenario" }
metrics_specs {
  metrics {
    class_name: "RetrievalMetrics" module: "components.evaluator.metrics"
    config: '{"metrics": ["recall@10", "clicks", "mrr"]}'
  }
  metrics { class_name: "ExampleCount" }
  thresholds {
    key: "recall@10"
    value {
      value_threshold { lower_bound { value: %(floor)s } }
      change_threshold { direction: HIGHER_IS_BETTER %(kind)s { value: %(drop)s } }
    }
  }
}
"""

SCHEMA = """
feature { name: "scenario" type: BYTES presence { min_fraction: 1 } shape { dim { size: 1 } } }
feature { name: "holdout_track_uri" type: BYTES }
represent_variable_length_as_ragged: true
"""

# Scenario and withheld tracks of three playlists; the last has nothing to judge.
PLAYLISTS = [("title", ["a", "b", "x", "y"]), ("first5", ["c"]), ("first5", [])]


class Fixed(tf.Module):
    """Recommends the same to everybody."""

    def __init__(self, tracks):
        super().__init__()
        self._tracks = tf.constant([tracks])

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(self, examples):
        count = tf.shape(examples)[0]
        uris = tf.repeat(self._tracks, count, axis=0)
        return {"track_uris": uris, "scores": tf.zeros_like(uris, tf.float32)}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    root = tmp_path_factory.mktemp("tfma")
    for name, tracks in (("candidate", ["a", "q", "c", ""]), ("baseline", ["q", "b", "", ""])):
        model = Fixed(tracks)
        tf.saved_model.save(model, str(root / name), signatures={"serving_examples": model.serve})
    with tf.io.TFRecordWriter(str(root / "examples")) as writer:
        for scenario, withheld in PLAYLISTS:
            example = tf.train.Example()
            example.features.feature["scenario"].bytes_list.value.append(scenario.encode())
            values = example.features.feature["holdout_track_uri"].bytes_list.value
            values.extend(uri.encode() for uri in withheld)
            writer.write(example.SerializeToString())
    return root


def analyse(inputs, output, *, floor=0.0, drop=-1.0, kind="absolute", swapped=False):
    limits = {"floor": floor, "drop": drop, "kind": kind}
    config = text_format.Parse(EVAL_CONFIG % limits, config_pb2.EvalConfig())
    config = tfma.utils.update_eval_config_with_defaults(config, has_baseline=True)
    results = tfma.run_model_analysis(
        eval_shared_model=[
            tfma.default_eval_shared_model(str(inputs / of), model_name=name, eval_config=config)
            for name, of in zip(
                ("candidate", "baseline"),
                ("baseline", "candidate") if swapped else ("candidate", "baseline"),
                strict=True,
            )
        ],
        eval_config=config,
        data_location=str(inputs / "examples"),
        output_path=str(output),
        schema=text_format.Parse(SCHEMA, schema_pb2.Schema()),
    )
    return results.get_results()


def values(result, *slice_key):
    metrics = result.get_metrics_for_slice(slice_key)
    return {name: value["doubleValue"] for name, value in metrics.items()}


def test_candidate_and_baseline_through_tfma(inputs, tmp_path):
    candidate, baseline = analyse(inputs, tmp_path / "out")
    # Candidate: of a b x y it finds a first, of c it finds c third; the playlist without withheld
    # tracks does not count. Baseline: b second, then nothing.
    overall = values(candidate)
    assert overall["recall@10"] == pytest.approx((1 / 4 + 1) / 2)
    assert overall["mrr"] == pytest.approx((1 + 1 / 3) / 2)
    assert overall["clicks"] == 0
    assert overall["example_count"] == 3
    assert values(baseline)["recall@10"] == pytest.approx((1 / 4 + 0) / 2)
    assert values(baseline)["clicks"] == pytest.approx((0 + 51) / 2)
    assert overall["recall@10_diff"] == pytest.approx(1 / 2)
    assert overall["clicks_diff"] == pytest.approx(-51 / 2)
    title = values(candidate, ("scenario", "title"))
    assert (title["recall@10"], title["recall@10_diff"]) == (pytest.approx(0.25), 0)
    assert values(candidate, ("scenario", "first5"))["mrr"] == pytest.approx(1 / 3)
    assert tfma.load_validation_result(str(tmp_path / "out")).validation_ok


@pytest.mark.parametrize(
    ("limits", "failed"), [({"floor": 0.7}, "recall@10"), ({"drop": 0.6}, "recall@10_diff")]
)
def test_thresholds_refuse(inputs, tmp_path, limits, failed):
    analyse(inputs, tmp_path / "out", **limits)
    result = tfma.load_validation_result(str(tmp_path / "out"))
    assert not result.validation_ok
    (failure,) = result.metric_validations_per_slice[0].failures
    assert failure.metric_key.name == "recall@10"
    assert failure.metric_key.is_diff == failed.endswith("_diff")


@pytest.mark.parametrize(
    ("options", "key", "refused"),
    [
        ({}, (), True),  # 0.3 against 0.5: 40% lost
        ({}, (("scenario", b"title"),), False),
        ({"max_relative_drop": 0.5}, (), False),
        ({"max_relative_drop": 0.5, "min_value": 0.4}, (), True),
        ({"max_relative_drop": 0.5, "min_value": 0.4}, (("scenario", b"title"),), False),
    ],
)
def test_segues_own_thresholds_are_for_all_playlists_together(options, key, refused):
    config = tfma.utils.update_eval_config_with_defaults(
        eval_config(EvaluatorOptions(**options), "hash"), has_baseline=True
    )
    ndcg = metric_types.MetricKey("ndcg", model_name="candidate", example_weighted=None)
    found = metrics_validator.validate_metrics(
        (key, {ndcg: 0.3, ndcg.make_diff_key(): -0.2, **_served(ndcg, 0.5)}), config
    )
    assert found.validation_ok != refused


def _served(ndcg, value):
    return {ndcg._replace(model_name="baseline"): value}


def test_what_tfma_found_against_a_model_in_words(inputs, tmp_path):
    # As above, the other way round: 0.125 against 0.625; title 0.25 twice, first5 0 against 1.
    analyse(inputs, tmp_path / "out", floor=0.2, drop=-0.1, kind="relative", swapped=True)
    assert sorted(refusals(str(tmp_path / "out"))) == [
        "Evaluator: all playlists lost 80.0% (at most 10.0% is allowed): "
        "recall@10 0.1250 against the served model's 0.6250.",
        "Evaluator: and 1 more, none of them worse.",
        "Evaluator: scenario first5 lost 100.0% (at most 10.0% is allowed): "
        "recall@10 0.0000 against the served model's 1.0000.",
        "Evaluator: scenario first5: recall@10 0.0000 misses the floor of 0.2, by 100.0%.",
    ]
    # Where the served model finds nothing, nothing can be lost.
    analyse(inputs, tmp_path / "better", drop=-0.1, kind="relative")
    assert not tfma.load_validation_result(str(tmp_path / "better")).validation_ok
    assert refusals(str(tmp_path / "better")) == []


def computation(metrics, **more):
    return RetrievalMetrics(metrics).computations(**more)


def test_one_computation_a_model_with_the_keys_that_thresholds_look_for():
    found = computation(["ndcg", "clicks"], model_names=["candidate", "baseline"])
    assert [[key.name for key in one.keys] for one in found] == [["ndcg", "clicks"]] * 2
    assert [one.keys[0].model_name for one in found] == ["candidate", "baseline"]
    assert {key.example_weighted for one in found for key in one.keys} == {None}
    assert len(set(found)) == 2  # TFMA drops what looks the same


def playlist_values(extracts, metrics=("ndcg", "recall@10")):
    (one,) = computation(list(metrics))
    return next(one.preprocessors[0].process(extracts))


@pytest.mark.parametrize("labels", [None, np.array([], dtype=object)])
def test_nothing_withheld_is_no_value(labels):
    prediction = {"track_uris": np.array([b"a"], dtype=object)}
    found = playlist_values({tfma.LABELS_KEY: labels, tfma.PREDICTIONS_KEY: prediction})
    assert np.isnan(found).all()


def test_a_model_without_that_output():
    extracts = {tfma.LABELS_KEY: np.array([b"a"]), tfma.PREDICTIONS_KEY: {"logits": np.ones(3)}}
    with pytest.raises(ValueError, match="no output 'track_uris'"):
        playlist_values(extracts)


def test_means_merge_and_leave_out_what_has_no_value():
    (one,) = computation(["ndcg", "mrr"])
    combiner = one.combiner
    parts = []
    for rows in ([[0.2, math.nan]], [[0.4, math.nan], [0.9, math.nan]], []):
        part = combiner.create_accumulator()
        for row in rows:
            part = combiner.add_input(part, np.array(row))
        parts.append(part)
    found = combiner.extract_output(combiner.merge_accumulators(parts))
    assert found[one.keys[0]] == pytest.approx((0.2 + 0.4 + 0.9) / 3)
    assert math.isnan(found[one.keys[1]])
    empty = combiner.extract_output(combiner.merge_accumulators([]))
    assert all(math.isnan(value) for value in empty.values())


def test_metrics_that_need_more_are_refused():
    for name in ("novelty", "r_precision_artist"):
        with pytest.raises(ValueError, match=f"{name} needs .*, which the Evaluator"):
            RetrievalMetrics([name])
    with pytest.raises(ValueError, match="no metric is named"):
        RetrievalMetrics(["precision"])
    contract = {"r_precision", "ndcg", "clicks", "recall@10", "recall@100", "recall@500"}
    assert contract <= set(FROM_LISTS)
    config = RetrievalMetrics(["ndcg"]).get_config()
    assert RetrievalMetrics.from_config(dict(config)).get_config() == config
