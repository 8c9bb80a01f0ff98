"""`segue lineage`, out of ML Metadata that runs of a toy wrote."""

import shutil

from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.config import PipelineConfig
from pipeline.lifecycle import provenance
from pipeline.lifecycle.lineage import differences
from schema.model_card import ModelCard


def test_the_way_from_slices_to_the_model(toy, segue):
    toy.run("11", settings=("gate.alpha=0.01",))
    toy.run("12", blessed=0)
    toy.run("13", started="later")
    found = segue("lineage", 13)
    first, last = segue("runs").runs[2], segue("runs").runs[0]
    assert found.run == last
    steps = {step.node: step for step in found.steps}
    assert list(steps) == ["Ingest", "ImportExampleGen", "Trainer.als", "Pusher"]
    assert steps["Trainer.als"].run == first.name, "it came from the cache"
    assert steps["Pusher"].run == last.name
    (model,) = steps["Trainer.als"].outputs
    (examples,) = steps["ImportExampleGen"].outputs
    assert steps["Trainer.als"].inputs == [examples.id]
    assert steps["Pusher"].inputs == [model.id]
    assert (model.key, model.type, model.there) == ("model", "Model", True)
    assert model.uri == str(toy.out / "pipeline_root" / "Trainer.als" / "model" / "3")
    assert steps["Pusher"].outputs[0].uri == str(toy.out / "serving" / "segue" / "13")
    assert [step.source_hash for step in found.steps] == [
        "ingest code",
        "import code",
        "als code",
        "",
    ]
    assert (found.source_hash, found.image) == ("all code", "registry/segue@sha256:1")
    assert found.versions == ["11", "13"]
    assert (found.served, found.path) == (True, str(toy.out / "serving" / "segue" / "13"))

    found = segue("lineage", 11)
    assert found.differs["gate.alpha"] == 0.01
    assert found.config["gate"]["alpha"] == 0.01
    assert found.config_hash == provenance.config_hash(
        toy.config("gate.alpha=0.01", "seed=1").model_dump_json()
    )
    assert not found.served


def test_only_what_is_not_the_default_differs(toy):
    config = toy.config("split.train=60", "models.als.factors=8").model_dump(mode="json")
    assert differences(config) == {
        "candidate": "als",
        "baselines": ["popularity"],
        "models.als": {"factors": 8},
        "split.train": 60,
    }
    assert differences(PipelineConfig(data="d").model_dump(mode="json")) == {}
    assert differences({**config, "removed": 1})["removed"] == 1


def test_an_unknown_version_says_which_there_are(toy, segue):
    toy.run("11")
    toy.run("9", seed=2)
    assert segue("lineage", 5, code=2).error == "there is no pushed version 5: there are 9, 11"


def test_a_version_of_other_metadata_is_told_by_its_card(toy, segue):
    toy.run("11")
    version = toy.out / "serving" / "segue" / "77"
    version.mkdir()
    card = ModelCard(family="als", source_hash="old code", commit="abc", image="registry/other")
    card.write(str(version))
    found = segue("lineage", 77)
    assert (found.run, found.steps) == (None, [])
    assert (found.source_hash, found.image) == ("old code", "registry/other")
    assert found.card["commit"] == "abc"


def test_a_version_that_was_deleted_is_still_known(toy, segue):
    toy.run("11")
    shutil.rmtree(toy.out / "serving" / "segue" / "11")
    found = segue("lineage", 11)
    assert (found.path, found.served, found.card) == (None, False, {})
    assert found.run.pushed_version == "11"


def test_a_tree_for_a_person(toy):
    toy.run("11")
    done = CliRunner().invoke(app, ["lineage", "11", "--out", str(toy.out)])
    assert done.stdout.startswith("version 11 · served now\n")
    for line in ("data slices · one", "container registry/segue@sha256:1", "commit c0ffee+"):
        assert line in done.stdout


def test_a_run_records_what_it_is_made_by(toy, monkeypatch):
    monkeypatch.setenv("SEGUE_IMAGE", "registry/segue@sha256:2")
    monkeypatch.setenv("SEGUE_COMMIT", "f00d")
    config = toy.config()
    made = provenance.Provenance.of(config)
    assert (made.out, made.image, made.commit) == (str(toy.out), "registry/segue@sha256:2", "f00d")
    assert PipelineConfig.model_validate_json(made.config) == config
    assert len(made.source_hash) == len(made.config_hash) == 16
    other = provenance.Provenance.of(toy.config("seed=5"))
    assert other.config_hash != made.config_hash
    assert other.source_hash == made.source_hash
