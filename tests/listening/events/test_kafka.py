"""What is Kafka's own: settings and secrets, producing, other consumers, announcements."""

from __future__ import annotations

import json
import pathlib
import re
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import confluent_kafka as ck
import pytest
from typer.testing import CliRunner

from listening.events import Announcer, LandingOptions, SourceError, land, reading
from listening.events.kafka import announcing, consuming, producing, settings
from listening.events.kafka.mock import mock_broker
from listening.events.kafka.settings import SettingsError
from pipeline.cli.main import app
from tests.listening.events.broker import received, send
from tests.listening.events.making import NOW, message, write


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    with mock_broker() as found:
        yield found


@pytest.fixture
def topic() -> str:
    return f"t-{uuid.uuid4().hex}"


def source(brokers: str, topic: str, follow: bool = False) -> consuming.KafkaSource:
    return consuming.KafkaSource({"bootstrap.servers": brokers}, topic, follow)


def segue(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["events", *arguments, "--json"])
    return {"exit": done.exit_code, **json.loads(done.stdout.splitlines()[-1])}


def test_settings_come_from_a_file_the_environment_and_pairs(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "kafka.conf"
    file.write_text("# of ours\nsasl.username = segue\nsasl.password=a=b\n\nlinger.ms=1\n")
    environment = {"SEGUE_KAFKA_SSL_KEY_PASSWORD": "s", "SEGUE_KAFKA_LINGER_MS": "2", "HOME": "/"}
    found = settings.settings("b:1", ["security.protocol=SASL_SSL"], str(file), environment)
    assert found == {
        "bootstrap.servers": "b:1",
        "sasl.username": "segue",
        "sasl.password": "a=b",
        "ssl.key.password": "s",
        "linger.ms": "2",
        "security.protocol": "SASL_SSL",
    }


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ("sasl.password=hush", "SEGUE_KAFKA_SASL_PASSWORD"),
        ("ssl.key.pem=hush", "SEGUE_KAFKA_SSL_KEY_PEM"),
        ("sasl.oauthbearer.client.secret=hush", "is a secret"),
        ("enable.auto.commit=hush", "not to be set"),
        ("hush", "KEY=VALUE"),
    ],
)
def test_settings_that_are_refused(pair: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as error:
        settings.settings("b:1", [pair], None, {})
    assert "hush" not in str(error.value)


def test_tls_is_librdkafkas(tmp_path: pathlib.Path) -> None:
    given = {"bootstrap.servers": "127.0.0.1:1", "security.protocol": "SSL"}
    with pytest.raises(SourceError, match=r"refuses its settings.*ssl\.ca\.location"):
        consuming.KafkaSource({**given, "ssl.ca.location": "/nowhere"}, "t").start(None, {}, print)


def test_no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consuming, "_ASK_SECONDS", 1.0)
    with pytest.raises(SourceError, match=r"no broker answers at 127\.0\.0\.1:1"):
        source("127.0.0.1:1", "t").start(None, {}, print)


def test_produced_events_land(brokers: str, topic: str, tmp_path: pathlib.Path) -> None:
    folder, out = tmp_path / "source", str(tmp_path / "out")
    lines = [message(number) for number in range(300)]
    write(folder, "a", [*lines, b"\xff", b"", lines[0]])
    write(folder, "b", lines[:20])
    where = ("--brokers", brokers, "--topic", topic)
    sent = segue("produce", "--input", str(folder), *where)
    assert (sent["exit"], sent["produced"], sent["failed"]) == (0, 322, {})
    found = segue("land", "--out", out, *where)
    assert (found["read"], found["landed"], found["duplicates"]) == (322, 300, 21)
    assert found["refused"] == {"not_json": 1}
    assert segue("land", "--out", out, *where)["read"] == 0
    # Events of a listener stand in one partition.
    table = reading.read_hour(out, "2024-03-20T10", ["listener_id", "source_partition"])
    assert len({tuple(row.values()) for row in table.to_pylist()}) == 7


def test_a_message_that_no_broker_takes_is_told(
    brokers: str, topic: str, tmp_path: pathlib.Path
) -> None:
    write(tmp_path, "a", [b"x" * (17 << 20), message(0)])
    done = producing.produce([str(tmp_path / "a.jsonl")], topic, {"bootstrap.servers": brokers})
    assert (done.sent, dict(done.failed)) == (1, {"MSG_SIZE_TOO_LARGE": 1})


def test_a_message_without_a_value_is_a_dead_letter(
    brokers: str, topic: str, tmp_path: pathlib.Path
) -> None:
    send(brokers, topic, [None, message(0)])
    counts = land(str(tmp_path), source(brokers, topic), clock=lambda: NOW)
    assert (counts.landed, counts.refused) == (1, {"not_json": 1})


def test_what_another_of_the_group_does_changes_nothing(
    brokers: str, topic: str, tmp_path: pathlib.Path
) -> None:
    """A group is rebalanced while the lander reads; it is of no group that could take from it."""
    for partition in range(4):
        send(brokers, topic, [message(100 * partition + n) for n in range(50)], partition)
    out, stop, landed = str(tmp_path / "out"), threading.Event(), threading.Semaphore(0)

    class Told:
        def looked(self, source: Any, store: Any) -> None: ...

        def landed(self, manifest: Any) -> None: ...

        def flushed(self, source: Any, store: Any, *, ended: bool) -> None:
            landed.release()

    following = threading.Thread(
        target=land,
        args=(out, source(brokers, topic, follow=True), LandingOptions(every_seconds=0)),
        kwargs={"watchers": [Told()], "stop": stop, "clock": lambda: NOW},
    )
    following.start()
    assert landed.acquire(timeout=60)
    other = ck.Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": consuming.GROUP,
            "session.timeout.ms": 6000,
            "auto.offset.reset": "latest",
        }
    )
    assigned = threading.Event()
    other.subscribe([topic], on_assign=lambda *_: assigned.set())
    for _ in range(60):
        other.poll(0.5)
        if assigned.is_set():
            break
    assert assigned.is_set()
    for partition in range(4):
        send(brokers, topic, [message(1000 + 100 * partition + n) for n in range(50)], partition)
    for _ in range(120):
        other.poll(0.5)
        if reading.landed(out).events == 400:
            break
    stop.set()
    following.join(60)
    other.close()
    found = reading.landed(out)
    assert (found.events, found.duplicates) == (400, 0)
    assert land(out, source(brokers, topic), clock=lambda: NOW).read == 0


def test_landed_hours_are_announced_once_a_version(
    brokers: str, topic: str, tmp_path: pathlib.Path
) -> None:
    control = f"control-{topic}"
    out = str(tmp_path / "out")
    folder = tmp_path / "source"
    write(folder, "a", [message(0), message(3600), message(3601)])
    options = ("--out", out, "--brokers", brokers, "--topic", topic, "--announce", control)
    segue("produce", "--input", str(folder), "--brokers", brokers, "--topic", topic)
    assert segue("land", *options)["landed"] == 3
    assert segue("land", *options)["read"] == 0
    write(folder, "a", [message(7)])
    segue("produce", "--input", str(folder), "--brokers", brokers, "--topic", topic)
    assert segue("land", *options)["landed"] == 1
    hours = reading.landed(out).hours
    told = [json.loads(value) for _, value in received(brokers, control, 3)]
    told.sort(key=lambda each: each["version"])
    rows = [(each["hour"], each["rows"]) for each in told]
    assert sorted(rows) == [("2024-03-20T10", 1), ("2024-03-20T10", 2), ("2024-03-20T11", 2)]
    assert told[-1]["version"] == hours["2024-03-20T10"].version


def test_an_announcement_that_failed_is_made_at_the_next_start(
    brokers: str, topic: str, tmp_path: pathlib.Path
) -> None:
    send(brokers, topic, [message(0)])
    out, told = str(tmp_path), []

    def fails(messages: Any) -> None:
        raise SourceError("no broker")

    with pytest.raises(SourceError, match="no broker"):
        land(out, source(brokers, topic), watchers=[Announcer(out, fails)], clock=lambda: NOW)
    land(out, source(brokers, topic), watchers=[Announcer(out, told.extend)], clock=lambda: NOW)
    assert [hour for hour, _ in told] == ["2024-03-20T10"]
    with pytest.raises(SourceError, match="refuses its settings"):
        announcing.sender({"bootstrap.servers": brokers, "no.such": "x"}, topic)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("land",), "--input DIR, or --brokers"),
        (("land", "--brokers", "b:1"), "--brokers needs --topic"),
        (("land", "--brokers", "b:1", "--topic", "t", "--input", "x"), "--input DIR, or"),
        (("land", "--input", "x", "--announce", "t"), "--announce needs --brokers"),
        (
            ("land", "--brokers", "b:1", "--topic", "t", "--kafka", "sasl.password=x"),
            "is a secret",
        ),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], told: str) -> None:
    found = segue(*arguments)
    assert (found["exit"], found["status"]) == (2, "invalid")
    assert re.search(told, found["error"])
