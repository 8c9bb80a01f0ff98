"""Contract C2: what a run leaves under its output directory, and where."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Final

#: The served model's name: TF Serving asks for one.
MODEL_NAME: Final = "segue"

#: What the name of a file ends in that is still being written.
PART: Final = ".part"

#: What lies beside the served model's base directory.
REGISTRY: Final = "registry"
UNREGISTERED: Final = "unregistered"

REPORT: Final = "report"
#: The page of a report.
PAGE_FILE: Final = "index.html"

#: What lies under OUT, in the order in which a run makes it.
PLACES: Final[Mapping[str, str]] = {
    ".lock": "locked while a command writes here, and who that is; Ingest has one in `tfrecords/`",
    "logs/": "TFX's log of each run, and the seconds of its nodes",
    "tfrecords/": "what ingest wrote: records, a manifest, and `rejects-*.jsonl`",
    "tfrecords/span-NNNNN/": "the same of one span, where the data has spans; the manifest above "
    "then names those of the window",
    "schemas/HASH/schema.pbtxt": "the schema of the run, by its content",
    "pipeline_root/": "TFX's artifacts, a folder each node",
    "metadata.db": "TFX's metadata store, unless `metadata` in the configuration names a database",
    "passed/": "statistics of the data that DataGate let pass, which new data is compared with",
    "analysis/": "what Transform learnt from each span, where a run reads several; may be deleted",
    "checkpoints/": "where training goes on after a crash",
    f"serving/{MODEL_NAME}/VERSION/": "what was pushed: a SavedModel in TF Serving's layout",
    "serving/models.config": "what a server is to serve, once `segue release` was used",
    "serving/releases.json": "which version is stable, and which were before",
    "serving/registry/": "the registry, a folder each model, unless `registry.uri` names another",
    "serving/unregistered/": "registrations that wait for a registry that was down",
    f"{REPORT}/{PAGE_FILE}": "the report: one file that opens offline",
    f"{REPORT}/metrics.json": "the figures of the run",
    f"{REPORT}/details.json": "what the report shows besides",
    f"{REPORT}/per_playlist.parquet": "a row for each model and held-out playlist",
}


@dataclasses.dataclass(frozen=True)
class Layout:
    """The places under one output directory, local or remote.

    Attributes:
        logs: the directory of logs.
        tfrecords: the directory that ingest writes.
        pipeline_root: the directory of TFX's artifacts.
        metadata: the file of the metadata store, where the runner keeps it in one.
        passed: the directory of what new data is compared with.
        analysis: the directory of what Transform learnt from each span.
        checkpoints: the directory of unfinished trainings.
        schemas: the directory of schemas, a folder each.
        serving: the served model's base directory, a folder each version.
        releases: the file of the release record.
        registry: the directory of the registry, where none is named.
        unregistered: the directory of registrations that wait for a registry that was down.
        report: the directory of the report and its documents.
    """

    logs: str
    tfrecords: str
    pipeline_root: str
    metadata: str
    passed: str
    analysis: str
    checkpoints: str
    schemas: str
    serving: str
    releases: str
    registry: str
    unregistered: str
    report: str

    @classmethod
    def under(cls, out: str) -> Layout:
        """Returns the places under an output directory, relative if that is."""
        return cls(
            logs=os.path.join(out, "logs"),
            tfrecords=os.path.join(out, "tfrecords"),
            pipeline_root=os.path.join(out, "pipeline_root"),
            metadata=os.path.join(out, "metadata.db"),
            passed=os.path.join(out, "passed"),
            analysis=os.path.join(out, "analysis"),
            checkpoints=os.path.join(out, "checkpoints"),
            schemas=os.path.join(out, "schemas"),
            serving=os.path.join(out, "serving", MODEL_NAME),
            releases=os.path.join(out, "serving", "releases.json"),
            registry=os.path.join(out, "serving", REGISTRY),
            unregistered=os.path.join(out, "serving", UNREGISTERED),
            report=os.path.join(out, REPORT),
        )
