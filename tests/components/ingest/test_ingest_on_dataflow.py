"""Ingest's job as Dataflow would get it."""

import tempfile

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_runner_api_pb2

from components.ingest import shards
from components.ingest.executor import Executor
from pipeline import beam_args
from pipeline.overrides import load_config
from schema.splits import SplitConfig

RUN = "20260102-030405"
IMAGE = "europe-docker.pkg.dev/p/r/segue@sha256:12"
ON_DATAFLOW = (
    "storage=gs://my-bucket/segue",
    f"dataflow={{project: my-project-1, region: europe-west4, image: '{IMAGE}'}}",
)


def load(*settings):
    return load_config(None, settings, data="somewhere")


@pytest.mark.parametrize("settings", [(), ON_DATAFLOW])
def test_a_beam_component_leaves_nothing_in_the_folder_of_temporary_files(
    settings, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    arguments = beam_args.of("Ingest", load(*settings), RUN)
    context = Executor.Context(beam_pipeline_args=arguments, tmp_dir="unused", unique_id="1")
    executor = Executor(context)
    if not settings:
        with executor._make_beam_pipeline() as pipeline:
            _ = pipeline | beam.Create([1])
    assert not list(tmp_path.iterdir())


def test_a_job_names_the_image_and_nothing_of_this_machine(root):
    """Beam's own dry run: the graph is made and not sent."""
    config = load(*ON_DATAFLOW, "dataflow.pipeline_args=[--dry_run=True, --no_auth]")
    options = PipelineOptions(beam_args.of("Ingest", config, RUN))
    pipeline = beam.Pipeline(options=options)
    slices = ((0, "gs://my-bucket/mpd/mpd.slice.0-999.json", "", ""),)
    written = shards.WriteShards(
        shards.Staging("gs://my-bucket/segue/tfrecords/ingesting-1", 1),
        ["mpd.slice.0-999.json"],
        SplitConfig(),
        1 << 28,
    )
    _ = pipeline | beam.Create([shards.Shard(0, slices)]) | beam.Reshuffle() | written
    job = pipeline.run().job
    graph = job.proto_pipeline
    assert job.proto.name == "segue-ingest-20260102-030405"
    (environment,) = {
        environment.payload
        for environment in graph.components.environments.values()
        if environment.urn == "beam:env:docker:v1"
    }
    payload = beam_runner_api_pb2.DockerPayload.FromString(environment)
    assert payload.container_image == IMAGE
    text = graph.SerializeToString() + str(job.proto).encode()
    assert str(root).encode() not in text
    assert tempfile.gettempdir().encode() not in text
    names = {transform.unique_name for transform in graph.components.transforms.values()}
    assert {"WriteShards/Write/Write", "WriteShards/DropDuplicates"} & names
