"""What Evaluator has against a model, in words, from results that are made by hand."""

import pytest
import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from tensorflow_model_analysis.proto import validation_result_pb2

from components.evaluator.refusals import refusals

DROP = "change_threshold { direction: HIGHER_IS_BETTER relative { value: -0.1 } }"


@pytest.fixture
def found(monkeypatch):
    """Evaluator's output: failures by slice, and the candidate's value where one is needed."""

    def make(*failures, more=""):
        per_slice, values = [], []
        for where, name, value, served, threshold in failures:
            keys = "".join(
                f'single_slice_keys {{ column: "{column}" bytes_value: "{text}" }}'
                for column, text in where
            )
            diff = served is not None
            number = value - served if diff else value
            per_slice.append(
                f"metric_validations_per_slice {{ slice_key {{ {keys} }} failures {{"
                f' metric_key {{ name: "{name}" is_diff: {str(diff).lower()} }}'
                f" metric_value {{ double_value {{ value: {number!r} }} }}"
                f" metric_threshold {{ {threshold} }} }} }}"
            )
            estimate = {"boundedValue": {"value": value, "lowerBound": 0.0, "upperBound": 1.0}}
            values.append((where, {"": {"": {name: estimate}}}))
        result = text_format.Parse(
            "\n".join([*per_slice, more]), validation_result_pb2.ValidationResult()
        )
        monkeypatch.setattr(tfma, "load_validation_result", lambda path: result)
        monkeypatch.setattr(
            tfma, "load_eval_result", lambda path: type("Found", (), {"slicing_metrics": values})
        )
        return refusals("evaluation")

    return make


def scenario(name):
    return (("scenario", name),)


def test_a_loss_names_its_slice_both_values_and_its_share_the_worst_first(found):
    assert found(
        ((), "ndcg", 0.45, 0.6, DROP),
        (scenario("title+first5"), "ndcg", 0.2, 0.45, DROP),
        ((("seeds_bucket", "1-5"),), "ndcg", 0.3, 0.5, DROP),
    ) == [
        # (0.45 - 0.2) / 0.45, 0.2 / 0.5 and 0.15 / 0.6
        "Evaluator: scenario title+first5 lost 55.6% (at most 10.0% is allowed): "
        "ndcg 0.2000 against the served model's 0.4500.",
        "Evaluator: seeds 1-5 lost 40.0% (at most 10.0% is allowed): "
        "ndcg 0.3000 against the served model's 0.5000.",
        "Evaluator: all playlists lost 25.0% (at most 10.0% is allowed): "
        "ndcg 0.4500 against the served model's 0.6000.",
    ]


def test_many_are_counted(found):
    texts = found(*((scenario(f"s{i}"), "ndcg", (80 - i) / 100, 1.0, DROP) for i in range(22)))
    assert [text.split(" lost ")[0] for text in texts[:3]] == [
        "Evaluator: scenario s21",
        "Evaluator: scenario s20",
        "Evaluator: scenario s19",
    ]
    assert texts[0].startswith("Evaluator: scenario s21 lost 41.0%")
    assert texts[3:] == ["Evaluator: and 19 more, none of them worse."]


def test_where_less_is_better(found):
    threshold = "change_threshold { direction: LOWER_IS_BETTER relative { value: 0.1 } }"
    assert found((scenario("title"), "clicks", 12.0, 10.0, threshold)) == [
        "Evaluator: scenario title lost 20.0% (at most 10.0% is allowed): "
        "clicks 12.0000 against the served model's 10.0000."
    ]
    assert found((scenario("title"), "clicks", 1.0, 0.0, threshold)) == [
        "Evaluator: scenario title got worse by more than percent can say "
        "(at most 10.0% is allowed): clicks 1.0000 against the served model's 0.0000."
    ]


def test_nothing_is_lost_to_a_served_model_that_has_nothing(found):
    # TFMA refuses: a share of 0 is no number.
    assert found((scenario("title"), "ndcg", 0.0, 0.0, DROP)) == []
    assert found((scenario("title"), "ndcg", 0.2, 0.0, DROP)) == []


def test_a_floor_and_a_ceiling(found):
    assert found(
        (scenario("title"), "ndcg", 0.05, None, "value_threshold { lower_bound { value: 0.2 } }")
    ) == ["Evaluator: scenario title: ndcg 0.0500 misses the floor of 0.2, by 75.0%."]
    assert found(((), "clicks", 12.0, None, "value_threshold { upper_bound { value: 10 } }")) == [
        "Evaluator: all playlists: clicks 12.0000 exceeds the ceiling of 10, by 20.0%."
    ]


def test_what_was_not_measured(found):
    assert found(more='missing_slices { feature_keys: "scenario" } missing_slices {}') == [
        "Evaluator: nothing was measured by scenario.",
        "Evaluator: nothing was measured.",
    ]
    missing = """metric_validations_per_slice { slice_key {} failures {
      metric_key { name: "ndcg" } message: "Metric not found." } }"""
    assert found(more=missing) == ["Evaluator: all playlists: ndcg: Metric not found."]
