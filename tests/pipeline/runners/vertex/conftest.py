"""A cloud on loopback: Vertex, a project with a bucket, and commands that find them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from pipeline.runners.vertex import connection
from pipeline.runners.vertex.client import Place
from tests.standins import google
from tests.standins.project import Project
from tests.standins.vertex import Vertex

QUICK = connection.Patience(first=0.01, longest=0.02, seconds=5)


class Cloud(NamedTuple):
    """What a test changes and looks at."""

    server: google.Server
    vertex: Vertex
    project: Project
    place: Place = Place("my-project", "europe-west4")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    vertex, project = Vertex(), Project()
    monkeypatch.setattr(connection, "PATIENCE", QUICK)
    with google.running(vertex, project) as server:
        for name in ("VERTEX_ENDPOINT", "GOOGLE_ENDPOINT", "STORAGE_ENDPOINT"):
            monkeypatch.setenv(getattr(connection, name), server.url)
        yield Cloud(server, vertex, project)


@pytest.fixture
def job() -> dict[str, Any]:
    """A compiled job of three tasks, one of them in a pipeline inside it."""
    cached = {"cachingOptions": {"enableCache": True}}
    return {
        "displayName": "segue",
        "labels": {"made-by": "test"},
        "pipelineSpec": {
            "schemaVersion": "2.1.0",
            "pipelineInfo": {"name": "segue"},
            "root": {
                "inputDefinitions": {
                    "parameters": {
                        "seed": {"parameterType": "NUMBER_INTEGER", "defaultValue": 17},
                        "data": {"parameterType": "STRING"},
                    }
                },
                "dag": {
                    "tasks": {
                        "Ingest": cached,
                        "Trainer.als": {**cached, "dependentTasks": ["Ingest"]},
                        "Report": {"dependentTasks": ["Trainer.als"]},
                    }
                },
            },
            "components": {"inner": {"dag": {"tasks": {"Within": cached}}}},
        },
        "runtimeConfig": {
            "gcsOutputDirectory": "gs://my-bucket/segue/pipeline_root",
            "parameterValues": {"data": "gs://my-bucket/mpd"},
        },
    }
