"""Landing from a real broker: Kafka in KRaft mode, of Maven's packages and Java 17."""

from __future__ import annotations

import json
import pathlib
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import confluent_kafka as ck
import pytest
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic
from typer.testing import CliRunner

from listening.events import Counts, LandingOptions, SourceError, land, reading
from listening.events.kafka import consuming
from pipeline.cli.main import app
from scripts.kafka.broker import PACKAGES, Broker
from tests.listening.events.broker import received, send
from tests.listening.events.making import NOW, message, write

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    if not PACKAGES.jars.is_dir() and shutil.which("mvn") is None:
        pytest.skip("fetching Kafka needs mvn: apt-get install maven")
    with Broker(tmp_path_factory.mktemp("kafka")) as started:
        yield started


@pytest.fixture
def topic(broker: Broker) -> str:
    """Of three partitions."""
    name = f"t-{uuid.uuid4().hex}"
    make(broker, name)
    return name


def make(broker: Broker, topic: str, partitions: int = 3) -> None:
    wanted = NewTopic(topic, partitions, 1, config={"max.message.bytes": str(4 << 20)})
    done(broker, lambda admin: admin.create_topics([wanted]))


def done(broker: Broker, ask: Callable[[AdminClient], dict[Any, Any]]) -> None:
    """Asks the broker's operator, and waits until it is done."""
    admin = AdminClient({"bootstrap.servers": broker.address})
    for each in ask(admin).values():
        each.result(60)


def landing(broker: Broker, topic: str, out: str, notes: list[str] | None = None) -> Counts:
    source = consuming.KafkaSource({"bootstrap.servers": broker.address}, topic)
    warn = pytest.fail if notes is None else notes.append
    counts = land(out, source, LandingOptions(batch=70), warn=warn, clock=lambda: NOW)
    assert counts.read == counts.landed + counts.duplicates + counts.dead_letters
    return counts


class Following:
    """A lander that goes on in a thread."""

    def __init__(self, broker: Broker, topic: str, out: str) -> None:
        self._stop = threading.Event()
        self._out = out
        settings = {"bootstrap.servers": broker.address}
        source = consuming.KafkaSource(settings, topic, follow=True)
        self._thread = threading.Thread(
            target=land,
            args=(out, source, LandingOptions(every_seconds=0)),
            kwargs={"stop": self._stop, "clock": lambda: NOW},
        )
        self._thread.start()

    def wait(self, events: int) -> None:
        """Waits until so many have landed."""
        pause = threading.Event()
        for _ in range(600):
            if reading.landed(self._out).events >= events or not self._thread.is_alive():
                break
            pause.wait(0.2)
        assert reading.landed(self._out).events == events

    def end(self) -> None:
        self._stop.set()
        self._thread.join(120)
        assert not self._thread.is_alive()


def segue(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["events", *arguments, "--json"])
    return {"exit": done.exit_code, **json.loads(done.stdout.splitlines()[-1])}


def test_produced_events_land_and_hours_are_announced(
    broker: Broker, topic: str, tmp_path: pathlib.Path
) -> None:
    lines = [message(60 * number) for number in range(500)]
    write(tmp_path / "in", "a", [*lines, *lines[:50], b"\xff", b"x" * 2_000_000])
    where = ("--brokers", broker.address, "--topic", topic)
    assert segue("produce", "--input", str(tmp_path / "in"), *where)["produced"] == 552
    control = f"control-{topic}"
    found = segue("land", "--out", str(tmp_path / "out"), *where, "--announce", control)
    assert (found["read"], found["landed"], found["duplicates"]) == (552, 500, 50)
    assert found["refused"] == {"not_json": 1, "too_large": 1}
    hours = reading.landed(str(tmp_path / "out")).hours
    told = [json.loads(value) for _, value in received(broker.address, control, len(hours))]
    assert {each["hour"]: each["rows"] for each in told} == {
        name: hour.rows for name, hour in hours.items()
    }


def test_what_was_aborted_does_not_land(broker: Broker, topic: str, tmp_path: pathlib.Path) -> None:
    producer = ck.Producer({"bootstrap.servers": broker.address, "transactional.id": topic})
    producer.init_transactions(60)
    for first, ends in ((0, "commit"), (100, "abort")):
        producer.begin_transaction()
        for number in range(first, first + 50):
            producer.produce(topic, message(number), partition=0)
        producer.flush(60)
        if ends == "commit":
            producer.commit_transaction(60)
        else:
            producer.abort_transaction(60)
    out = str(tmp_path)
    assert landing(broker, topic, out).landed == 50
    assert landing(broker, topic, out).read == 0
    send(broker.address, topic, [message(7), message(200)])
    counts = landing(broker, topic, out)
    assert (counts.landed, counts.duplicates) == (1, 1)


def test_messages_that_were_deleted_are_told(
    broker: Broker, topic: str, tmp_path: pathlib.Path
) -> None:
    out, notes = str(tmp_path), list[str]()
    send(broker.address, topic, [message(number) for number in range(10)])
    assert landing(broker, topic, out).landed == 10
    send(broker.address, topic, [message(number) for number in range(10, 30)])
    done(broker, lambda admin: admin.delete_records([ck.TopicPartition(topic, 0, 25)]))
    counts = landing(broker, topic, out, notes)
    assert counts.landed == 5
    assert notes == [
        f"15 messages of partition 0 of {topic}, from offset 10, were deleted by the broker before "
        "they landed"
    ]


def test_a_topic_that_was_made_anew_is_refused(
    broker: Broker, topic: str, tmp_path: pathlib.Path
) -> None:
    out = str(tmp_path)
    send(broker.address, topic, [message(number) for number in range(10)])
    landing(broker, topic, out)
    done(broker, lambda admin: admin.delete_topics([topic]))
    threading.Event().wait(2)  # the broker deletes in the background
    make(broker, topic)
    with pytest.raises(SourceError, match="is not the one that was landed here"):
        landing(broker, topic, out)
    assert reading.landed(out).events == 10


def test_a_group_that_is_rebalanced(broker: Broker, topic: str, tmp_path: pathlib.Path) -> None:
    out = str(tmp_path)
    send(broker.address, topic, [message(number) for number in range(100)], 1)
    lander = Following(broker, topic, out)
    lander.wait(100)
    others = []
    for _ in range(2):
        assigned = threading.Event()
        config = {"bootstrap.servers": broker.address, "group.id": consuming.GROUP}
        other = ck.Consumer({**config, "auto.offset.reset": "latest"})
        other.subscribe([topic], on_assign=lambda *_, seen=assigned: seen.set())
        others.append(other)
        for _ in range(120):
            for each in others:
                each.poll(0.25)
            if assigned.is_set():
                break
        assert assigned.is_set()
    for partition in range(3):
        first = 100 + 50 * partition
        send(broker.address, topic, [message(n) for n in range(first, first + 50)], partition)
    lander.wait(250)
    for each in others:
        each.close()
    send(broker.address, topic, [message(250)])
    lander.wait(251)
    lander.end()
    assert reading.landed(out).duplicates == 0
    assert landing(broker, topic, out).read == 0


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_broker_that_starts_again(
    end: str, broker: Broker, topic: str, tmp_path: pathlib.Path
) -> None:
    out = str(tmp_path)
    send(broker.address, topic, [message(number) for number in range(100)])
    lander = Following(broker, topic, out)
    lander.wait(100)
    getattr(broker, end)()
    broker.start()
    send(broker.address, topic, [message(number) for number in range(50, 200)], 2)
    lander.wait(200)
    lander.end()
    assert reading.landed(out).duplicates == 50


def test_partitions_that_are_added_are_read(
    broker: Broker, topic: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consuming, "_LOOK_SECONDS", 1.0)
    send(broker.address, topic, [message(0)])
    lander = Following(broker, topic, str(tmp_path))
    lander.wait(1)
    done(broker, lambda admin: admin.create_partitions([NewPartitions(topic, 5)]))
    threading.Event().wait(2)
    send(broker.address, topic, [message(1)], 4)
    lander.wait(2)
    lander.end()
