"""What every source does: the conformance suite of the port, run on each adapter."""

from __future__ import annotations

import pathlib
import uuid
from collections.abc import Callable, Iterator, Sequence

import pytest

from listening.events import (
    Chunk,
    DirectorySource,
    LandingOptions,
    Source,
    SourceError,
    land,
    reading,
)
from listening.events.kafka.consuming import KafkaSource
from listening.events.kafka.mock import mock_broker
from tests.listening.events.broker import send
from tests.listening.events.making import NOW, append, message, write


class Place:
    """Where messages are put and a source reads them from; `put` adds to a partition's end."""

    def __init__(
        self, put: Callable[[Sequence[bytes], int], None], source: Callable[[bool], Source]
    ) -> None:
        self.put = put
        self.source = source


def directory(folder: pathlib.Path) -> Place:
    def put(messages: Sequence[bytes], partition: int) -> None:
        name = f"events-{partition}"
        if not (folder / f"{name}.jsonl").exists():
            write(folder, name, [])
        append(folder, name, b"".join(each + b"\n" for each in messages))

    return Place(put, lambda follow: DirectorySource(str(folder), follow))


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    with mock_broker() as found:
        yield found


@pytest.fixture(params=["directory", "kafka"])
def place(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Place:
    if request.param == "directory":
        return directory(tmp_path / "source")
    brokers, topic = request.getfixturevalue("brokers"), f"t-{uuid.uuid4().hex}"
    settings = {"bootstrap.servers": brokers}
    return Place(
        lambda messages, partition: send(brokers, topic, messages, partition),
        lambda follow: KafkaSource(settings, topic, follow),
    )


def drain(source: Source, messages: int | None = None) -> list[Chunk]:
    """Reads to the end, or so many messages."""
    found: list[Chunk] = []
    for _ in range(200):
        if source.ended or messages == sum(len(chunk.messages) for chunk in found):
            break
        found += source.read(0.5)
    return found


def messages_of(chunks: Sequence[Chunk]) -> dict[tuple[int, int], bytes]:
    found = {}
    for chunk in chunks:
        assert len(chunk.offsets) == len(chunk.messages) > 0
        assert list(chunk.offsets) == sorted(chunk.offsets)
        for offset, value in zip(chunk.offsets, chunk.messages, strict=True):
            assert (chunk.partition, offset) not in found
            found[chunk.partition, offset] = value
    return found


def test_it_gives_each_message_once_with_its_place(place: Place) -> None:
    place.put([b"a0", b"a1", b"\xff\x00"], 0)
    place.put([b"b0"], 1)
    source = place.source(False)
    source.start(None, {}, pytest.fail)
    chunks = drain(source)
    assert source.ended
    assert messages_of(chunks) == {
        (0, 0): b"a0",
        (0, 1): b"a1",
        (0, 2): b"\xff\x00",
        (1, 0): b"b0",
    }
    assert not any(source.waiting().values())
    source.close()


def test_it_goes_on_where_it_was_left(place: Place) -> None:
    place.put([b"a0", b"a1", b"a2"], 0)
    place.put([b"b0"], 1)
    first = place.source(False)
    first.start(None, {}, pytest.fail)
    drain(first)
    origin = first.origin
    first.tell({0: 3, 1: 1})
    first.close()
    place.put([b"b1"], 1)
    again = place.source(False)
    again.start(origin, {0: 2}, pytest.fail)
    assert messages_of(drain(again)) == {(0, 2): b"a2", (1, 0): b"b0", (1, 1): b"b1"}
    assert again.origin == origin
    again.close()


def test_it_follows(place: Place) -> None:
    place.put([b"a0"], 0)
    source = place.source(True)
    source.start(None, {}, pytest.fail)
    found = drain(source, 1)
    assert not source.ended
    place.put([b"a1"], 0)
    assert messages_of(found + drain(source, 1)) == {(0, 0): b"a0", (0, 1): b"a1"}
    assert not source.ended
    source.close()


def test_large_messages(place: Place) -> None:
    large = b"x" * 2_000_000
    place.put([large, b"a"], 0)
    source = place.source(False)
    source.start(None, {}, pytest.fail)
    assert messages_of(drain(source)) == {(0, 0): large, (0, 1): b"a"}
    source.close()


def test_it_refuses_to_go_on_with_what_is_not_there(place: Place) -> None:
    place.put([b"a0"], 0)
    source = place.source(False)
    source.start(None, {}, pytest.fail)
    drain(source)
    origin = source.origin
    source.close()
    with pytest.raises(SourceError, match=r"fewer lines|is not the one"):
        place.source(False).start(origin, {0: 5}, pytest.fail)
    other = origin.model_copy(update={"kind": "pigeons", "topic": "post"})
    with pytest.raises(SourceError, match="somewhere else"):
        place.source(False).start(other, {0: 1}, pytest.fail)


@pytest.mark.parametrize("batch", [3, 1000])
def test_it_lands(batch: int, place: Place, tmp_path: pathlib.Path) -> None:
    place.put([message(0), message(1), message(0), b"poison"], 0)
    place.put([message(1), message(2)], 1)
    out = str(tmp_path / "out")

    def landing() -> tuple[int, int, int, int]:
        found = land(out, place.source(False), LandingOptions(batch=batch), clock=lambda: NOW)
        return found.read, found.landed, found.duplicates, found.dead_letters

    assert landing() == (6, 3, 2, 1)
    assert landing() == (0, 0, 0, 0)
    place.put([message(2), message(3)], 0)
    assert landing() == (2, 1, 1, 0)
    dead = reading.read_dead_letters(out)
    assert dead.select(["message", "source_partition", "source_offset"]).to_pylist() == [
        {"message": b"poison", "source_partition": 0, "source_offset": 3}
    ]
