"""What Prometheus sees of a lander."""

from __future__ import annotations

import math
import pathlib
import socket
import threading
import time
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from listening.events import DirectorySource, LandingMetrics, land, metrics_served
from tests.listening.events.making import MORNING, append, message, write


def seen(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_counts_lag_and_freshness(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "in", "a", [message(0), message(1), message(1), b"poison"])
    metrics = LandingMetrics()
    with metrics_served(metrics, 0) as port:
        assert math.isnan(seen(port)["segue_events_freshness_seconds"])
        land(str(tmp_path / "out"), DirectorySource(str(tmp_path / "in")), watchers=[metrics])
        found = seen(port)
        assert found["segue_events_landed_total"] == 2
        assert found["segue_events_duplicates_total"] == 1
        assert found["segue_events_dead_letters_total not_json"] == 1
        assert found["segue_events_lag 0"] == 0
        since = time.time() - (MORNING / 1e6 + 1)
        assert found["segue_events_freshness_seconds"] == pytest.approx(since, abs=600)
        with socket.socket() as other:  # at this machine's own address alone
            other.bind(("127.0.0.2", port))
    with pytest.raises(OSError, match="refused"):
        seen(port)


def test_a_lander_that_has_nothing_to_land_tells_how_old_things_are(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "in", "a", [message(0)])
    land(str(tmp_path / "out"), DirectorySource(str(tmp_path / "in")))
    metrics, stop, source = LandingMetrics(), threading.Event(), tmp_path / "in"
    append(source, "a", message(1)[:20])  # its end is still to come
    follower = threading.Thread(
        target=land,
        args=(str(tmp_path / "out"), DirectorySource(str(source), follow=True)),
        kwargs={"watchers": [metrics], "stop": stop},
    )
    with metrics_served(metrics, 0) as port:
        follower.start()
        while "segue_events_lag 0" not in (found := seen(port)) and follower.is_alive():
            pass
        stop.set()
        follower.join(60)
    assert (found["segue_events_lag 0"], found["segue_events_commits_total"]) == (20, 0)
    since = time.time() - MORNING / 1e6
    assert found["segue_events_freshness_seconds"] == pytest.approx(since, abs=600)
