"""When TFX's Evaluator gets a baseline."""

import pytest
from tfx.components.evaluator import executor as tfx_executor
from tfx.types import standard_artifacts

from components import served_file
from components.evaluator.component import Evaluator
from components.evaluator.executor import Executor
from schema.documents import ServedModel


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
    blessing = standard_artifacts.ModelBlessing()
    served, model = standard_artifacts.Model(), standard_artifacts.Model()
    served.uri = str(tmp_path)
    served_file.write(ServedModel(comparison=comparison), served)
    Executor().Do({"model": [model], "baseline_model": [served]}, {"blessing": [blessing]}, {})
    assert [set(inputs) for inputs in got] == [keys]
    assert got[0].get("baseline_model", [served]) == [served]
    assert blessing.get_string_custom_property("summary").startswith(says)


def test_it_is_still_tfxs_component_and_executor():
    """Runners in the cloud treat TFX's executor specially, and its subclasses with it."""
    assert issubclass(Executor, tfx_executor.Executor)
    assert Evaluator.EXECUTOR_SPEC.executor_class is Executor
