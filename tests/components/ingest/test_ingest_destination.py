"""What is in place after an ingest was killed while it replaced an earlier one's results."""

from __future__ import annotations

import os
import pathlib
import shutil

import pytest

from components.ingest import destination, manifest
from components.ingest.manifest import IngestResult, Manifest

#: Of an earlier ingest and of the next one: other numbers of shards, some names in common.
OLD = {
    "playlists-train-00000-of-00002.tfrecord.gz": "old train 0",
    "playlists-train-00001-of-00002.tfrecord.gz": "old train 1",
    "playlists-eval-00000-of-00001.tfrecord.gz": "old eval",
    "rejects-00000-of-00002.jsonl": "old rejects",
}
NEW = {
    "all/playlists-train-00000-of-00001.tfrecord.gz": "train with duplicates",
    "all/playlists-eval-00000-of-00001.tfrecord.gz": "new eval",
    "unique/playlists-train-00000-of-00001.tfrecord.gz": "train without",
    "rejects/rejects-duplicates-00000-of-00001.jsonl": "new rejects",
}
REPLACED = {
    "playlists-train-00000-of-00001.tfrecord.gz": "train without",
    "playlists-eval-00000-of-00001.tfrecord.gz": "new eval",
    "rejects-duplicates-00000-of-00001.jsonl": "new rejects",
}


class Killed(BaseException):
    """Nothing is done after it."""


def put(folder: pathlib.Path, contents: dict[str, str]) -> None:
    for name, text in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def save(folder: str, run_id: str, sizes: dict[str, int]) -> None:
    manifest.save(
        folder, Manifest("data", run_id, {"run": run_id}, sizes, IngestResult(1, 1, 1, {}))
    )


def results(output: pathlib.Path) -> dict[str, str]:
    return {
        path.name: path.read_text()
        for path in output.iterdir()
        if path.is_file() and path.name not in {".lock", "notes.txt", manifest.NAME}
    }


def replace(output: pathlib.Path) -> None:
    """What the job does when its records are all there."""
    with destination.staging(str(output)) as root:
        put(pathlib.Path(root), NEW)
        save(root, "new", destination.settle(root))
        destination.replace(root, str(output))


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int) -> list[str]:
    """From the given change of the file system on nothing is changed; returns what was."""
    done: list[str] = []

    def counting(name, real):
        def change(*arguments, **options):
            if len(done) >= step:
                raise Killed
            done.append(name)
            return real(*arguments, **options)

        return change

    for module, name in ((os, "rename"), (os, "remove"), (os, "unlink"), (shutil, "rmtree")):
        monkeypatch.setattr(module, name, counting(name, getattr(module, name)))
    return done


@pytest.fixture
def output(tmp_path: pathlib.Path) -> pathlib.Path:
    put(tmp_path / "out", {**OLD, "notes.txt": "not ours"})
    save(str(tmp_path / "out"), "old", {name: len(text) for name, text in OLD.items()})
    return tmp_path / "out"


def test_results_take_the_place_of_an_earlier_ingests(output: pathlib.Path) -> None:
    replace(output)
    assert results(output) == REPLACED
    assert sorted(os.listdir(output)) == sorted([*REPLACED, ".lock", "manifest.json", "notes.txt"])
    found = manifest.load(str(output), {"run": "new"})
    assert found is not None
    assert found.outputs == {name: len(text) for name, text in REPLACED.items()}


@pytest.mark.parametrize("step", range(14))
def test_killed_at_any_step_either_result_is_whole_for_the_next_ingest(
    output: pathlib.Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    with monkeypatch.context() as patched:
        done = kill_at(patched, step)
        try:
            replace(output)
        except Killed:
            assert len(done) == step
        else:
            assert len(done) < 14, "there are more steps than are tried"
    # What is listed is in place, or nothing is listed.
    listed = manifest.read(str(output))
    if listed:
        expected = REPLACED if listed.run_id == "new" else OLD
        assert results(output).items() >= expected.items()
        assert manifest.load(str(output), listed.made_from)
    with destination.staging(str(output)):
        found = manifest.read(str(output))
        assert found is not None
        assert results(output) == (REPLACED if found.run_id == "new" else OLD)
        assert manifest.load(str(output), found.made_from)
    assert (output / "notes.txt").read_text() == "not ours"
    assert not list(output.glob("ingesting-*"))


def test_an_error_while_results_are_replaced_loses_none(
    output: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:

        def full(*_: object) -> None:
            raise OSError("No space left on device")

        patched.setattr(os, "rename", full)
        with pytest.raises(Exception, match="No space left"):
            replace(output)
    assert manifest.read(str(output)) is None, "a mixture is no result"
    with destination.staging(str(output)):
        assert results(output) == REPLACED
