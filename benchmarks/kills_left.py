"""What a run that was killed again and again left, beside what an undisturbed one did."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from benchmarks import harness
from components.ingest import manifest
from components.ingest.manifest import IngestResult
from schema.documents import METRICS_FILE, RunMetrics
from schema.layout import MODEL_NAME
from schema.rows import MODEL, PID, ROWS_FILE, SPLIT

#: What is pushed, half of it too, in an output directory.
VERSIONS: Final = f"serving/{MODEL_NAME}/*"
#: What takes another value in each run.
_OF_ITS_TIME: Final = ("seconds", "pushed_version", "push", "blessing", "served")


def differences(undisturbed: pathlib.Path, killed: pathlib.Path) -> list[str]:
    """What two runs left that is not the same by value, in words; the times they took aside."""
    found = []
    first, second = (_figures(out / "report" / METRICS_FILE) for out in (undisturbed, killed))
    found += [f"{key} of {METRICS_FILE}" for key in first if first[key] != second[key]]
    order = [MODEL, SPLIT, PID]
    tables = [
        pd.read_parquet(out / "report" / ROWS_FILE).sort_values(order, ignore_index=True)
        for out in (undisturbed, killed)
    ]
    if not tables[0].equals(tables[1]):
        found.append(ROWS_FILE)
    ingested = [manifest.read(str(out / "tfrecords")) for out in (undisturbed, killed)]
    contents = [one and (one.outputs, _without_times(one.result)) for one in ingested]
    if None in ingested or contents[0] != contents[1]:
        found.append("the manifest of ingest")
    return found


def _without_times(result: IngestResult) -> IngestResult:
    """What was ingested, without who of several runs did it."""
    spans = {number: {**span, "ingested": 1} for number, span in result.spans.items()}
    return dataclasses.replace(result, spans=spans)


def _figures(path: pathlib.Path) -> Mapping[str, Any]:
    read = RunMetrics.model_validate_json(path.read_bytes()).model_dump(mode="json")
    read["blessed"] = read["blessing"]["blessed"]  # its reasons name versions
    for span in read["data"]["spans"].values():
        del span["ingested"]
    for key in _OF_ITS_TIME:
        del read[key]
    for models in (read["models"], read["test_models"]):
        for summary in models.values():
            del summary["fit_seconds"]
    return read


def versions(out: pathlib.Path) -> list[pathlib.Path]:
    """The versions that were pushed as a whole."""
    return sorted(path.parent for path in out.glob(f"{VERSIONS}/saved_model.pb"))


def left(out: pathlib.Path) -> dict[str, Any]:
    """What kills have left: half-written things by name, and what `segue gc` would collect."""
    whole = {path.name for path in versions(out)}
    lines = harness.segue("gc", "--out", str(out), "--json").output.splitlines()
    # Standard error is among them, and a library may write there at the very end.
    named = json.loads([line for line in lines if line.startswith("{")][-1])
    return {
        "half_written": sorted(
            str(path.relative_to(out))
            for pattern in ("tfrecords/**/ingesting-*", "**/*.part", "checkpoints/*")
            for path in out.glob(pattern)
        ),
        "half_pushed": sorted(
            path.name for path in out.glob(VERSIONS) if path.is_dir() and path.name not in whole
        ),
        "gc_collects": sorted(f"{one['kind']} {one['name']}" for one in named["collected"]),
        "gc_keeps_leftovers": sorted(
            one["name"] for one in named["kept"] if one["kind"] == "leftover"
        ),
        "temporary_mb": round(_size(out.parent / "temporary") / 1e6, 1),
    }


def _size(folder: pathlib.Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
