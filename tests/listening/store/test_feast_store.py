"""What a store of Feast's does beside what every store does; its environment, Redis and kills."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from listening.features import partitions
from listening.store import Pushed, open_store
from listening.store.feast import client
from schema.tables import FEATURE_VIEWS
from tests.listening.store.making import asked, build, day, listener, segments, ties, timed, vectors
from tests.listening.store.placing import feast

pytestmark = pytest.mark.services

MANY = 20_000


def redis_says(address: str, question: bytes) -> int:
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(question + b"\r\n")
        return int(line.recv(64).strip().lstrip(b":"))


def killed(worker: client.Worker) -> None:
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)


@pytest.fixture
def place(redis: str, feast_python: pathlib.Path, tmp_path: pathlib.Path) -> str:
    return feast(tmp_path / "store", redis, feast_python)


@pytest.fixture
def worker(feast_python: pathlib.Path) -> Iterator[client.Worker]:
    found = client.shared(str(feast_python))
    yield found
    found.end()


@pytest.mark.parametrize("call", ["materialise", "push"])
def test_rows_are_whole_after_a_kill_in_the_middle_and_there_when_it_is_done_again(
    call: str, place: str, redis: str, worker: client.Worker, tmp_path: pathlib.Path
) -> None:
    store = open_store(place, str(tmp_path / "features"))
    rows = segments(dict.fromkeys(range(MANY), "old"))
    build(tmp_path / "features", "segments", day(2), rows)
    store.read("segments", [listener(1)])  # Feast is there, and nothing is served.
    before = redis_says(redis, b"DBSIZE")

    def watch() -> None:
        while redis_says(redis, b"DBSIZE") == before:
            time.sleep(0.002)
        killed(worker)

    thread = threading.Thread(target=watch)
    thread.start()
    fresh = timed(rows, [day(2)] * MANY)
    with pytest.raises(client.FeastError, match="process ended"):
        store.materialise("segments") if call == "materialise" else store.push("segments", fresh)
    thread.join()
    keys = [listener(number) for number in range(MANY)]
    found = store.read("segments", keys)
    served = found.column("segment").to_pylist().count("old")
    assert 1 <= served <= MANY
    for name in ("why", "since", "event_timestamp"):
        assert found.column(name).null_count == MANY - served
    if call == "materialise":
        assert store.materialise("segments") == Pushed(MANY, 0)
    else:
        assert store.push("segments", fresh) == Pushed(MANY, 0)
    assert store.read("segments", keys).column("segment").null_count == 0
    joined = store.join("segments", asked([(1, day(2)), (MANY - 1, day(2))]))
    assert joined.column("segment").to_pylist() == ["old", "old"]


def test_killed_between_two_models_never_both_are_served(
    place: str, worker: client.Worker, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = tmp_path / "features"
    store = open_store(place, str(features))
    build(features, "track_vectors", day(2), vectors({"a": [1.0], "b": [2.0]}, "1"))
    store.materialise("track_vectors")
    build(features, "track_vectors", day(3), vectors({"a": [3.0]}, "2"))
    with monkeypatch.context() as patched:
        made = worker.ask

        def ask(call: str, **arguments: object) -> object:
            if call == "materialise":
                killed(worker)
            return made(call, **arguments)

        patched.setattr(worker, "ask", ask)
        with pytest.raises(client.FeastError):
            store.materialise("track_vectors")
    # Nothing of the new model is there yet, and nothing of the old one is served any more.
    assert store.read("track_vectors", ["a", "b"]).column("vector").to_pylist() == [None, None]
    store.materialise("track_vectors")
    found = store.read("track_vectors", ["a", "b"]).column("vector").to_pylist()
    assert found == [[3.0], None]


def test_a_version_that_was_replaced_is_not_joined_any_more(
    place: str, tmp_path: pathlib.Path
) -> None:
    features = tmp_path / "features"
    store = open_store(place, str(features))
    build(features, "segments", day(2), segments({1: "a", 2: "a"}))
    who = asked([(1, day(3)), (2, day(3))])
    assert store.join("segments", who).column("segment").to_pylist() == ["a", "a"]
    build(features, "segments", day(2), segments({1: "b"}))
    assert partitions.at(str(features), "segments", day(2)).version == 2
    assert store.join("segments", who).column("segment").to_pylist() == ["b", None]


def test_lists_that_name_whoever_is_erased_leave_too(place: str, tmp_path: pathlib.Path) -> None:
    store = open_store(place, str(tmp_path / "features"))
    assert store.push("social_graph", timed(ties((1, 2), (3, 4)), [day(2), day(2)])) == Pushed(2, 0)
    found = store.read("social_graph", [listener(1)]).to_pylist()[0]
    assert (found["mean_similarity"], found["followed_artists"]) == (None, [])
    assert store.erase([listener(2)]) == {"pushed": 1, "served": 1}
    left = store.read("social_graph", [listener(1), listener(3)])
    assert left.column("neighbours").to_pylist() == [None, [listener(4)]]


def test_feast_itself_knows_entities_views_and_services(
    place: str, feast_python: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    store = open_store(f"{place}&ttl_days=30", str(tmp_path / "features"))
    store.push("segments", timed(segments({1: "a"}), [day(2)]))
    script = (
        "import feast, json\n"
        "s = feast.FeatureStore(repo_path='.')\n"
        "views = {v.name: v.ttl.days for v in s.list_feature_views()}\n"
        "row = s.get_online_features(s.get_feature_service('segments'),\n"
        f"    [{{'listener_id': '{listener(1)}'}}]).to_dict()\n"
        "print(json.dumps([sorted(e.name for e in s.list_entities()), views, row['segment'],\n"
        "    sorted(f.name for f in s.list_feature_services())]))\n"
    )
    done = subprocess.run(
        [feast_python, "-W", "ignore", "-c", script],
        cwd=tmp_path / "store" / "repository",
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
    )
    entities, views, segment, services = json.loads(done.stdout.splitlines()[-1])
    assert {"listener", "track"} <= set(entities)
    assert views == dict.fromkeys(FEATURE_VIEWS, 30)
    assert segment == ["a"]
    assert services == sorted([*FEATURE_VIEWS, "listener_features", "track_features"])


def test_a_redis_that_is_not_there_is_told_in_a_sentence(
    feast_python: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    store = open_store(feast(tmp_path / "store", "127.0.0.1:1", feast_python), str(tmp_path))
    with pytest.raises(client.FeastError, match=r"Feast: ConnectionError: .*127.0.0.1:1"):
        store.read("segments", [listener(1)])
