"""Where a run registers what it pushes, and where it looks what is served."""

from __future__ import annotations

import json
import pathlib

import pytest

from pipeline.config import PipelineConfig
from pipeline.dag import Paths, create_pipeline
from pipeline.overrides import RunConfigError, load_config
from pipeline.runners import local
from pipeline.runners.vertex.compiling import compile_pipeline
from schema.layout import Layout

MLFLOW = "mlflow+https://models.example.com"


def loaded(*settings: str) -> PipelineConfig:
    return load_config(None, ("candidate=als", "baselines=[popularity]", *settings), data="slices")


def asked(*settings: str) -> tuple[str, str]:
    """The registry that all nodes ask that have to do with one, and its model."""
    config = loaded(*settings)
    pipeline = create_pipeline(config, Paths.under(config))
    nodes = {node.id: node for node in pipeline.components}
    told = {
        (node.exec_properties["registry"], node.exec_properties["registered_model"])
        for node in (
            nodes["Register"],
            nodes["ServedModel"],
            *filter(None, [nodes.get("WarmStart")]),
        )
    }
    ((options, model),) = told
    assert json.loads(options)["alias"] == "challenger"
    assert {nodes["Pusher"], nodes["Report"], nodes["Ingest"]} == nodes["Register"].upstream_nodes
    return json.loads(options)["uri"], model


def test_beside_the_served_models_where_none_is_named(tmp_path: pathlib.Path) -> None:
    assert asked(f"out={tmp_path}") == (str(tmp_path / "serving" / "registry"), "segue")
    assert asked(f"out={tmp_path}", "start_from=served")[1] == "segue"


def test_in_a_directory(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert asked("registry.uri=models")[0] == str(tmp_path / "models")


def test_at_a_server() -> None:
    assert asked(f"registry.uri={MLFLOW}")[0] == MLFLOW


def test_a_bucket_has_none_of_its_own() -> None:
    config = loaded("storage=gs://bucket/segue")
    assert config.registry_uri(Layout.under("gs://bucket/segue")) == ""
    config = loaded("storage=gs://bucket/segue", f"registry.uri={MLFLOW}")
    assert config.registry_uri(Layout.under("gs://bucket/segue")) == MLFLOW


def test_a_model_for_each_segment() -> None:
    segment = ("holdout.of=listeners", "holdout.segment=new_users")
    assert asked(*segment)[1] == "segue-new_users"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["registry.uri=http://127.0.0.1:5000"], "mlflow+http://HOST:PORT"),
        (["registry.uri=gs://bucket/registry"], "a directory in a bucket knows no locks"),
        (
            ["storage=gs://bucket/segue", "registry.uri=models"],
            "workers are on other machines and do not reach models",
        ),
        (["registry.alias=stable"], "registry.alias"),
        (["registry.timeout_seconds=0"], "registry.timeout_seconds"),
        (["registry.place=here"], "registry.place"),
    ],
)
def test_what_is_refused(settings: list[str], says: str) -> None:
    with pytest.raises(RunConfigError) as error:
        loaded(*settings)
    assert says in str(error.value)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(RunConfigError) as error:
        loaded("registry.uri=mlflow+https://anna:secret@host")
    assert "MLFLOW_TRACKING_PASSWORD" in str(error.value)
    assert "secret" not in str(error.value)


def test_on_vertex() -> None:
    config = load_config(
        None,
        ("storage=gs://bucket/segue", "baselines=[als]", f"registry.uri={MLFLOW}"),
        data="gs://bucket/mpd",
    )
    tasks = compile_pipeline(config).job["pipelineSpec"]["root"]["dag"]["tasks"]
    inputs = tasks["Register"]["inputs"]
    assert {
        name: each["taskOutputArtifact"]["producerTask"]
        for name, each in inputs["artifacts"].items()
    } == {"pushed_model": "Pusher", "report": "Report", "records": "Ingest", "ingested": "Ingest"}
    values = {name: each["runtimeValue"]["constant"] for name, each in inputs["parameters"].items()}
    assert json.loads(values["registry"])["uri"] == MLFLOW
    assert values["waiting"] == "gs://bucket/segue/serving/unregistered"
    assert not tasks["Register"]["cachingOptions"]


def test_a_registry_that_is_down_is_told_before_the_run(tmp_path: pathlib.Path) -> None:
    config = loaded(f"out={tmp_path}")
    notes: list[str] = []

    class Console:
        note = staticmethod(notes.append)

    local._look(Paths.under(config), config, Console())  # type: ignore[arg-type]
    assert notes == []
    record = tmp_path / "serving" / "registry" / "segue" / "registry.json"
    record.parent.mkdir(parents=True)
    record.write_text("{")
    local._look(Paths.under(config), config, Console())  # type: ignore[arg-type]
    (note,) = notes
    assert note.startswith(f"The registry was not asked: {record} is not a registry's record")
