"""Whom the report shows: playlists of some scenarios, or listeners of segments."""

from __future__ import annotations

import pathlib

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components.report.examples import pick
from schema import features
from tests.components.infra_check import infra_toy
from tests.components.served_model import served_toy


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> standard_artifacts.Model:
    found = standard_artifacts.Model()
    found.uri = str(tmp_path_factory.mktemp("model"))
    infra_toy.save(pathlib.Path(found.uri) / "Format-Serving", split=served_toy.SPLIT)
    return found


def shown(model: standard_artifacts.Model, folder: pathlib.Path, *scenarios: str) -> list[str]:
    records = []
    for scenario in scenarios:
        record = served_toy.example([infra_toy.uri(1)], [infra_toy.uri(2)])
        example = tf.train.Example.FromString(record)
        example.features.feature[features.SCENARIO].bytes_list.value[:] = [scenario.encode()]
        records.append(example.SerializeToString())
    return [found.scenario for found in pick(model, served_toy.examples(folder, records))]


def test_some_of_the_ten_scenarios_are_shown_once_each(model, tmp_path):
    found = shown(model, tmp_path, "first10", "title+first100", "title", "first10")
    assert found == ["title", "first10"]


def test_every_segment_is_shown_up_to_five(model, tmp_path):
    names = ["new_users", "a", "b", "c", "d", "e", "new_users"]
    assert shown(model, tmp_path, *names) == ["a", "b", "c", "d", "e"]
    assert shown(model, tmp_path / "two", "new_users", "a") == ["a", "new_users"]
