"""When TFX's Evaluator gets a baseline."""

import pytest
from tfx.components.evaluator import executor as tfx_executor
from tfx.types import standard_artifacts

from components import served_file
from components.evaluator.component import Evaluator
from components.evaluator.executor import Executor
from schema.documents import ServedModel


@pytest.mark.parametrize(
    ("comparison", "keys"),
    [
        ("made", {"model", "baseline_model"}),
        ("none", {"model"}),
        ("same", {"model"}),
        ("not_made", {"model"}),
    ],
)
def test_the_served_model_is_the_baseline_where_it_is_compared_with(
    tmp_path, monkeypatch, comparison, keys
):
    got = []
    monkeypatch.setattr(tfx_executor.Executor, "Do", lambda self, inputs, *_: got.append(inputs))
    served, model = standard_artifacts.Model(), standard_artifacts.Model()
    served.uri = str(tmp_path)
    served_file.write(ServedModel(comparison=comparison), served)
    Executor().Do({"model": [model], "baseline_model": [served]}, {}, {})
    assert [set(inputs) for inputs in got] == [keys]
    assert got[0].get("baseline_model", [served]) == [served]


def test_it_is_still_tfxs_component_and_executor():
    """Runners in the cloud treat TFX's executor specially, and its subclasses with it."""
    assert issubclass(Executor, tfx_executor.Executor)
    assert Evaluator.EXECUTOR_SPEC.executor_class is Executor
