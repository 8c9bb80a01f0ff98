"""Spans as people keep them, and what a run should make of them, by plain dicts."""

from __future__ import annotations

import json
import pathlib
import shutil

import tensorflow as tf

from components.example_gen import spans as example_spans
from components.ingest import manifest, window
from components.ingest.options import IngestOptions
from components.ingest.window import Window
from schema.splits import SPLITS, SplitConfig

OPTIONS = IngestOptions(max_reject_share=1)
SPLIT = SplitConfig(train=2, eval=1, test=1, stop=0.3)


def playlist(pid: int, title: str, tracks: int = 3) -> dict:
    """A playlist in the format of the MPD."""
    uris = [f"spotify:track:{(pid * 7 + i) % 50:022d}" for i in range(tracks)]
    return {"pid": pid, "name": title, "tracks": [{"track_uri": uri} for uri in uris]}


class Data:
    """A directory of spans: slices by span and name, each a dict of titles by pid."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.pattern = f"{folder}/span-{{SPAN}}"

    def write(self, span: int, name: str, titles: dict[int, str]) -> None:
        """Puts a slice in place, or replaces it."""
        path = self.folder / f"span-{span}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        playlists = [playlist(pid, title) for pid, title in titles.items()]
        path.write_text(json.dumps({"playlists": playlists}))

    def lose(self, span: int, name: str | None = None) -> None:
        """Deletes a slice, or all of a span."""
        folder = self.folder / f"span-{span}"
        shutil.rmtree(folder) if name is None else (folder / name).unlink()


def run(data: str, output: pathlib.Path, chosen: Window, source_hash: str = "v1"):
    """Plans and ingests a window; gives its result."""
    planned = window.plan(data, str(output), OPTIONS, SPLIT, source_hash, window=chosen)
    return window.ingest(
        planned, str(output), OPTIONS, SPLIT, source_hash=source_hash, run_id="run"
    )


def put(output: pathlib.Path, target: pathlib.Path):
    """Puts Examples together; gives titles by split and pid, and what `put_together` gave."""
    shutil.rmtree(target, ignore_errors=True)
    folders = {split: str(target / f"Split-{split}") for split in SPLITS}
    for folder in folders.values():
        pathlib.Path(folder).mkdir(parents=True)
    made = example_spans.put_together(str(output), manifest.read(str(output)), folders)
    return {split: titles(pathlib.Path(folder)) for split, folder in folders.items()}, made


def titles(folder: pathlib.Path) -> dict[int, str]:
    """Titles by pid of all records in a folder, each of which is there once."""
    found = {}
    for path in sorted(folder.glob("*.gz")):
        for record in tf.data.TFRecordDataset(str(path), "GZIP").as_numpy_iterator():
            values = tf.train.Example.FromString(record).features.feature
            pid = int(values["pid"].bytes_list.value[0])
            assert pid not in found
            found[pid] = values["name"].bytes_list.value[0].decode()
    return found


def by_split(expected: dict[int, str]) -> dict[str, dict[int, str]]:
    """Sorts playlists into splits by the hash of their pid."""
    found: dict[str, dict[int, str]] = {split: {} for split in SPLITS}
    for pid, title in expected.items():
        found[SPLIT.split_of(str(pid).encode())][pid] = title
    return found
