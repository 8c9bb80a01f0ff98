"""When TFX's Evaluator gets a baseline."""

from types import SimpleNamespace

import pytest
from tfx.components.evaluator import executor as tfx_executor
from tfx.types import standard_artifacts

from components import served_file
from components.evaluator import executor
from components.evaluator.component import Evaluator
from schema.documents import CountsError, ServedModel
from tests.components.counts_fixture import counted


def evaluated(tmp_path, monkeypatch, comparison="none", *, held_out):
    """Runs the executor on what is held out, of which three playlists are evaluated."""
    measured = SimpleNamespace(
        slicing_metrics=[
            ((("scenario", "title"),), {"": {"": {"example_count": {"doubleValue": 1.0}}}}),
            ((), {"": {"": {"example_count": {"doubleValue": 3.0}}}}),
        ]
    )
    monkeypatch.setattr(executor.counted.tfma, "load_eval_result", lambda path: measured)
    blessing, evaluation = standard_artifacts.ModelBlessing(), standard_artifacts.ModelEvaluation()
    served, model = standard_artifacts.Model(), standard_artifacts.Model()
    examples = standard_artifacts.Examples()
    served.uri, examples.uri = str(tmp_path), str(tmp_path / "examples")
    counted(examples, "Holdout", eval=(held_out, 9), test=(1, 1))
    served_file.write(ServedModel(comparison=comparison), served)
    executor.Executor().Do(
        {"examples": [examples], "model": [model], "baseline_model": [served]},
        {"blessing": [blessing], "evaluation": [evaluation]},
        {"example_splits": '["eval"]'},
    )
    return blessing


@pytest.mark.parametrize(
    ("comparison", "keys", "blessed", "says"),
    [
        ("made", {"model", "baseline_model"}, 1, "thresholds met, compared with the served model"),
        ("made", {"model", "baseline_model"}, 0, "thresholds missed, compared with the served"),
        ("none", {"model"}, 1, "thresholds met"),
        ("same", {"model"}, 1, "thresholds met"),
        ("not_made", {"model"}, 0, "thresholds missed"),
    ],
)
def test_the_served_model_is_the_baseline_where_it_is_compared_with(
    tmp_path, monkeypatch, comparison, keys, blessed, says
):
    got = []

    def evaluate(self, inputs, outputs, properties):
        got.append(inputs)
        outputs["blessing"][0].set_int_custom_property("blessed", blessed)

    monkeypatch.setattr(tfx_executor.Executor, "Do", evaluate)
    blessing = evaluated(tmp_path, monkeypatch, comparison, held_out=3)
    assert [set(inputs) for inputs in got] == [{*keys, "examples"}]
    assert blessing.get_string_custom_property("summary").startswith(says)


@pytest.mark.parametrize(("held_out", "what"), [(4, "1 lost"), (2, "1 too many")])
def test_an_evaluation_of_other_playlists_than_were_held_out_stops_it(
    tmp_path, monkeypatch, held_out, what
):
    monkeypatch.setattr(tfx_executor.Executor, "Do", lambda *_: None)
    told = f"Evaluator: eval: Holdout wrote {held_out} playlists, 3 read: {what}"
    with pytest.raises(CountsError, match=told):
        evaluated(tmp_path, monkeypatch, held_out=held_out)


def test_it_is_still_tfxs_component_and_executor():
    """Runners in the cloud treat TFX's executor specially, and its subclasses with it."""
    assert issubclass(executor.Executor, tfx_executor.Executor)
    assert Evaluator.EXECUTOR_SPEC.executor_class is executor.Executor
