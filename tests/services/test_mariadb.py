"""ML Metadata in a real MariaDB: runs, and all that is asked of them."""

import os
import pathlib
import shutil
import tempfile

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from sample.generator import write_slices
from schema.status import StatusLine
from tests.pipeline.lifecycle.toy_dag import Toy
from tests.services import mariadb

pytestmark = pytest.mark.services

PASSWORD = "a 'se\"cret\\ $word"
TINY = (
    "candidate=als",
    "baselines=[popularity]",
    "models.als.factors=8",
    "split.train=60",
    "split.eval=25",
    "split.test=15",
    "gate.resamples=999",
    "infra_check.requests=3",
)


@pytest.fixture(scope="module")
def server():
    # The server's user cannot enter pytest's own folders.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="segue-mariadb-"))
    try:
        running = mariadb.start(folder)
        try:
            yield running
        finally:
            running.close()
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def settings(server, request, monkeypatch):
    """Settings of a database of the test's own, for a user who may use it."""
    name = "".join(letter for letter in request.node.name if letter.isalnum())[:60]
    quoted = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
    server.tell(
        f"CREATE OR REPLACE USER 'segue'@'127.0.0.1' IDENTIFIED BY '{quoted}';"
        f"CREATE OR REPLACE USER 'segue'@'localhost' IDENTIFIED BY '{quoted}';"
        f"GRANT ALL ON {name}.* TO 'segue'@'127.0.0.1';"
        f"GRANT ALL ON {name}.* TO 'segue'@'localhost';"
    )
    monkeypatch.setenv("SEGUE_TEST_PASSWORD", PASSWORD)
    return (
        "metadata.host=127.0.0.1",
        f"metadata.port={server.port}",
        f"metadata.database={name}",
        "metadata.password=$SEGUE_TEST_PASSWORD",
    )


def command(*arguments, settings=(), code=0):
    given = [part for setting in settings for part in ("--set", setting)]
    done = CliRunner().invoke(app, [*map(str, arguments), *given, "--json"])
    assert done.exit_code == code, done.output
    return StatusLine.model_validate_json(done.stdout.splitlines()[-1]).root


def test_a_run_is_kept_there_and_told_of(settings, tmp_path):
    write_slices(tmp_path / "slices", 150, seed=1, slice_size=150)
    out = tmp_path / "out 🎵"
    asked = ("--data", tmp_path / "slices", "--out", out)
    first = command("run", *asked, settings=(*TINY, *settings))
    again = command("run", *asked, settings=(*TINY, "gate.alpha=0.06", *settings))
    assert {first.status, again.status} <= {"blessed", "refused"}
    assert not (out / "metadata.db").exists()

    second, oldest = command("runs", "--out", out, settings=settings).runs
    assert (oldest.state, second.state) == ("finished", "finished")
    assert (oldest.cached, oldest.candidate) == (0, "als")
    assert second.cached > 8
    assert oldest.metrics == first.metrics
    assert (oldest.blessed, oldest.reasons) == (first.status == "blessed", first.reasons)
    assert oldest.data.playlists == second.data.playlists
    assert sum(oldest.data.playlists.values()) == 150
    version = first.pushed_version
    if version is not None:
        found = command("lineage", version, "--out", out, settings=settings)
        nodes = [step.node for step in found.steps]
        assert nodes[0] == "ImportSchemaGen"
        assert "Ingest" in nodes
        assert nodes[-2:] == ["Trainer.als", "Pusher"]
        assert found.card["family"] == "als"
        assert found.differs["models.als"] == {"factors": 8}
    found = command("gc", "--keep", 1, "--delete", "--out", out, settings=settings)
    assert found.deleted
    third = command("run", *asked, settings=(*TINY, "gate.alpha=0.06", *settings))
    assert third.metrics == again.metrics
    for path in out.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path


def test_directories_share_a_database_and_know_their_own_runs(settings, tmp_path):
    toys = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        toys.append(Toy(tmp_path / name, settings))
    for toy in toys:
        toy.run("11")
        toy.run("12", seed=2, blessed=0)
    for toy in toys:
        refused, first = command("runs", "--out", toy.out, settings=settings).runs
        assert (first.pushed_version, refused.blessed) == ("11", False)
        assert command("lineage", 11, "--out", toy.out, settings=settings).run.name == first.name
    one, other = toys
    one.run("13", seed=3)
    keep = ("--keep", 1, "--delete")
    gone = command("gc", *keep, "--out", one.out, settings=settings).collected
    assert gone
    assert all(each.path.startswith(str(one.out)) for each in gone)
    assert all(node.cached for node in other.run("12", seed=2, blessed=0).values())


def test_what_the_server_refuses_is_said_in_words(settings, tmp_path, monkeypatch):
    asked = ("run", "--data", tmp_path, "--out", tmp_path / "out")

    def error(*others):
        return command(*asked, settings=(*settings, *others), code=1).error

    told = error("metadata.database=forbidden")
    assert "refuses forbidden to segue" in told
    assert "Access denied" in told
    monkeypatch.setenv("SEGUE_TEST_PASSWORD", "wrong")
    told = error()
    assert "lets segue not in: see to metadata.user, the password in $SEGUE_TEST_PASSWORD" in told
    assert "wrong" not in told
    monkeypatch.delenv("SEGUE_TEST_PASSWORD")
    assert "set the environment variable SEGUE_TEST_PASSWORD" in error()
    assert not os.path.exists(tmp_path / "out" / "pipeline_root" / "Ingest")


def test_nothing_is_made_for_those_who_only_ask(settings, server, tmp_path):
    told = command("runs", "--out", tmp_path / "none", settings=settings, code=1).error
    assert "Unknown database" in told
    assert "nothingismade" not in server.tell("SHOW DATABASES")
