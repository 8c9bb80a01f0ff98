"""Listeners leave slices that were written of them: their records go, and all else stays."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import orjson
from isal import igzip

from listening.held_out import output, sides
from listening.held_out.output import MANIFEST, SlicesWriter
from schema.splits import SPLITS

_COMMAND: Final = "segue events erase"
_KIND: Final = "listeners"
_OWN: Final = f"mpd.slice.{_KIND}-"


def erase(root: str, listeners: Collection[str]) -> dict[str, int]:
    """Removes the records of listeners from a directory of slices.

    As of `listening.erasure.Eraser`; kinds: `records`, `files` written anew. Records are named by
    numbers that hash the pseudonym. The directory becomes what it would be without them, whole;
    of what the manifest says was left out, nothing is of one listener.
    """
    owner = {sides.pid(each, split): each for each in listeners for split in SPLITS}
    output.tidy(root, _COMMAND)
    gone = [record["pid"] for record in _records(root) if record["pid"] in owner]
    if not gone:
        return {"records": 0, "files": 0}
    with output.written_whole(root, _COMMAND) as folder:
        for name in os.listdir(root):
            if name.startswith("mpd.slice.") and not name.startswith(_OWN):
                shutil.copyfile(os.path.join(root, name), os.path.join(folder, name))
        stay = (record for record in _records(root) if record["pid"] not in owner)
        counts = _write(folder, stay)
        with open(os.path.join(root, MANIFEST), encoding="utf-8") as file:
            told = json.load(file)
        people = {owner[number] for number in gone}
        told |= {**counts, "listeners": told["listeners"] - len(people)}
        with open(os.path.join(folder, MANIFEST), "w", encoding="utf-8") as file:
            file.write(json.dumps(told, indent=1) + "\n")
        files = sum(name.startswith(_OWN) for name in os.listdir(folder))
    return {"records": len(gone), "files": files}


def _records(root: str) -> Iterator[dict[str, Any]]:
    for name in sorted(os.listdir(root)):
        if name.startswith(_OWN):
            with igzip.open(os.path.join(root, name), "rb") as file:
                yield from orjson.loads(file.read())["playlists"]


def _write(folder: str, records: Iterator[dict[str, Any]]) -> Mapping[str, Any]:
    """Writes records as they were, and counts them as the manifest does."""
    by_split: Counter[str] = Counter()
    entries: Counter[str] = Counter()
    segments: dict[str, Counter[str]] = {}
    with SlicesWriter(folder, _KIND) as slices:
        for record in records:
            slices.add(orjson.dumps(record))
            split, segment = record["listener"]["split"], record["listener"]["segment"]
            by_split[split] += 1
            entries[split] += len(record["tracks"])
            segments.setdefault(segment, Counter())[split] += 1
    return {
        "records": {split: by_split[split] for split in SPLITS},
        "entries": {split: entries[split] for split in SPLITS},
        "segments": {
            name: {split: segments[name][split] for split in SPLITS} for name in sorted(segments)
        },
    }
