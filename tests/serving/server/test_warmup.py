from __future__ import annotations

import pathlib

import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from models.export.warmup import write_warmup
from schema.signatures import WARMUP_FILE
from serving.protocol import ServingError
from serving.server import warmup
from serving.server.versions import Servable
from tests.serving.serving_helpers import predict_request
from tests.serving.toy_model import uri


@pytest.fixture(scope="module")
def servable(saved_model: pathlib.Path) -> Servable:
    loaded = Servable.load("segue", 1, str(saved_model))
    yield loaded
    loaded.close()


def write_logs(directory: pathlib.Path, *logs: bytes) -> str:
    path = directory / WARMUP_FILE
    path.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for log in logs:
            writer.write(log)
    return str(directory)


def test_without_file(servable: Servable, tmp_path: pathlib.Path) -> None:
    assert warmup.run_warmup(servable, str(tmp_path)) == 0


def test_requests_are_run(servable: Servable, tmp_path: pathlib.Path) -> None:
    # Their model_spec does not matter, as in TF Serving: it is this version that warms up.
    requests = [predict_request("x", [uri(1)]), predict_request(model="other", version=9)]
    write_warmup(str(tmp_path), requests)
    assert warmup.run_warmup(servable, str(tmp_path)) == 2


def test_failing_request(servable: Servable, tmp_path: pathlib.Path) -> None:
    write_warmup(str(tmp_path), [predict_request(signature="other")])
    with pytest.raises(ServingError, match='Serving signature key "other" not found'):
        warmup.run_warmup(servable, str(tmp_path))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("classify_log", "Unsupported log_type for warmup: 2"),
        ("session_run_log", "Unsupported log_type for warmup: 5"),
    ],
)
def test_other_kinds(servable: Servable, tmp_path: pathlib.Path, kind: str, message: str) -> None:
    log = prediction_log_pb2.PredictionLog()
    getattr(log, kind).SetInParent()
    path = write_logs(tmp_path, log.SerializeToString())
    with pytest.raises(ServingError, match=message):
        warmup.run_warmup(servable, path)


def test_record_that_is_no_log(servable: Servable, tmp_path: pathlib.Path) -> None:
    path = write_logs(tmp_path, b"\xff\xff")
    with pytest.raises(ServingError, match="Failed to parse warmup record"):
        warmup.run_warmup(servable, path)


def test_too_many(servable: Servable, tmp_path: pathlib.Path) -> None:
    request = predict_request()
    with pytest.raises(ValueError, match="at most 1000"):
        write_warmup(str(tmp_path / "a"), [request] * 1001)
    path = write_logs(tmp_path / "b", *[b""] * 1001)  # logs of no kind are passed over
    with pytest.raises(ServingError, match=r"exceeds the maximum \(1000\)"):
        warmup.run_warmup(servable, path)
