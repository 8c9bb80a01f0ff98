"""Records of a request log: what is read, what is set aside, and that nothing else happens."""

from __future__ import annotations

import contextlib
import pathlib

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_serving.apis import prediction_log_pb2

from components.ingest.tfrecords import Damage
from pipeline.skew import job
from pipeline.skew.counts import Counts
from pipeline.skew.logged import BadRecordError, LoggedPlaylist, read_record
from schema.requests import names_request
from tests.pipeline.skew.logs import DAY, NEW, OLD, record, uris, write


@pytest.mark.parametrize("as_example", [False, True])
def test_a_record_of_either_signature(as_example: bool) -> None:
    log = record("Pop", [1, 2], tracks=2, version=OLD, second=OLD + 5, as_example=as_example)
    found = read_record(log.SerializeToString())
    assert found.kind == ("serving_examples" if as_example else "serving_default")
    assert (found.version, found.second) == (OLD, OLD + 5)
    assert found.playlists == [LoggedPlaylist(b"Pop", uris([1, 2]), 2)]


def test_what_the_answer_or_the_log_does_not_say() -> None:
    log = record("", [])
    log.predict_log.response.ClearField("model_spec")
    log.ClearField("log_metadata")
    scores = log.predict_log.response.outputs.pop("track_uris")
    log.predict_log.response.outputs["scores"].CopyFrom(scores)
    found = read_record(log.SerializeToString())
    assert (found.version, found.second) == (0, 0)
    assert found.playlists == [LoggedPlaylist(b"", [], None)]


def test_requests_that_are_not_about_playlists() -> None:
    log = record()
    log.predict_log.request.CopyFrom(names_request(uris([1])))
    log.predict_log.response.model_spec.signature_name = "track_metadata"
    assert read_record(log.SerializeToString()).kind == "track_metadata"
    classified = prediction_log_pb2.PredictionLog()
    classified.classify_log.SetInParent()
    found = read_record(classified.SerializeToString())
    assert (found.kind, found.playlists) == ("classify_log", ())


def test_what_cannot_be_used_is_told_apart() -> None:
    def reason(change: object) -> str:
        log = record("Pop", [1])
        predicted = log.predict_log
        if change == "no inputs":
            predicted.request.inputs.clear()
        elif change == "rows":
            predicted.request.inputs["name"].tensor_shape.dim[0].size = 2
        elif change == "numbers":
            predicted.request.inputs["name"].CopyFrom(tf.make_tensor_proto([1]))
        elif change == "huge":
            predicted.request.inputs["name"].tensor_shape.dim[0].size = 2**40
        elif change == "no answer":
            predicted.ClearField("response")
        elif change == "other rows":
            predicted.response.outputs["track_uris"].tensor_shape.dim[0].size = 2
        elif change == "no log":
            log = prediction_log_pb2.PredictionLog()
        with pytest.raises(BadRecordError) as error:
            read_record(log.SerializeToString() if change != "bytes" else b"\xff\xff")
        return error.value.reason

    assert {change: reason(change) for change in ("bytes", "no log")} == {
        "bytes": "not_a_prediction_log",
        "no log": "not_a_prediction_log",
    }
    for change in ("no inputs", "rows", "numbers", "huge"):
        assert reason(change) == "bad_request"
    assert reason("no answer") == "no_answer"
    assert reason("other rows") == "bad_answer"
    broken = record("Pop", [1], as_example=True)
    broken.predict_log.request.inputs["examples"].string_val[0] = b"\xff"
    with pytest.raises(BadRecordError, match="bad_request"):
        read_record(broken.SerializeToString())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_set_aside(data: bytes) -> None:
    with contextlib.suppress(BadRecordError):
        read_record(data)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_record_with_changed_bytes_is_read_or_set_aside(data: st.DataObject) -> None:
    content = bytearray(record("Pop", [1, 2]).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadRecordError):
        read_record(bytes(content))


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_broken_file_gives_what_is_whole(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut anywhere, or with a byte changed: each record comes as it was, or as damage."""
    written = [record(str(number), [number]).SerializeToString() for number in range(5)]
    path = write(tmp_path_factory.mktemp("log") / "log", written)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[place:]
    else:
        content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    found = list(job.scan(str(path)))
    whole = [each for each in found if isinstance(each, bytes)]
    damaged = [each for each in found if isinstance(each, Damage)]
    assert len(damaged) <= 1
    assert set(whole) <= set(written)
    # A damaged record hides itself alone, if its length can be read; a cut one is the last.
    lost = len(written) - len(whole)
    assert lost >= len(damaged)
    if damaged and isinstance(found[-1], bytes):
        assert lost == 1


def test_what_is_no_log_at_all(tmp_path: pathlib.Path) -> None:
    for name, content, damage in (
        ("text", b"what is this? " * 9, Damage.DAMAGED),
        ("empty", b"", None),
        ("cut.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03abc", Damage.TRUNCATED),
    ):
        (tmp_path / name).write_bytes(content)
        assert list(job.scan(str(tmp_path / name))) == ([damage] if damage else [])


def test_counts_add_up() -> None:
    one, other = Counts(files=1, records=2), Counts(files=1, records=1)
    one.add(read_record(record("a", tracks=0, version=OLD, second=OLD).SerializeToString()), 10)
    late = record("b", version=OLD, second=OLD + 11 * DAY)
    other.add(read_record(late.SerializeToString()), 10)
    other.add(read_record(record("c", version=7).SerializeToString()), 10)
    total = Counts.from_json(Counts().merge([one, other]).to_json())
    assert (total.files, total.records, total.playlists, total.empty) == (2, 3, 3, 1)
    assert (total.timed, total.old) == (2, 1)  # 7 is no time
    assert total.versions == {OLD: 2, 7: 1}
    assert total.seconds == {OLD: (OLD, OLD + 11 * DAY), 7: (NEW + DAY, NEW + DAY)}
