"""The page asks a gateway as one of the sample's listeners."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from demo.app import create_app, run
from demo.gateway import Gateway, Listener, listeners_of
from gateway import GatewayServer
from serving.protocol import ConfigError
from tests.gateway.making import HEAVY, KNOWN, config, world
from tests.listening.recommending.making import listener, uri


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayServer]:
    """A gateway whose model server is gone."""
    root = world(tmp_path_factory.mktemp("world"))
    with GatewayServer(config(root, server={"target": "127.0.0.1:9"})) as running:
        yield running


@pytest.fixture
def page(gateway: GatewayServer, backend, catalogue) -> TestClient:
    asked = Gateway(gateway.address, [Listener(KNOWN, "casual"), Listener(HEAVY)])
    app = create_app(backend, catalogue, gateway=asked)
    return TestClient(app, base_url="http://localhost")


def test_it_offers_listeners_without_their_pseudonyms(page: TestClient) -> None:
    answer = page.get("/api/gateway")
    assert answer.json() == {
        "listeners": [{"segment": "casual"}, {"segment": ""}],
        "surfaces": ["discover", "home"],
    }
    assert KNOWN not in answer.text


def test_it_shows_segment_arm_and_reasons(page: TestClient) -> None:
    asked = {"listener": 0, "surface": "home", "tracks": [uri(9), "spotify:local:x"]}
    answer = page.post("/api/gateway", json=asked)
    found = answer.json()
    assert (found["segment"], found["arm"], found["served_by"]) == ("casual", None, "published")
    # Of 9 and 10, 9 was played just now.
    assert found["tracks"] == [
        {
            "uri": uri(10),
            "title": "Track 10",
            "artist": "Artist 4",
            "shelf": "Yesterday's",
            "reason": "of yesterday 10",
        }
    ]
    assert {"from": "segue label stable", "reason": "unavailable"} in found["fallbacks"]
    assert KNOWN not in answer.text


def test_what_cannot_be_asked(page: TestClient, client: TestClient) -> None:
    answer = page.post("/api/gateway", json={"listener": 2, "surface": "home"})
    assert (answer.status_code, answer.json()["error"]) == (422, "there is no such listener")
    answer = page.post("/api/gateway", json={"listener": 0, "surface": "nowhere"})
    assert answer.status_code == 502
    assert answer.json()["error"].startswith("The gateway says: surface: there is none")
    # A page without a gateway has nothing to offer.
    assert client.get("/api/gateway").json() == {"listeners": [], "surfaces": []}
    assert client.post("/api/gateway", json={"listener": 0, "surface": "x"}).status_code == 422


def test_no_gateway_there(backend, catalogue) -> None:
    app = create_app(backend, catalogue, gateway=Gateway("http://127.0.0.1:9", [Listener(KNOWN)]))
    answer = TestClient(app, base_url="http://localhost").get("/api/gateway")
    assert answer.json()["error"] == "No gateway answers at http://127.0.0.1:9."


def test_a_few_listeners_of_a_table(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "table.parquet"
    names = [listener(number) for number in range(200)]
    pq.write_table(pa.table({"listener_id": [*names, "x"], "segment": ["a"] * 201}), path)
    found = listeners_of(str(path))
    assert len(found) == 50
    assert found[:2] == [Listener(listener(0), "a"), Listener(listener(4), "a")]
    pq.write_table(pa.table({"listener_id": pa.array([], pa.string())}), path)
    with pytest.raises(ConfigError, match="has no listener"):
        listeners_of(str(path))
    pq.write_table(pa.table({"other": [1]}), path)
    with pytest.raises(ConfigError, match="no column listener_id"):
        listeners_of(str(path))
    path.write_text("no table")
    with pytest.raises(ConfigError, match="cannot be read"):
        listeners_of(str(path))


def test_addresses_and_options() -> None:
    for address in ("127.0.0.1:8700", "file:///etc/passwd", "http://"):
        with pytest.raises(ConfigError, match="a gateway is http://HOST:PORT"):
            Gateway(address, [])
    with pytest.raises(ConfigError, match="--gateway and --listeners go together"):
        run(target="127.0.0.1:8500", gateway="http://127.0.0.1:1")
