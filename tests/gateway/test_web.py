"""The gateway over HTTP: answers, refusals in JSON, and nothing of listeners in logs or metrics."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.limits import Gate
from gateway.web import create_app
from tests.gateway.making import HEAVY, KNOWN, STRANGER, Made, uri

ASK = "/v1/recommend"


def client_of(made: Made) -> TestClient:
    app = create_app(made.gateway, Gate(made.config.limits), made.metrics)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def made_one(made: Callable[..., Made]) -> Made:
    return made(limits={"answer_ms": 10_000, "request_bytes": 8_192})


@pytest.fixture
def client(made_one: Made) -> Iterator[TestClient]:
    with client_of(made_one) as found:
        yield found


def body(**fields: Any) -> dict[str, Any]:
    return {"listener_id": KNOWN, "surface": "home", **fields}


def test_an_answer(client: TestClient, made_one: Made) -> None:
    made_one.models.failing = {"segue label stable": "version_gone"}
    answer = client.post(ASK, json=body(n=1))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    found.pop("request_id")
    found.pop("candidate_set")
    assert found == {
        "surface": "home",
        "segment": "casual",
        "experiment": None,
        "arm": None,
        "served_by": "published",
        "model_version": "41",
        "fallbacks": [{"from": "segue label stable", "reason": "version_gone"}],
        "tracks": [
            {
                "track_uri": uri(9),
                "track_name": "Track 9",
                "artist_name": "Artist 3",
                "shelf": "Yesterday's",
                "reason": "of yesterday 9",
                "propensity": 1.0,
            }
        ],
    }


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        ({"method": "POST", "json": body(surface="x y")}, 422, "surface: "),
        ({"method": "POST", "json": body(surface="elsewhere")}, 422, "surface: there is none"),
        (
            {"method": "POST", "content": b"{", "headers": {"content-type": "application/json"}},
            422,
            "Invalid JSON",
        ),
        ({"method": "POST", "content": b"{}"}, 415, "content-type: it is to be application/json"),
        ({"method": "POST", "json": body(session_id="x" * 9000)}, 413, "a request may have 8,192"),
        ({"method": "GET"}, 405, "Method Not Allowed: there are POST /v1/recommend"),
        ({"method": "GET", "url": "/elsewhere"}, 404, "Not Found: there are"),
    ],
)
def test_a_bad_request_is_told_so_in_json(
    client: TestClient, request_: dict[str, Any], status: int, says: str
) -> None:
    answer = client.request(**{"url": ASK, **request_})
    assert answer.status_code == status
    assert answer.json()["error"].startswith(says)


def test_a_stream_without_a_length_is_bounded_too(client: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    answer = client.post(ASK, content=parts(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_a_client_that_asks_too_much_is_told_to_wait(made: Callable[..., Made]) -> None:
    limited = made(limits={"answer_ms": 10_000, "per_second": 0.001, "burst": 2})
    with client_of(limited) as client:
        statuses = [client.post(ASK, json=body()).status_code for _ in range(4)]
        assert statuses == [200, 200, 429, 429]
        assert client.post(ASK, json=body()).headers["retry-after"] == "1"
        assert client.get("/livez").status_code == 200  # whoever looks after it is not counted
        assert 'segue_gateway_refused_total{status="429"} 3.0' in client.get("/metrics").text


def test_no_listener_is_in_logs_or_metrics(
    made: Callable[..., Made], caplog: pytest.LogCaptureFixture, root: Any
) -> None:
    with caplog.at_level(logging.DEBUG):
        made_one = made(
            routes=[
                {"experiment": "x", "salt": "s", "arms": [{"name": "a", "share": 1.0}]},
            ]
        )
        with client_of(made_one) as client:
            for who in (KNOWN, HEAVY, STRANGER):
                client.post(ASK, json=body(listener_id=who, session_id=f"of-{who}"[:60]))
                client.post(ASK, json=body(listener_id=f"{who}0"))
                client.post(ASK, json=body(listener_id=who, surface=who))
                client.get(f"/{who}")
            (root / "store" / "online.sqlite").write_bytes(b"no database")
            made_one.models.failing = {"*": "refused"}
            client.post(ASK, json=body())
            shown = client.get("/metrics").text
        made_one.events()
    told = caplog.text + "".join(record.getMessage() for record in caplog.records)
    for who in (KNOWN, HEAVY, STRANGER):
        # httpx is the client's own, and logs what it asks for.
        ours = "\n".join(line for line in told.splitlines() if "HTTP Request" not in line)
        assert who not in shown
        assert who not in ours
    assert 'segue_gateway_arms_total{arm="a",experiment="x",served_by="model"} 3.0' in shown
    assert 'segue_gateway_answers_total{served_by="model",surface="home"} 3.0' in shown


def test_what_a_platform_asks(client: TestClient) -> None:
    assert client.get("/livez").text == client.get("/readyz").text == "alive\n"
    surfaces = client.get("/v1/surfaces").json()["surfaces"]
    assert [each["surface"] for each in surfaces] == ["discover", "home"]


def test_answers_are_logged_and_unlogged_together(client: TestClient, made_one: Made) -> None:
    for _ in range(5):
        client.post(ASK, json=body())
    made_one.events()
    shown = client.get("/metrics").text
    assert "segue_gateway_exposures_logged_total 5.0" in shown
    assert "segue_gateway_exposures_waiting 0.0" in shown
    assert json.loads(client.post(ASK, json=body()).text)["served_by"] == "model"
    assert (
        'segue_gateway_exposures_unlogged_total{reason="closing"} 1.0'
        in client.get("/metrics").text
    )
