"""`make fuzz`: thousands of slices that went wrong, through the whole of ingest.

None may crash it, and what is read is written or set aside: by the counts of ingest, and counted
anew in the files that it wrote. A mutant is made from the seed and its number alone, so that one
that fails is remade by `make fuzz ARGS='--seed 1 --first 4711 --slices 1'`.
"""

from __future__ import annotations

import collections
import json
import pathlib
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from benchmarks import harness
from benchmarks.mutants_of_slices import Mutant, mutant
from components.ingest import tfrecords
from components.ingest.destination import PLAYLISTS_PATTERN, REJECTS_PATTERN
from components.ingest.job import ingest
from components.ingest.options import IngestOptions
from sample.generator import generate

_BATCH: Final = 250
_PLAYLISTS: Final = 3  # a slice
#: With one slice that can be used, and all allowed, nothing may stop an ingest.
_ALL_ALLOWED: Final = IngestOptions(max_reject_share=1, max_unreadable_files=99_999, shards=8)


def measure(slices: int = 5000, seed: int = 1, first: int = 0) -> dict[str, Any]:
    """Ingests mutants, some hundred at a time.

    Args:
        slices: how many.
        seed: of all.
        first: number of the first one.

    Returns:
        `slices`, `read`, `written`, `set_aside` by reason, `changes`, how often each was made,
        `crashes`: by number what was done to a slice and what came of it, and `seconds`.
    """
    started = time.monotonic()
    sound = list(generate(_PLAYLISTS + 1, seed=seed))
    found: collections.Counter[str] = collections.Counter()
    reasons: collections.Counter[str] = collections.Counter()
    changes: collections.Counter[str] = collections.Counter()
    crashes: dict[int, dict[str, Any]] = {}
    for start in range(first, first + slices, _BATCH):
        numbers = range(start, min(start + _BATCH, first + slices))
        batch = {number: mutant(sound[:-1], seed, number) for number in numbers}
        changes.update(how for one in batch.values() for how in one.how)
        try:
            told = _ingest([*batch.values()], sound[-1])
        except Exception:
            # One by one, to name those that did it.
            told = {}
            crashes |= _crashes(batch, sound[-1])
        reasons.update(told.pop("set_aside", {}))
        found.update(told)
        print(f"{numbers[-1] + 1 - first:,} of {slices:,} slices", file=sys.stderr, flush=True)
    return {
        "seed": seed,
        "slices": slices,
        "read": found["read"],
        "written": found["written"],
        "set_aside": dict(reasons.most_common()),
        "changes": dict(changes.most_common()),
        "crashes": crashes,
        "seconds": round(time.monotonic() - started, 1),
    }


def _crashes(batch: Mapping[int, Mutant], sound: dict[str, Any]) -> dict[int, dict[str, Any]]:
    found = {}
    for number, one in batch.items():
        try:
            _ingest([one], sound)
        except Exception:
            found[number] = {"how": list(one.how), "error": traceback.format_exc(limit=-3)}
    return found or {min(batch): {"how": ["the whole batch"], "error": traceback.format_exc()}}


def _ingest(mutants: list[Mutant], sound: dict[str, Any]) -> dict[str, Any]:
    """Ingests slices beside a sound one, and counts what there is then."""
    with tempfile.TemporaryDirectory(prefix="segue-fuzz-") as name:
        source, output = pathlib.Path(name, "source"), pathlib.Path(name, "output")
        source.mkdir()
        whole = {"playlists": [{**sound, "pid": 10**12}]}  # a pid that no mutant has
        (source / "mpd.slice.0-0.json").write_text(json.dumps(whole), "utf-8")
        for one in mutants:
            (source / one.name).write_bytes(one.content)
        result = ingest(str(source), str(output), _ALL_ALLOWED)
        written = lines = 0
        for path in output.glob(PLAYLISTS_PATTERN):
            with tfrecords.open_gzip(str(path)) as stream:
                written += sum(1 for _ in tfrecords.read_records(stream))
        for path in output.glob(REJECTS_PATTERN):
            lines += len(path.read_bytes().splitlines())
    if result.files != len(mutants) + 1:
        raise AssertionError(f"{result.files} of {len(mutants) + 1} slices were read")
    if (written, lines) != (result.playlists, sum(result.rejects.values())):
        raise AssertionError(f"{written} playlists and {lines} rejects are there, not {result}")
    if result.read != written + lines:
        raise AssertionError(f"{result.read} were read, {written} written, {lines} set aside")
    return {"read": result.read, "written": written, "set_aside": result.rejects}


def main(
    slices: Annotated[int, typer.Option(min=1, help="How many.")] = 5000,
    seed: Annotated[int, typer.Option(help="Of all of them.")] = 1,
    first: Annotated[int, typer.Option(min=0, help="Number of the first one.")] = 0,
) -> None:
    """Ingests mutated slices and writes benchmarks/results/fuzz.json; exits with 1 on a crash."""
    figures = measure(slices, seed, first)
    print(f"Written to {harness.record('fuzz', figures).relative_to(harness.ROOT)}")
    for number, crash in figures["crashes"].items():
        print(f"slice {number}: {', '.join(crash['how'])}\n{crash['error']}")
    if figures["crashes"]:
        sys.exit(f"{len(figures['crashes'])} of {slices:,} slices crashed ingest")
    print(
        f"{slices:,} slices: {figures['read']:,} records read, {figures['written']:,} written, "
        f"{sum(figures['set_aside'].values()):,} set aside, in {figures['seconds']} s"
    )


if __name__ == "__main__":
    typer.run(main)
