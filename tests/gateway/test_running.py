"""A gateway as it runs: over HTTP, with TLS, over its end, and what is newer while it runs."""

from __future__ import annotations

import pathlib
import shutil
import ssl
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.running import GatewayServer
from serving.protocol import ConfigError
from tests.gateway.making import KNOWN, config, publish, write_policy
from tests.gateway.making import shelf as shelf_of
from tests.gateway.model_server import serving, whole
from tests.standins.certificates import write_certificate

ASK = {"listener_id": KNOWN, "surface": "home"}


def get(url: str, verify: Any = True) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=verify) as client:  # no proxy of the machine's
        return client.get(url)


def post(url: str, json: Any) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.post(url, json=json)


def eventually(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
    return value


def test_it_answers_and_writes_what_it_showed(root: pathlib.Path) -> None:
    with serving(whole) as (service, target):
        with GatewayServer(config(root, server={"target": target})) as server:
            url = f"{server.address}/v1/recommend"
            answers = [post(url, json=ASK).json() for _ in range(5)]
        assert [answer["served_by"] for answer in answers] == ["model"] * 5
        assert service.asked
    assert server.exposures.counts() == {"logged": 5}
    lines = [line for path in (root / "exposures").iterdir() for line in path.open("rb")]
    assert len(lines) == sum(len(answer["tracks"]) for answer in answers)


def test_with_nothing_but_itself_it_answers_too(root: pathlib.Path) -> None:
    shutil.rmtree(root / "store")
    (root / "exposures").write_text("in the way")  # no exposure can be written
    with GatewayServer(config(root, server={"target": "127.0.0.1:9"})) as server:
        answer = post(f"{server.address}/v1/recommend", json=ASK).json()
    assert answer["served_by"] == "published"
    assert server.exposures.counts() == {"failed": 1}


def test_what_is_newer_is_taken_while_it_runs(root: pathlib.Path) -> None:
    options = config(root, server={"target": "127.0.0.1:9"}, refresh_seconds=1)
    with GatewayServer(options) as server:

        def tracks() -> list[str]:
            answer = post(f"{server.address}/v1/recommend", json=ASK).json()
            return [slot["track_uri"][-1] for slot in answer["tracks"]]

        assert tracks() == ["9", "0"]  # 9 and 10
        publish(root / "recommendations", {KNOWN: [5]})
        write_policy(root / "policies", "more", [shelf_of("popular")])
        eventually(lambda: tracks() == ["5"])
        surfaces = get(f"{server.address}/v1/surfaces").json()["surfaces"]
        assert [each["surface"] for each in surfaces] == ["discover", "home", "more"]
        # What cannot be read is told, and changes nothing.
        (root / "policies" / "more.yaml").write_text("a: [")
        time.sleep(1.5)
        assert tracks() == ["5"]


def test_tls(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    chain, authority = write_certificate(tmp_path, ["localhost"])
    tls = {"certificate": str(chain), "key": str(chain)}
    listening = {"host": "localhost", "port": 0, "tls": tls}
    with GatewayServer(config(root, listen=listening)) as server:
        assert server.address == f"https://localhost:{server.port}"
        context = ssl.create_default_context(cafile=authority)
        assert get(f"{server.address}/livez", verify=context).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate"):
            get(f"{server.address}/livez")
        with pytest.raises(httpx.RemoteProtocolError):
            get(f"http://localhost:{server.port}/livez")
    mutual = {**tls, "client_ca": str(authority)}
    with GatewayServer(config(root, listen={**listening, "tls": mutual})) as server:
        with pytest.raises(httpx.TransportError):
            get(f"{server.address}/livez", verify=context)
        context.load_cert_chain(chain)
        assert get(f"{server.address}/livez", verify=context).status_code == 200


def test_what_cannot_be_used_is_told_before_it_starts(root: pathlib.Path) -> None:
    with GatewayServer(config(root)) as server, pytest.raises(ConfigError, match="cannot be had"):
        GatewayServer(config(root, listen={"port": server.port}))
    missing = {"certificate": "none.pem", "key": "none.pem"}
    with pytest.raises(ConfigError, match=r"listen\.tls: .*No such file"):
        GatewayServer(config(root, listen={"port": 0, "tls": missing})).start()
    with pytest.raises(ConfigError, match="popular: FILE"):
        GatewayServer(config(root, features=str(root / "nothing")))
    kafka = {"brokers": "a:1", "settings": str(root / "kafka.txt")}
    (root / "kafka.txt").write_text("no.such.setting=1\n")
    with pytest.raises(ConfigError, match=r"exposures\.kafka: .*refuses"):
        GatewayServer(config(root, exposures={"kafka": kafka}))
    (root / "popular.txt").write_text("spotify:track:short\n")
    with pytest.raises(ConfigError, match=r"popular: .*line 1 is no"):
        GatewayServer(config(root, popular=str(root / "popular.txt")))
