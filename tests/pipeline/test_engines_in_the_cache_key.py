"""Where Beam's steps run is no part of what a node's results are looked up by."""

import datetime

import pytest
from tfx.dsl.compiler import compiler
from tfx.orchestration.local import runner_utils
from tfx.proto.orchestration import executable_spec_pb2

from pipeline import dag
from pipeline.overrides import load_config
from pipeline.runners import launch

DATAFLOW = (
    "{project: my-project-1, region: europe-west4, image: 'europe-docker.pkg.dev/p/r/s@sha256:12'}"
)
ENGINES = {
    "flink": ["flink={parallelism: 8}"],
    "flink elsewhere": ["flink={job_endpoint: 'beam:1', workers: 'localhost:2', page: null}"],
    "flink for some": ["flink={components: [Transform]}"],
    "dataflow": ["storage=gs://my-bucket/segue", f"dataflow={DATAFLOW}"],
    "another runner": ["beam.pipeline_args=[--runner=PrismRunner]"],
}
#: What only Report has, which always runs: it shows the configuration and when the run began.
SHOWN = "Report"


def looked_up_by(*settings):
    """Each node's executor specification and parameters, of which TFX makes its key."""
    config = load_config(None, ["candidate=als", *settings], data="somewhere")
    paths = dag.Paths.under(config.model_copy(update={"storage": None}))
    began = datetime.datetime(2026, 1, 2, 3, 4, 5)
    ir = compiler.Compiler().compile(dag.create_pipeline(config, paths, started=began))
    deployment = runner_utils.extract_local_deployment_config(ir)
    found, of_beam = {}, set()
    for node in ir.nodes:
        name = node.pipeline_node.node_info.id
        spec = runner_utils.extract_executor_spec(deployment, name)
        given = launch._beam_operators(spec)
        if isinstance(spec, executable_spec_pb2.BeamExecutableSpec):
            of_beam.add(name)
            assert given
        found[name] = (str(spec), str(node.pipeline_node.parameters))
    assert {"Ingest", "Transform", "Evaluator"} <= of_beam
    return {name: each for name, each in found.items() if name != SHOWN}


@pytest.fixture(scope="module")
def in_the_process():
    return looked_up_by()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_may_change_its_engine(engine, in_the_process):
    assert looked_up_by(*ENGINES[engine]) == in_the_process


def test_what_changes_results_is_looked_at(in_the_process):
    others = looked_up_by("split={train: 60, eval: 20, test: 20}")
    assert others["Ingest"] != in_the_process["Ingest"]
