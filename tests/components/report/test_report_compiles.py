"""The Report component as a runner in the cloud sees it: compiled, with one artifact an input."""

import json

import pytest
from tfx import v1 as tfx
from tfx.types import standard_artifacts
from tfx.types.experimental import simple_artifacts

import components
from components.register.component import Registered
from components.report.component import Report, RunReport
from components.significance.component import PlaylistMetrics


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    """The compiled pipeline of a Report whose inputs are imported."""
    importers = []

    def source(kind, name):
        importer = tfx.dsl.Importer(source_uri=f"gs://bucket/{name}", artifact_type=kind)
        importers.append(importer.with_id(name))
        return importer.outputs["result"]

    families = ("als", "popularity")
    report = Report(
        ingested=source(simple_artifacts.File, "ingested"),
        statistics=source(standard_artifacts.ExampleStatistics, "statistics"),
        anomalies=source(standard_artifacts.ExampleAnomalies, "anomalies"),
        comparison=source(standard_artifacts.ExampleAnomalies, "comparison"),
        held_out=source(standard_artifacts.Examples, "held_out"),
        transform_graph=source(standard_artifacts.TransformGraph, "transform_graph"),
        transformed=source(standard_artifacts.Examples, "transformed"),
        evaluation=source(standard_artifacts.ModelEvaluation, "evaluation"),
        served=source(standard_artifacts.Model, "served"),
        metrics=source(PlaylistMetrics, "metrics"),
        pushed_model=source(standard_artifacts.PushedModel, "pushed_model"),
        models={f: source(standard_artifacts.Model, f"model-{f}") for f in families},
        model_runs={f: source(standard_artifacts.ModelRun, f"run-{f}") for f in families},
        tuner_results={"als": source(standard_artifacts.TunerResults, "trials")},
        data="data",
        span="latest",
        gate="{}",
        config="{}",
        version="1",
        started="2026-01-02T03:04:05+00:00",
        destination="gs://bucket/report",
    )
    target = tmp_path_factory.mktemp("compiled") / "pipeline.json"
    runner = tfx.orchestration.experimental.KubeflowV2DagRunner(
        config=tfx.orchestration.experimental.KubeflowV2DagRunnerConfig(default_image="image"),
        output_filename=str(target),
    )
    runner.run(
        tfx.dsl.Pipeline(
            pipeline_name="report", pipeline_root="gs://bucket", components=[*importers, report]
        )
    )
    return json.loads(target.read_text())["pipelineSpec"]


def test_each_family_has_inputs_of_its_own(spec):
    inputs = spec["components"]["Report"]["inputDefinitions"]["artifacts"]
    assert {name for name in inputs if "_of_" in name} == {
        "model_of_als",
        "model_of_popularity",
        "model_run_of_als",
        "model_run_of_popularity",
        "tuner_results_of_als",
    }


def test_a_parameter_that_is_not_set_is_left_out(spec):
    parameters = spec["components"]["Report"]["inputDefinitions"]["parameters"]
    assert "seconds_file" not in parameters
    assert set(parameters) >= {"started", "destination", "config", "families"}


@pytest.mark.parametrize("kind", [PlaylistMetrics, Registered, RunReport])
def test_a_container_finds_the_types_of_artifacts_by_their_names(kind):
    module, name = kind.TYPE_NAME.split(".")
    assert module == components.__name__
    assert getattr(components, name) is kind
    with pytest.raises(AttributeError, match="Unknown"):
        components.Unknown  # noqa: B018
