"""A DAG with the node names, keys and marks of the real one, whose nodes take a moment each."""

import dataclasses
import json
import os
import pathlib

from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.pipeline import Pipeline
from tfx.types.experimental.simple_artifacts import Dataset
from tfx.types.standard_artifacts import Examples, Model, ModelBlessing, PushedModel

from components.report.component import RunReport
from pipeline.lifecycle import metadata
from pipeline.lifecycle.provenance import Provenance, config_hash
from pipeline.overrides import load_config
from pipeline.runners import launch, repair
from schema import documents
from schema.layout import Layout

MODEL_BYTES = 5_000


@component
def ingested(
    input: Parameter[str],
    span: Parameter[str],
    fingerprint: Parameter[str],
    source_hash: Parameter[str],
    records: OutputArtifact[Dataset],
):
    write(records.uri, "manifest.json", b"{}")


@component
def imported(
    fingerprint: Parameter[str],
    source_hash: Parameter[str],
    shared: Parameter[str],
    examples: OutputArtifact[Examples],
):
    os.makedirs(examples.uri, exist_ok=True)
    os.link(shared, os.path.join(examples.uri, "records.gz"))


@component
def trained(
    custom_config: Parameter[str],
    examples: InputArtifact[Examples],
    model: OutputArtifact[Model],
):
    settings = json.loads(custom_config)
    write(f"{model.uri}/Format-Serving", "saved_model.pb", str(settings["seed"]).encode())
    write(f"{model.uri}/Format-Serving", "weights", bytes(MODEL_BYTES))
    if settings["fails"]:
        raise ValueError("the towers fell\nall of them")


@component
def judged(
    candidate_name: Parameter[str],
    blessed: Parameter[int],
    candidate: InputArtifact[Model],
    blessing: OutputArtifact[ModelBlessing],
):
    write(blessing.uri, "BLESSED" if blessed else "NOT_BLESSED")
    blessing.set_int_custom_property("blessed", blessed)


@component
def pushed(
    started: Parameter[str],
    destination: Parameter[str],
    version: Parameter[str],
    model: InputArtifact[Model],
    model_blessing: InputArtifact[ModelBlessing],
    pushed_model: OutputArtifact[PushedModel],
):
    write(pushed_model.uri, "pushed")
    done = model_blessing.get_int_custom_property("blessed")
    pushed_model.set_int_custom_property("pushed", done)
    if done:
        write(f"{destination}/{version}", "saved_model.pb", b"model")
        pushed_model.set_string_custom_property("pushed_version", version)
        pushed_model.set_string_custom_property("pushed_destination", f"{destination}/{version}")
        pushed_model.set_string_custom_property("summary", f"pushed as version {version}")


@component
def reported(
    started: Parameter[str],
    ndcg: Parameter[str],
    pushed_model: InputArtifact[PushedModel],
    report: OutputArtifact[RunReport],
):
    summary = documents.ModelSummary(overall={"ndcg": documents.Estimate(mean=float(ndcg))})
    metrics = documents.RunMetrics(
        data=documents.DataSummary(playlists={"train": 7, "eval": 3}),
        models={"als": summary},
        blessing=documents.Blessing(reasons=["Better than popularity."]),
    )
    write(report.uri, documents.METRICS_FILE, metrics.to_json().encode())


def write(folder, name, content=b""):
    os.makedirs(folder, exist_ok=True)
    pathlib.Path(folder, name).write_bytes(content)


@dataclasses.dataclass(frozen=True)
class Toy:
    """Runs the DAG into an output directory, as the local runner does."""

    out: pathlib.Path
    settings: tuple[str, ...] = ()

    def config(self, *settings):
        mine = ("candidate=als", "baselines=[popularity]", *self.settings, *settings)
        return load_config(None, mine, data="slices", out=str(self.out))

    def run(
        self,
        version="1",
        *,
        seed=1,
        blessed=1,
        fails=False,
        data="one",
        started=None,
        stop_at=None,
        settings=(),
    ):
        """Gives what became of each node, by id."""
        config, places = self.config(f"seed={seed}", *settings), Layout.under(str(self.out))
        shared = self.out / "tfrecords" / f"{data}.gz"
        if not shared.exists():
            write(str(shared.parent), shared.name, bytes(700))
        ingest = ingested(
            input="slices/*.json", span="latest", fingerprint=data, source_hash="ingest code"
        ).with_id("Ingest")
        examples = imported(
            fingerprint=data, source_hash="import code", shared=str(shared)
        ).with_id("ImportExampleGen")
        examples.add_upstream_node(ingest)
        trainer = trained(
            custom_config=json.dumps({"seed": seed, "fails": fails, "source_hash": "als code"}),
            examples=examples.outputs["examples"],
        ).with_id("Trainer.als")
        judge = judged(
            candidate_name="als", blessed=blessed, candidate=trainer.outputs["model"]
        ).with_id("Significance")
        pusher = pushed(
            started=started or version,
            destination=places.serving,
            version=version,
            model=trainer.outputs["model"],
            model_blessing=judge.outputs["blessing"],
        ).with_id("Pusher")
        report = reported(
            started=started or version, ndcg="0.25", pushed_model=pusher.outputs["pushed_model"]
        ).with_id("Report")
        connection = metadata.connection(config.metadata, places.metadata)
        below = None if config.metadata.host is None else places.pipeline_root
        metadata.opened(config.metadata, places.metadata, writes=True)
        repair.forget_missing(connection, below)
        done = {}

        def start(node_id):
            if node_id == stop_at:
                raise KeyboardInterrupt

        text = config.model_dump_json()
        made_by = Provenance(
            out=str(self.out),
            version="9.9",
            source_hash="all code",
            commit="c0ffee+",
            image="registry/segue@sha256:1",
            config=text,
            config_hash=config_hash(text),
        )
        launch.launch(
            Pipeline(
                pipeline_name=config.name,
                pipeline_root=places.pipeline_root,
                components=[ingest, examples, trainer, judge, pusher, report],
                enable_cache=True,
                metadata_connection_config=connection,
            ),
            start,
            lambda node: done.update({node.node_id: node}),
            dataclasses.asdict(made_by),
        )
        return done
