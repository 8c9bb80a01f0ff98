"""A broker that wants TLS and a login: what suffices, and what is said of what does not."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from listening.events import reading
from pipeline.cli.main import app
from scripts.kafka.broker import HOST, PACKAGES, Broker
from tests.listening.events.making import message, write

pytestmark = pytest.mark.services

PASSWORD = "s3cret=of the lander"
_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
_USERS = f'username="broker" password="b" user_broker="b" user_lander="{PASSWORD}";'


def openssl(folder: pathlib.Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def certificates(folder: pathlib.Path) -> None:
    """An authority (`ca.pem`), and a certificate of the broker with its key (`broker.pem`)."""
    new = ("-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={HOST}")
    openssl(folder, "req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem")
    openssl(folder, "req", *new, "-keyout", "broker.key", "-out", "broker.csr")
    (folder / "names").write_text(f"subjectAltName=IP:{HOST}\n")
    authority = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    openssl(folder, "x509", "-req", "-in", "broker.csr", *authority, "-out", "broker.crt")
    parts = [(folder / name).read_text() for name in ("broker.key", "broker.crt", "ca.pem")]
    (folder / "broker.pem").write_text("".join(parts))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("tls")
    certificates(folder)
    return folder / "ca.pem"


@pytest.fixture(scope="module")
def broker(authority: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    if not PACKAGES.jars.is_dir() and shutil.which("mvn") is None:
        pytest.skip("fetching Kafka needs mvn: apt-get install maven")
    options = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(authority.with_name("broker.pem")),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority),
        "sasl.enabled.mechanisms": "PLAIN",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": f"{_LOGIN} {_USERS}",
    }
    with Broker(tmp_path_factory.mktemp("kafka"), 0, options, "SASL_SSL") as started:
        yield started


@pytest.fixture
def settings(authority: pathlib.Path) -> dict[str, str]:
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "lander",
        "ssl.ca.location": str(authority),
    }


def segue(verb: str, broker: Broker, settings: dict[str, str], *arguments: str) -> dict[str, Any]:
    pairs = [word for key, value in settings.items() for word in ("--kafka", f"{key}={value}")]
    where = ("--brokers", broker.address, "--topic", "events")
    done = CliRunner().invoke(app, ["events", verb, *where, *pairs, *arguments, "--json"])
    assert PASSWORD not in done.output
    return {"exit": done.exit_code, **json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize("place", ["environment", "file"])
def test_the_right_password(
    place: str,
    broker: Broker,
    settings: dict[str, str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    more: tuple[str, ...] = ()
    if place == "environment":
        monkeypatch.setenv("SEGUE_KAFKA_SASL_PASSWORD", PASSWORD)
    else:
        (tmp_path / "kafka.conf").write_text(f"sasl.password={PASSWORD}\n")
        more = ("--kafka-config", str(tmp_path / "kafka.conf"))
    write(tmp_path / "in", "a", [message(number) for number in range(100)])
    sent = segue("produce", broker, settings, "--input", str(tmp_path / "in"), *more)
    assert (sent["exit"], sent["produced"], sent["failed"]) == (0, 100, {})
    out = str(tmp_path / "out")
    found = segue("land", broker, settings, "--out", out, "--announce", f"of-{place}", *more)
    assert (found["exit"], found["landed"]) == (0, 100)
    assert reading.landed(out).events == 100


@pytest.mark.parametrize("verb", ["produce", "land"])
@pytest.mark.parametrize(
    ("password", "left_out", "told"),
    [
        ("wrong", (), r"refuses the login: .*Invalid username or password"),
        (PASSWORD, ("ssl.ca.location",), "certificate verify failed"),
        (PASSWORD, ("security.protocol",), "no broker answers at"),
    ],
    ids=["a wrong password", "an authority that is not known", "no TLS"],
)
def test_what_is_wrong_is_told(
    verb: str,
    password: str,
    left_out: tuple[str, ...],
    told: str,
    broker: Broker,
    settings: dict[str, str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEGUE_KAFKA_SASL_PASSWORD", password)
    write(tmp_path / "in", "a", [message(0)])
    given = {key: value for key, value in settings.items() if key not in left_out}
    place = {"produce": ("--input", str(tmp_path / "in")), "land": ("--out", str(tmp_path / "out"))}
    found = segue(verb, broker, given, *place[verb])
    assert (found["exit"], found["status"]) == (1, "failed")
    assert re.search(told, found["error"])
