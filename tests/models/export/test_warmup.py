"""What an exported model is warmed up with."""

from __future__ import annotations

import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from models.contract import Catalogue, Query, Scorer
from models.data import Vocabularies
from models.export import saved_model
from models.export.options import ExportOptions
from schema.model_card import ModelCard
from schema.signatures import WARMUP_FILE
from serving.server import Servable, run_warmup

URIS = [b"spotify:track:a", b"spotify:track:b"]
CATALOGUE = Catalogue(
    track_uris=np.array(URIS, object),
    track_names=np.array([b"First", b"Second"], object),
    artist_names=np.array([b"Ann", b"Ann"], object),
    artist_ids=np.array([0, 0]),
    album_ids=np.array([0, 0]),
    counts=np.array([2, 1]),
)


class Even(Scorer):
    """Scores all tracks alike."""

    def score(self, query: Query) -> tf.Tensor:
        return tf.zeros([query.track_ids.nrows(), len(URIS)])


def export(directory: pathlib.Path, options: ExportOptions | None = None) -> str:
    vocabularies = Vocabularies(URIS, [b"Ann"], [b" f"])
    card = ModelCard(family="even")
    saved_model.export(Even(), CATALOGUE, vocabularies, str(directory), card, options=options)
    return str(directory)


def test_every_request_is_answered(tmp_path: pathlib.Path) -> None:
    path = export(tmp_path / "1")
    servable = Servable.load("segue", 1, path)
    try:
        assert run_warmup(servable, path) == 12
    finally:
        servable.close()


def test_what_is_asked(tmp_path: pathlib.Path) -> None:
    path = os.path.join(export(tmp_path / "1"), WARMUP_FILE)
    requests = [
        prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        for record in tf.data.TFRecordDataset(path)
    ]
    kinds = [request.model_spec.signature_name for request in requests]
    assert kinds == ["serving_default"] * 7 + [
        "serving_examples",
        *["serving_listener"] * 3,
        "track_metadata",
    ]
    shapes = [
        [dim.size for dim in request.inputs["track_uris"].tensor_shape.dim]
        for request in requests[:7]
    ]
    # Two tracks are all there are, so that a hundred cannot be asked about; rows repeat them.
    assert shapes == [[1, 1], [1, 1], [1, 1], [1, 2], [1, 2], [8, 10], [32, 10]]
    title_only = requests[1].inputs
    assert list(title_only["name"].string_val) == [b"First"]
    assert list(title_only["track_uris"].string_val) == [b""]
    assert list(requests[2].inputs["track_uris"].string_val) == URIS[:1]


def test_the_same_model_has_the_same_requests(tmp_path: pathlib.Path) -> None:
    one, two = (pathlib.Path(export(tmp_path / name), WARMUP_FILE) for name in ("1", "2"))
    assert one.read_bytes() == two.read_bytes()


def test_they_can_be_left_out(tmp_path: pathlib.Path) -> None:
    path = export(tmp_path / "1", ExportOptions(warmup=False))
    assert not pathlib.Path(path, WARMUP_FILE).exists()
    assert ModelCard.read(path).family == "even"


def test_there_are_not_too_many(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr("models.export.warmup.MAX_WARMUP_REQUESTS", 11)
    with pytest.raises(ValueError, match="at most 11 warm-up requests"):
        export(tmp_path / "1")
