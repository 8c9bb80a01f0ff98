"""The registries that there are, each with a model of its own for a test."""

from __future__ import annotations

import dataclasses
import pathlib
import uuid
from typing import Final

import pytest

from schema.registry import Lineage, Registration, model_name
from serving.registry import Registry, open_registry

KINDS: Final = (
    pytest.param("directory"),
    pytest.param("mlflow-sqlite", marks=pytest.mark.services),
    pytest.param("mlflow-postgresql", marks=pytest.mark.services),
)


@dataclasses.dataclass(frozen=True)
class Place:
    """A registry, and a folder for the files of a test."""

    uri: str
    model: str
    folder: pathlib.Path

    def open(self, timeout: float = 60.0) -> Registry:
        """Opens it; several may be open at once."""
        return open_registry(self.uri, self.model, timeout=timeout)

    def registration(self, version: int, **fields: object) -> Registration:
        """Of a version whose directory and files are there."""
        return registration(self.folder, self.model, version, **fields)


def place(kind: str, request: pytest.FixtureRequest, folder: pathlib.Path) -> Place:
    """A registry in which nothing is registered of the place's model."""
    model = model_name(f"s{uuid.uuid4().hex[:12]}")
    if kind == "directory":
        return Place(str(folder / "registry"), model, folder)
    # One server for all tests.
    server = request.getfixturevalue(kind.replace("-", "_"))
    return Place(f"mlflow+{server.address}", model, folder)


def registration(folder: pathlib.Path, model: str, version: int, **fields: object) -> Registration:
    """Of a version whose directory and files are written into a folder."""
    saved = folder / "serving" / str(version)
    (saved / "variables").mkdir(parents=True, exist_ok=True)
    (saved / "saved_model.pb").write_bytes(b"model %d" % version)
    (saved / "variables" / "variables.index").write_bytes(b"index")
    report = folder / f"report-{version}"
    report.mkdir(exist_ok=True)
    (report / "metrics.json").write_text(f'{{"schema_version": 1, "version": {version}}}')
    (report / "index.html").write_text(f"<p>version {version}")
    given: dict[str, object] = {
        "model": model,
        "serving_version": version,
        "saved_model": str(saved),
        "content": f"{version:064x}",
        "family": "als",
        "catalogue_size": 400,
        "signatures": ["serving_default", "serving_examples"],
        "metrics": {"ndcg": 0.25, "recall@500": 0.5, "clicks": None},
        "metrics_file": str(report / "metrics.json"),
        "page": str(report / "index.html"),
        "lineage": Lineage(
            run="20171114-030000",
            pusher_execution="31",
            data_fingerprint="ab" * 16,
            span="3-9",
            split='{"train": 8, "eval": 1, "test": 1}',
            code="0123",
            configuration="cd" * 32,
            gate="blessed",
            features_as_of="2017-11-14T00:00:00+00:00",
            segment=model.partition("-")[2],
        ),
    }
    return Registration.model_validate({**given, **fields})
