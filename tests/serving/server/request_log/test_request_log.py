"""The request log: what a server writes of the requests that it answers, and what it does not."""

from __future__ import annotations

import pathlib
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import model_management_pb2, predict_pb2, prediction_log_pb2

from schema.requests import examples_request
from serving.protocol import ConfigError, ModelServerConfig, ServingError, model_config
from serving.server import ModelServer, RequestLogOptions, Servable, run_warmup
from serving.server.request_log import RequestLogs
from serving.server.request_log.log_files import LogFiles
from tests.serving import toy_model
from tests.serving.serving_helpers import MODEL, Stubs, eventually, predict_request

Push = Callable[[int], pathlib.Path]
Start = Callable[..., ModelServer]


def logged(pattern: pathlib.Path | str) -> list[Any]:
    """The records of the files that a pattern matches, by TensorFlow's own reader."""
    files = sorted(tf.io.gfile.glob(str(pattern)))
    return [
        prediction_log_pb2.PredictionLog.FromString(record.numpy())
        for record in tf.data.TFRecordDataset(files)
    ]


def server_config(base: pathlib.Path, logging_config: str) -> ModelServerConfig:
    config = model_config.single_model_config(MODEL, base)
    entry = config.model_config_list.config[0]
    text_format.Parse(logging_config, entry.logging_config)
    return config


def test_requests_of_both_signatures_are_logged_with_their_answers(
    push: Push, start: Start, base: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    push(3)
    prefix = tmp_path / "logs" / "model"
    before = int(time.time())
    server = start(
        server_config(
            base,
            f'log_collector_config {{ filename_prefix: "{prefix}" }} '
            "sampling_config { sampling_rate: 1 }",
        )
    )
    stubs = Stubs(server.target)
    example = tf.train.Example()
    example.features.feature["name"].bytes_list.value.append(b"reverse")
    by_example = examples_request([example.SerializeToString()])
    by_example.model_spec.name = MODEL
    sent = [predict_request("road trip", [toy_model.uri(2)], version=3), by_example]
    answers = [stubs.prediction.Predict(request, timeout=10) for request in sent]
    with pytest.raises(grpc.RpcError):  # what was not answered is not logged
        stubs.prediction.Predict(predict_request(version=9), timeout=10)
    assert not list(tmp_path.glob("logs/*.tfrecord"))  # until it is complete
    stubs.channel.close()
    server.stop()

    found = logged(f"{prefix}-*.tfrecord")
    assert [log.predict_log.request for log in found] == sent
    assert [log.predict_log.response for log in found] == answers
    assert not list(tmp_path.glob("logs/*.part"))
    metadata = found[0].log_metadata
    assert metadata.model_spec.name == MODEL
    assert metadata.model_spec.version.value == 3
    assert metadata.model_spec.signature_name == "serving_default"
    assert metadata.sampling_config.sampling_rate == 1
    assert before <= metadata.timestamp_secs <= time.time()
    # Nothing of who asked.
    assert {field.name for field, _ in metadata.ListFields()} == {
        "model_spec",
        "sampling_config",
        "saved_model_tags",
        "timestamp_secs",
    }


def test_a_log_can_warm_up_a_model(
    push: Push, start: Start, base: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    version = push(1)
    server = start(
        base, request_log=RequestLogOptions(directory=str(tmp_path / "logs"), sampling_rate=1)
    )
    stubs = Stubs(server.target)
    for _ in range(3):
        stubs.prediction.Predict(predict_request("jazz"), timeout=10)
    stubs.channel.close()
    server.stop()
    (file,) = (tmp_path / "logs").glob(f"{MODEL}-*.tfrecord")
    (version / "assets.extra").mkdir()
    file.rename(version / "assets.extra" / "tf_serving_warmup_requests")
    servable = Servable.load(MODEL, 1, str(version))
    assert run_warmup(servable, str(version)) == 3
    servable.close()


def test_a_sample_is_logged(tmp_path: pathlib.Path) -> None:
    logs, counts = request_logs(directory=str(tmp_path), sampling_rate=0.25)
    for _ in range(4000):
        logs.log(predict_request(), b"")
        if logs._by_model[MODEL]._waiting:
            time.sleep(0)
    logs.close()
    total = sum(counts.values())
    assert 800 < total < 1200  # 1,000, and 7 standard deviations of 27 each way


def test_a_reload_switches_the_log(
    push: Push, start: Start, base: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    push(1)
    server = start(base)
    stubs = Stubs(server.target)

    def reload(logging_config: str) -> None:
        request = model_management_pb2.ReloadConfigRequest(
            config=server_config(base, logging_config)
        )
        stubs.model.HandleReloadConfigRequest(request, timeout=30)

    def to(name: str) -> str:
        return (
            f'log_collector_config {{ type: "file" filename_prefix: "{tmp_path}/{name}" }} '
            "sampling_config { sampling_rate: 1 }"
        )

    reload(to("a"))
    stubs.prediction.Predict(predict_request("one"), timeout=10)
    for bad, message in (
        ('log_collector_config { type: "bigquery" }', "Factory for type: bigquery"),
        (
            "sampling_config { sampling_rate: 0.5 }",
            "segue: log_collector_config has no filename_pre",
        ),
        (
            'log_collector_config { filename_prefix: "x" } sampling_config { sampling_rate: 2 }',
            "sampling_rate must be from 0 to 1; was 2.0",
        ),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            reload(bad)
        assert message in refused.value.details()
    stubs.prediction.Predict(predict_request("two"), timeout=10)  # still logged
    reload(to("b"))
    stubs.prediction.Predict(predict_request("three"), timeout=10)
    stubs.channel.close()
    eventually(lambda: list(tmp_path.glob("a-*.tfrecord")))
    server.stop()
    titles = [
        [log.predict_log.request.inputs["name"].string_val[0] for log in logged(tmp_path / name)]
        for name in ("a-*.tfrecord", "b-*.tfrecord")
    ]
    assert titles == [[b"one", b"two"], [b"three"]]


def test_the_option_holds_for_reloaded_configurations_without_a_log_of_their_own(
    push: Push, start: Start, base: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    push(1)
    options = RequestLogOptions(directory=str(tmp_path / "logs"), sampling_rate=1)
    server = start(base, request_log=options)
    stubs = Stubs(server.target)
    request = model_management_pb2.ReloadConfigRequest(
        config=model_config.single_model_config(MODEL, base, {"stable": 1})
    )
    stubs.model.HandleReloadConfigRequest(request, timeout=30)
    stubs.prediction.Predict(predict_request(label="stable"), timeout=10)
    stubs.channel.close()
    server.stop()
    (log,) = logged(tmp_path / "logs" / f"{MODEL}-*.tfrecord")
    assert log.predict_log.request.model_spec.version_label == "stable"
    assert log.log_metadata.model_spec.version.value == 1


def test_what_cannot_be_written_fails_no_request(
    push: Push, start: Start, base: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    push(1)
    (tmp_path / "file").write_text("no directory")
    server = start(
        base,
        monitoring_port=0,
        request_log=RequestLogOptions(directory=str(tmp_path / "file"), sampling_rate=1),
    )
    stubs = Stubs(server.target)
    for _ in range(5):
        assert stubs.prediction.Predict(predict_request(), timeout=10).outputs
    page = f"http://127.0.0.1:{server.monitoring_port}/metrics"

    def failed() -> bool:
        text = urllib.request.urlopen(page, timeout=10).read().decode()
        return 'segue_serving_logged_requests_total{outcome="failed"} 5.0' in text

    assert eventually(failed)
    stubs.channel.close()


def request_logs(**options: Any) -> tuple[RequestLogs, dict[str, int]]:
    """The log of one model, and how requests ended."""
    counts: dict[str, int] = {}

    def count(outcome: str, requests: int) -> None:
        counts[outcome] = counts.get(outcome, 0) + requests

    logs = RequestLogs(RequestLogOptions(**options), count)
    config = ModelServerConfig()
    config.model_config_list.config.add(name=MODEL)
    logs.update(config)
    return logs, counts


@pytest.mark.parametrize(
    "bounds",
    [{"max_waiting": 10}, {"max_waiting_bytes": 10 * (predict_request().ByteSize() + 5)}],
    ids=["requests", "bytes"],
)
def test_what_does_not_fit_is_dropped_and_counted(
    bounds: dict[str, int], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that stands still: one request is being written, some wait, others are dropped."""
    goes_on, writing = threading.Event(), threading.Event()
    write = LogFiles.write

    def slow(self: LogFiles, record: bytes) -> None:
        writing.set()
        goes_on.wait(30)
        write(self, record)

    monkeypatch.setattr(LogFiles, "write", slow)
    logs, counts = request_logs(directory=str(tmp_path), sampling_rate=1, **bounds)
    answer = predict_pb2.PredictResponse()
    answer.model_spec.signature_name = "."
    response = answer.SerializeToString()
    logs.log(predict_request(), response)
    assert writing.wait(30)
    for _ in range(25):
        logs.log(predict_request(), response)
    held = 10 if "max_waiting" in bounds else 9  # bytes count until they are written
    assert counts == {"dropped": 25 - held}
    goes_on.set()
    logs.close()
    assert counts == {"dropped": 25 - held, "written": 1 + held}
    assert len(logged(tmp_path / "*.tfrecord")) == 1 + held


def test_files_are_put_in_place_by_size_and_age(tmp_path: pathlib.Path) -> None:
    ended: list[tuple[bool, int]] = []
    files = LogFiles(
        str(tmp_path / "log"), 100, 0.05, lambda in_place, n: ended.append((in_place, n))
    )
    for _ in range(5):
        files.write(b"x" * 40)  # 56 bytes with its frame: two fill a file
    assert ended == [(True, 2), (True, 2)]
    assert len(list(tmp_path.glob("log-*.tfrecord"))) == 2
    assert len(list(tmp_path.glob("log-*.tfrecord.part"))) == 1
    files.finish()
    files.finish()  # there is none
    assert ended == [(True, 2), (True, 2), (True, 1)]
    assert not list(tmp_path.glob("*.part"))
    names = [path.name for path in tmp_path.iterdir()]
    assert len(set(names)) == 3

    logs, counts = request_logs(
        directory=str(tmp_path / "old"), sampling_rate=1, max_file_seconds=0.05
    )
    logs.log(predict_request(), b"")
    eventually(lambda: counts == {"written": 1})  # though no further request comes
    logs.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sampling_rate": 1.5}, "sampling_rate must be from 0 to 1; was 1.5"),
        ({"sampling_rate": float("nan")}, "sampling_rate must be from 0 to 1; was nan"),
        ({"max_file_seconds": 0}, "max_file_seconds must be more than 0; was 0"),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RequestLogOptions(**options)


def test_a_configuration_that_cannot_be_used_keeps_the_server_from_starting(
    push: Push, start: Start, base: pathlib.Path
) -> None:
    push(1)
    with pytest.raises(ServingError, match="Cannot find LogCollector::Factory for type: x"):
        start(server_config(base, 'log_collector_config { type: "x" filename_prefix: "/y" }'))
