"""`segue gc`: what goes, what stays, and that runs go on after it."""

import os
import pathlib
import shutil
import subprocess

import pytest
from ml_metadata.proto import metadata_store_pb2

from pipeline.lifecycle import collection, metadata, protection
from pipeline.runners import launch
from schema import locks, output_lock
from schema.layout import Layout
from schema.registry import Registration
from serving.registry import keep, open_registry
from tests.pipeline.lifecycle.toy_dag import MODEL_BYTES, Toy, write

DELETED = metadata_store_pb2.Artifact.DELETED


def paths(found, kind):
    return {pathlib.Path(one.path).name for one in found if one.kind == kind}


def names(found, kind="artifact"):
    return sorted(one.name for one in found if one.kind == kind)


def reasons(found, kind):
    return {one.name: one.reason for one in found if one.kind == kind}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where each test has a directory of its own, by a name that its records hold."""
    return tmp_path_factory.mktemp("collection") / "out"


@pytest.fixture
def toy(place):
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return Toy(place)


@pytest.fixture(scope="module")
def kept_runs(place):
    """A copy of a directory with five runs."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for number in range(1, 6):
        Toy(place).run(str(10 + number), seed=number)
    return copied(place, place.parent / "kept")


@pytest.fixture
def five_runs(kept_runs, toy):
    """Of five seeds, which pushed versions 11 to 15."""
    toy.out.rmdir()
    copied(kept_runs, toy.out)
    return toy


def copied(tree, to):
    """Copies a tree with its times and hard links."""
    subprocess.run(["cp", "--archive", tree, to], check=True)
    return to


def models(toy):
    return sorted((toy.out / "pipeline_root" / "Trainer.als" / "model").iterdir())


def test_a_dry_run_tells_and_changes_nothing(five_runs, segue):
    def state():
        return {
            (path, path.lstat().st_mtime_ns)
            for path in five_runs.out.rglob("*")
            if path.name != "metadata.db"
        }

    before = state()
    found = segue("gc", "--keep", 1)
    assert state() == before
    assert not found.deleted
    assert names(found.collected) == sorted(
        ["Trainer.als model", "Significance blessing", "Pusher pushed_model"] * 4
    )
    assert paths(found.collected, "version") == {"11", "12", "13", "14"}
    assert reasons(found.kept, "version")["15"] == "served now"
    assert reasons(found.kept, "artifact")["Trainer.als model"].startswith("used by run ")
    reports = [one.reason for one in found.kept if one.name == "Report report"]
    assert reports.count("the report of a run") == 4
    model = next(one for one in found.collected if one.name == "Trainer.als model")
    assert model.size == MODEL_BYTES + len("1")


def test_what_is_deleted_is_made_again_by_the_next_run(five_runs, segue, known):
    found = segue("gc", "--keep", 1, "--delete")
    assert found.deleted
    assert len(models(five_runs)) == 1
    assert os.listdir(five_runs.out / "serving" / "segue") == ["15"]
    gone = [each for each in known().records.artifacts.values() if each.state == DELETED]
    assert len(gone) == 12
    assert not any(os.path.exists(each.uri) for each in gone)
    assert segue("gc", "--keep", 1, "--delete").collected == []

    last = five_runs.run("15", seed=5)
    assert all(node.cached for node in last.values()), "what the last run used is there"
    again = five_runs.run("21", seed=1)
    assert {name: node.cached for name, node in again.items()} == {
        "Ingest": True,
        "ImportExampleGen": True,
        "Trainer.als": False,
        "Significance": False,
        "Pusher": False,
        "Report": False,
    }
    assert segue("runs").runs[0].pushed_version == "21"
    assert [run.state for run in segue("runs").runs] == ["finished"] * 7
    assert segue("lineage", 11).steps[-2].outputs[0].there is False


def test_keep_and_the_configuration_say_how_much_stays(five_runs, segue):
    found = segue("gc", "--keep", 2)
    assert paths(found.collected, "version") == {"11", "12", "13"}
    assert names(found.collected).count("Trainer.als model") == 3
    found = segue("gc", "--set", "gc.runs=1", "--set", "gc.versions=4", "--set", "gc.reports=1")
    assert paths(found.collected, "version") == {"11"}
    # Those of the runs that pushed what stays, and that of the last.
    assert names(found.collected).count("Report report") == 1
    found = segue("gc", "--keep", 1, "--set", "gc.min_age_days=1")
    assert found.collected == []
    assert segue("gc", "--keep", 0, code=2).status == "invalid"


def test_what_is_released_stays(five_runs, segue, release):
    release((11, None), (12, None), (13, 14))
    found = segue("gc", "--keep", 1)
    assert paths(found.collected, "version") == {"11"}
    kept = reasons(found.kept, "version")
    assert kept == {
        "12": "stable before: a rollback returns to it",
        "13": "served now",
        "14": "canary in the release record",
        "15": "the latest: a server loads it by default",
    }
    assert names(found.collected).count("Trainer.als model") == 1


def test_what_a_servers_configuration_names_stays(five_runs, segue):
    config = five_runs.out / "serving" / "models.config"
    entry = 'model_config_list {{ config {{ name: "segue" base_path: "/b" {} }} }}'
    policies = {
        "model_version_policy { specific { versions: 11 } }": {"12", "13", "14"},
        'version_labels { key: "old" value: 12 }': {"11", "13", "14"},
        "model_version_policy { latest { num_versions: 3 } }": {"11", "12"},
        "model_version_policy { all { } }": set(),
    }
    for policy, goes in policies.items():
        config.write_text(entry.format(policy))
        assert paths(segue("gc", "--keep", 1).collected, "version") == goes
    base = os.path.join(five_runs.out, "serving", "segue")
    other = 'model_config_list {{ config {{ name: "other" base_path: "{}" {} }} }}'
    specific = "model_version_policy { specific { versions: 11 } }"
    for folder, goes in ((base, {"12", "13", "14"}), ("/b", {"11", "12", "13", "14"})):
        config.write_text(other.format(folder, specific))
        assert paths(segue("gc", "--keep", 1).collected, "version") == goes
    config.write_text("nonsense")
    assert str(config) in segue("gc", "--keep", 1, "--delete", code=2).error
    assert len(os.listdir(five_runs.out / "serving" / "segue")) == 5


def test_a_record_that_only_a_run_was_told_of_protects_what_it_names(toy, segue, release, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "releases.json"
    elsewhere.parent.mkdir()
    for number in (11, 12, 13):
        toy.run(str(number), seed=number, settings=(f"release_record={elsewhere}",))
    release((11, None))
    (toy.out / "serving" / "releases.json").rename(elsewhere)
    assert paths(segue("gc", "--keep", 1).collected, "version") == {"12"}


def test_a_record_that_cannot_be_locked_protects_every_version(five_runs, known):
    found = known("gc.versions=1")
    kept = protection.versions(
        found.released.paths,
        found.records,
        five_runs.config("gc.versions=1").gc,
        served="15",
        needed={},
        record_paths=["gs://bucket/releases.json"],
        config_paths=[],
    )
    assert sorted(kept) == ["11", "12", "13", "14", "15"]
    assert kept["11"].startswith("gs://bucket/releases.json cannot be locked")


def test_what_was_blessed_last_stays(toy, segue):
    toy.run("11")
    toy.run("12", seed=2)
    for seed in (3, 4, 5):
        toy.run(str(seed), seed=seed, blessed=0)
    write(str(toy.out / "serving" / "segue" / "99"), "saved_model.pb", b"by hand")
    found = segue("gc", "--keep", 1)
    kept = reasons(found.kept, "version")
    assert kept == {"12": "blessed last", "99": "served now"}
    (reason,) = {
        one.reason
        for one in found.kept
        if one.name == "Trainer.als model" and one.path.endswith("/9")
    } or {""}
    assert "whose candidate was blessed last" in reason


def test_what_a_run_left_that_did_not_finish_is_gone_on_from(toy, segue):
    toy.run("11")
    with pytest.raises(KeyboardInterrupt):
        toy.run("12", seed=2, stop_at="Significance")
    assert segue("gc", "--keep", 1, "--delete").collected == []
    again = toy.run("12", seed=2)
    assert again["Trainer.als"].cached


def test_leftovers_of_a_failed_execution_go_once_others_ran(toy, segue):
    with pytest.raises(launch.NodeFailedError):
        toy.run("11", fails=True)
    left = toy.out / "pipeline_root" / "Trainer.als" / "model" / "3"
    write(str(left), "part", bytes(100))
    stays = [one for one in segue("gc").kept if one.kind == "leftover"]
    assert [(one.path, one.reason) for one in stays] == [(str(left), "of the newest run")]
    toy.run("11")
    found = segue("gc", "--delete")
    assert [one.path for one in found.collected] == [str(left)]
    assert not left.exists()


def test_a_collection_that_is_cut_short_is_ended_by_the_next(five_runs, segue, known, monkeypatch):
    done = []

    def remove_two(path):
        if len(done) == 2:
            raise OSError(5, "Input/output error", path)
        done.append(path)
        real(path)

    real = collection.remove
    monkeypatch.setattr(collection, "remove", remove_two)
    assert "Input/output error" in segue("gc", "--keep", 1, "--delete", code=1).error
    monkeypatch.undo()
    # Nothing that it began with is taken from the cache, whatever is left of it.
    again = five_runs.run("21", seed=1)
    assert not again["Trainer.als"].cached
    found = segue("gc", "--keep", 100, "--delete")
    (reason,) = {one.reason for one in found.collected}
    assert reason.startswith("marked as deleted")
    left = {each.uri for each in known().records.artifacts.values() if each.state == DELETED}
    assert left
    assert not any(map(os.path.exists, left))


def test_a_version_is_out_of_the_servers_sight_before_it_is_deleted(five_runs, segue, monkeypatch):
    monkeypatch.setattr(collection, "remove", lambda path: None)
    segue("gc", "--keep", 1, "--delete")
    folder = five_runs.out / "serving" / "segue"
    assert sorted(os.listdir(folder)) == [f".1{n}.deleted" for n in range(1, 5)] + ["15"]
    assert segue("lineage", 12).path is None
    monkeypatch.undo()
    found = segue("gc", "--keep", 100, "--delete")
    assert names(found.collected, "version") == ["11", "12", "13", "14"]
    assert os.listdir(folder) == ["15"]


def test_a_version_that_came_back_after_a_collection_that_was_cut_short_goes(five_runs, segue):
    folder = five_runs.out / "serving" / "segue"
    (folder / ".12.deleted" / "assets").mkdir(parents=True)
    segue("gc", "--keep", 1, "--delete")
    assert os.listdir(folder) == ["15"]


def test_nothing_outside_of_the_directory_is_deleted(five_runs, segue, tmp_path):
    """Not where an artifact's URI leads there, nor behind a link."""
    elsewhere = five_runs.out.parent / "elsewhere"
    write(str(elsewhere), "precious", b"x")
    trainer = five_runs.out / "pipeline_root" / "Trainer.als"
    (trainer / "model").rename(tmp_path / "moved")
    (trainer / "model").symlink_to(tmp_path / "moved", target_is_directory=True)
    versions = five_runs.out / "serving" / "segue"
    (versions / "12").rename(tmp_path / "version12")
    (versions / "12").symlink_to(tmp_path / "version12", target_is_directory=True)
    found = segue("gc", "--keep", 1, "--delete")
    assert "Trainer.als model" not in names(found.collected)
    assert paths(found.collected, "version") == {"11", "13", "14"}
    assert len(list((tmp_path / "moved").iterdir())) == 5
    assert (versions / "12" / "saved_model.pb").exists()

    store = metadata.opened(
        five_runs.config().metadata, Layout.under(str(five_runs.out)).metadata, writes=True
    )
    artifact = store.get_artifacts()[0]
    artifact.uri, artifact.state = str(elsewhere), DELETED
    store.put_artifacts([artifact])
    artifact.uri = str(five_runs.out / "pipeline_root" / ".." / ".." / "elsewhere")
    store.put_artifacts([artifact])
    segue("gc", "--keep", 1, "--delete")
    assert (elsewhere / "precious").exists()


def test_what_a_served_version_leads_to_by_a_link_stays(five_runs, segue, release):
    (five_runs.out / "serving" / "segue" / "1").symlink_to("11", target_is_directory=True)
    release((1, None))
    found = segue("gc", "--keep", 1, "--delete")
    assert paths(found.collected, "version") == {"12", "13", "14"}
    assert (five_runs.out / "serving" / "segue" / "1" / "saved_model.pb").exists()


def test_links_within_a_tree_are_deleted_and_not_followed(five_runs, segue, tmp_path):
    write(str(tmp_path / "elsewhere"), "precious", b"x")
    (models(five_runs)[0] / "link").symlink_to(tmp_path / "elsewhere")
    found = segue("gc", "--keep", 1, "--delete")
    assert names(found.collected).count("Trainer.als model") == 4
    assert (tmp_path / "elsewhere" / "precious").exists()


def test_hard_links_count_once(toy, segue):
    toy.run("11", data="one")
    toy.run("12", seed=2, data="two")
    (toy.out / "tfrecords" / "one.gz").unlink()
    found = segue("gc", "--keep", 1)
    examples = next(one for one in found.collected if one.name == "ImportExampleGen examples")
    assert examples.size == 700
    total = sum(one.size for one in found.collected)
    assert found.freed == total
    os.link(os.path.join(examples.path, "records.gz"), toy.out / "tfrecords" / "one.gz")
    assert segue("gc", "--keep", 1).freed == total - 700, "another name of it stays"


def test_passed_statistics_and_records_are_never_touched(five_runs, segue):
    write(str(five_runs.out / "passed" / "old"), "stats", b"x")
    write(str(five_runs.out / "schemas" / "old"), "schema.pbtxt", b"x")
    segue("gc", "--keep", 1, "--delete")
    for name in ("passed/old/stats", "schemas/old/schema.pbtxt", "tfrecords/one.gz"):
        assert (five_runs.out / name).exists()


def test_checkpoints_of_trainings_before_the_last_run_go(toy, segue):
    checkpoints = toy.out / "checkpoints"
    toy.run("11")
    inner = checkpoints / "two_tower" / "hash"
    write(str(inner), "weights", b"old")
    for path in (inner.parent, inner):
        os.utime(path, (1, 1))
    assert paths(segue("gc").kept, "checkpoint") == {"two_tower"}, "its newest file counts"
    os.utime(inner / "weights", (1, 1))
    write(str(checkpoints / "tuner-als"), "trial", b"new")
    found = segue("gc", "--delete")
    assert paths(found.collected, "checkpoint") == {"two_tower"}
    assert os.listdir(checkpoints) == ["tuner-als"]


def test_it_waits_for_nobody_and_says_who_is_there(five_runs, segue):
    with output_lock.taken(str(five_runs.out), "segue run"):
        told = segue("gc", "--keep", 1, "--delete", code=1).error
        assert "is in use by" in told
        assert "segue run" in told
        assert "segue run" in segue("gc", "--keep", 1).busy
    assert len(models(five_runs)) == 5
    with locks.held(five_runs.out / "serving" / "releases.lock", "segue release promote"):
        holder = segue("gc", "--keep", 1, "--delete", code=1).error
    assert "segue release promote" in holder


def test_what_the_registry_needs_stays(five_runs, segue):
    base, uri = five_runs.out / "serving" / "segue", str(five_runs.out / "serving" / "registry")
    with open_registry(uri, "segue") as registry:
        for version in (11, 12, 13, 14):
            path = str(base / str(version))
            registry.register(Registration(serving_version=version, saved_model=path))
        registry.promote("champion", 11, expected=None)
        registry.promote("champion", 12, expected=11)
        registry.promote("challenger", 13, expected=None)
    found = segue("gc", "--keep", 1)
    assert paths(found.collected, "version") == {"14"}
    kept = reasons(found.kept, "version")
    assert kept["12"] == "served now"
    assert kept["11"] == "champion before: a rollback returns to it"
    assert kept["13"] == "challenger in the registry"
    # Nobody knows what a registry needs that does not answer.
    (five_runs.out / "serving" / "registry" / "segue" / "registry.json").write_text("{")
    found = segue("gc", "--keep", 1)
    assert paths(found.collected, "version") == set()
    assert "may name it" in reasons(found.kept, "version")["14"]


def test_what_waits_to_be_registered_stays(five_runs, segue):
    given = Registration(serving_version=11, saved_model="out/serving/segue/11")
    keep(str(five_runs.out / "serving" / "unregistered"), given, "", "it was down")
    found = segue("gc", "--keep", 1)
    assert paths(found.collected, "version") == {"12", "13", "14"}
    assert reasons(found.kept, "version")["11"] == "it waits to be registered"
