"""Pushed versions with a model card, and a report beside them: as a run leaves them, but tiny."""

from __future__ import annotations

import datetime
import json
import pathlib

from tensorflow.core.protobuf import saved_model_pb2

from schema.documents import (
    Blessing,
    Estimate,
    ModelSummary,
    RunDetails,
    RunInfo,
    RunMetrics,
)
from schema.model_card import ModelCard
from schema.side_tables import SideTable

CONFIG = {"seed": 17, "data": "slices"}
AS_OF = datetime.datetime(2017, 11, 14, tzinfo=datetime.timezone.utc)


def push(base: pathlib.Path, version: int, card: bool = True) -> pathlib.Path:
    """Puts a version in place, whose graph has the signatures of contract C3 and no weights."""
    folder = base / str(version)
    folder.mkdir(parents=True)
    model = saved_model_pb2.SavedModel(saved_model_schema_version=version)
    graph = model.meta_graphs.add()
    for name in ("serving_default", "serving_examples", "__saved_model_init_op"):
        graph.signature_def[name].method_name = "tensorflow/serving/predict"
    if card:
        table = SideTable(name="trending", columns={}, rows=1, fingerprint="0" * 64, as_of=AS_OF)
        ModelCard(
            family="als",
            split={"train": 8, "eval": 1, "test": 1},
            catalogue_size=400,
            source_hash="0123",
            commit="fedc",
            side_tables={"trending": table},
        ).write(str(folder))
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    return folder


def report(out: pathlib.Path, version: int | None, blessed: bool = True) -> pathlib.Path:
    """Writes the report of the run that pushed a version, or nothing."""
    folder = out / "report"
    folder.mkdir(parents=True, exist_ok=True)
    summary = ModelSummary(overall={"ndcg": Estimate(mean=0.25), "clicks": Estimate()})
    metrics = RunMetrics(
        models={"als": summary, "popularity": ModelSummary()},
        blessing=Blessing(blessed=blessed, reasons=["better than popularity"]),
        pushed_version=None if version is None else str(version),
    )
    (folder / "metrics.json").write_text(metrics.to_json())
    details = RunDetails(run=RunInfo(config=CONFIG))
    (folder / "details.json").write_text(details.to_json())
    (folder / "index.html").write_text(f"<p>the run of {version}")
    return folder


def released(base: pathlib.Path, stable: int) -> None:
    """Writes a release record in which a version is stable."""
    entry = {"action": "promote", "at": "2017-11-14T00:00:00+00:00", "stable": stable}
    record = {"format": 1, "model": "segue", "releases": [entry]}
    (base.parent / "releases.json").write_text(json.dumps(record))
