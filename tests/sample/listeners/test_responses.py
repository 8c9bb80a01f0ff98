"""How listeners respond to what they are shown: frequencies, effects, and that it never varies."""

from __future__ import annotations

import collections
import datetime
import json
import pathlib
import random
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sample.listeners import ClickModel, Responses, of_events, of_recommendations, respond
from schema.events import Impression, Save, Skip, Stream, encode, parse
from schema.tables import RECOMMENDATIONS
from tests.sample.listeners.conftest import Written

SLOTS = 10
DAY = datetime.date(2017, 11, 15)


@pytest.fixture(scope="module")
def world(world: Written, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A copy, since responses add to the truth."""
    folder = tmp_path_factory.mktemp("copy") / "world"
    shutil.copytree(world.folder, folder)
    return Written(folder, world.counts)


@pytest.fixture(scope="module")
def lists(world: Written) -> list[dict[str, Any]]:
    """Five lists for every listener, each of ten random tracks, in an experiment of two arms."""
    dice = random.Random(3)
    tracks = [row["track_uri"] for row in world.table("tracks")]
    listeners = [row["listener_id"] for row in world.table("truth/listeners")]
    return [
        {
            "listener_id": listener,
            "day": DAY + datetime.timedelta(days=day),
            "model_version": "1",
            "track_uris": dice.sample(tracks, SLOTS),
            "experiment": "explore",
            "arm": "treatment" if number % 2 else "control",
        }
        for number, listener in enumerate(listeners)
        for day in range(5)
    ]


@pytest.fixture(scope="module")
def published(lists: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("lists") / "lists.parquet"
    pq.write_table(pa.Table.from_pylist(lists, RECOMMENDATIONS), path)
    return str(path)


@pytest.fixture
def responded(
    world: Written, published: str, tmp_path: pathlib.Path
) -> Callable[..., tuple[Responses, list[Any]]]:
    def run(name: str = "responses", shown: Any = None, **options: Any) -> Any:
        path = tmp_path / f"{name}.jsonl"
        done = respond(world.folder, shown or of_recommendations(published), path, **options)
        return done, [parse(line) for line in path.read_bytes().splitlines()]

    return run


def test_every_slot_is_shown_and_every_click_is_played(responded: Any) -> None:
    done, events = responded()
    shown = {e.request_id + str(e.position): e for e in events if isinstance(e, Impression)}
    assert len(shown) == done.impressions == done.events["impression"] == 300 * 5 * SLOTS
    assert collections.Counter(event.type for event in events) == done.events
    assert [event.event_time for event in events] == sorted(event.event_time for event in events)
    assert len({event.idempotency_key for event in events}) == len(events)
    slots = {(e.request_id, e.track_uri): e for e in shown.values()}
    for event in events:
        if isinstance(event, Stream | Skip | Save):
            slot = slots[event.request_id, event.track_uri]
            assert event.source == "recommendation"
            assert event.event_time > slot.event_time
            assert event.listener_id == slot.listener_id
            assert event.session_id == slot.session_id
    for event in shown.values():
        day = event.event_time // 86_400_000_000
        assert 17_485 <= day < 17_490  # 2017-11-15 is day 17,485 since 1970


def test_clicks_come_as_often_as_the_model_says(
    world: Written, responded: Any, lists: list[dict[str, Any]]
) -> None:
    _, events = responded()
    taste = {row["listener_id"]: np.array(row["taste"]) for row in world.table("truth/listeners")}
    vector = {row["track_uri"]: np.array(row["vector"]) for row in world.table("truth/tracks")}
    expected = np.zeros(SLOTS)
    variance = np.zeros(SLOTS)
    for row in lists:
        affinity = np.array([taste[row["listener_id"]] @ vector[uri] for uri in row["track_uris"]])
        # By hand: (1 + k) ** -0.7 times the logistic function of -2.5 + 4 a.
        click = (1.0 + np.arange(SLOTS)) ** -0.7 / (1 + np.exp(2.5 - 4 * affinity))
        expected += click
        variance += click * (1 - click)
    position = {
        (e.request_id, e.track_uri): e.position for e in events if isinstance(e, Impression)
    }
    clicked = np.zeros(SLOTS)
    for event in events:
        if isinstance(event, Stream | Skip):
            clicked[position[event.request_id, event.track_uri]] += 1
    assert (np.abs(clicked - expected) < 4 * variance**0.5).all()
    assert clicked[0] > 2 * clicked[6]  # bias, since tracks are in no order


def test_the_truth_says_what_was_to_be_expected(world: Written, responded: Any) -> None:
    effects = {"treatment": 0.1}
    plain, _ = responded("plain")
    done, _ = responded("ab", effects=effects)
    assert done.truth == str(world.folder / "truth" / "responses" / "ab.json")
    told = json.loads(pathlib.Path(done.truth).read_text())
    assert told["experiments"] == done.experiments
    assert told["click_model"]["position_bias"] == ClickModel().position_bias
    control, treatment = (told["experiments"]["explore"][arm] for arm in ("control", "treatment"))
    assert (control["effect"], treatment["effect"]) == (0.0, 0.1)
    assert control["listeners"] == treatment["listeners"] == 150
    assert control["impressions"] == 150 * 5 * SLOTS
    assert control["expected"] == control["expected_without_effect"]
    # No attraction of 0.83 or less comes near 1, so the effect is exactly a tenth.
    for outcome, mean in treatment["expected"].items():
        assert mean == pytest.approx(1.1 * treatment["expected_without_effect"][outcome])
    without = plain.experiments["explore"]["treatment"]
    assert without["expected"] == treatment["expected_without_effect"]
    for arm in (control, treatment):
        clicks = arm["listeners"] * arm["expected"]["clicks"]
        found = arm["listeners"] * arm["found"]["clicks"]
        assert abs(found - clicks) < 4 * clicks**0.5
        for kind in ("expected", "found"):
            assert arm[kind]["clicks"] == pytest.approx(arm[kind]["streams"] + arm[kind]["skips"])


def test_an_effect_adds_clicks_and_takes_none(responded: Any) -> None:
    def plays(events: list[Any]) -> set[str]:
        return {event.idempotency_key for event in events if isinstance(event, Stream | Skip)}

    _, plain = responded("plain")
    _, more = responded("more", effects={"treatment": 0.5})
    assert plays(plain) < plays(more)


def test_the_same_seed_writes_the_same_bytes_in_any_order(
    world: Written, published: str, tmp_path: pathlib.Path
) -> None:
    shown = list(of_recommendations(published))
    for name, order in (("a", shown), ("b", random.Random(1).sample(shown, len(shown)))):
        respond(world.folder, order, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    respond(world.folder, shown, tmp_path / "c", seed=1)
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_impressions_that_were_logged_get_the_same_responses(
    world: Written, published: str, responded: Any, tmp_path: pathlib.Path
) -> None:
    _, of_lists = responded("lists")
    log = tmp_path / "log"
    log.mkdir()
    lines = [encode(event) for event in of_recommendations(published)]
    # Twice, with other events and with what is none, over two files.
    (log / "a.jsonl").write_bytes(b"\n".join([*lines, b'{"type": "impression"}', b"no JSON"]))
    (log / "b.jsonl").write_bytes(b"\n".join([*lines[:50], *map(encode, of_lists[-5:])]))
    done, of_log = responded("log", shown=of_events(str(log), tmp_path), write_impressions=False)
    assert done.impressions == len(lines)
    assert of_log == [event for event in of_lists if not isinstance(event, Impression)]


def test_strangers_are_left_out_and_unknown_tracks_attract_nobody(
    world: Written, published: str, responded: Any
) -> None:
    shown = list(of_recommendations(published))[:SLOTS]
    unknown = [each.model_copy(update={"track_uri": "spotify:track:" + "0" * 22}) for each in shown]
    stranger = [each.model_copy(update={"listener_id": "f" * 32}) for each in shown]
    done, events = responded(shown=[*unknown, *stranger], effects={"control": 1e9})
    assert (done.impressions, done.strangers) == (SLOTS, SLOTS)
    assert done.events == {"impression": SLOTS}
    assert len(events) == SLOTS


def test_what_a_list_says_is_in_its_impressions(
    world: Written, lists: list[dict[str, Any]], tmp_path: pathlib.Path
) -> None:
    shown_at = datetime.datetime(2017, 11, 20, 8, tzinfo=datetime.timezone.utc)
    said = {
        **lists[0],
        "track_uris": lists[0]["track_uris"][:2],
        "propensities": [0.5, 0.25],
        "surface": "mix",
        "candidate_set": "c7",
        "request_id": "r7",
        "experiment": None,
        "arm": None,
        "shown_at": shown_at,
    }
    pq.write_table(pa.Table.from_pylist([said], RECOMMENDATIONS), tmp_path / "one.parquet")
    first, second = of_recommendations(tmp_path / "one.parquet")
    assert (first.position, second.position) == (0, 1)
    assert (first.propensity, second.propensity) == (0.5, 0.25)
    assert (first.surface, first.candidate_set, first.request_id) == ("mix", "c7", "r7")
    assert (first.experiment, first.arm) == (None, None)
    assert first.event_time == shown_at.timestamp() * 1e6
    said["propensities"] = [0.5]
    pq.write_table(pa.Table.from_pylist([said], RECOMMENDATIONS), tmp_path / "one.parquet")
    with pytest.raises(ValueError, match="a list of 2 tracks has 1 propensities"):
        list(of_recommendations(tmp_path / "one.parquet"))


def test_an_older_table_of_lists_is_read(published: str, tmp_path: pathlib.Path) -> None:
    table = pq.read_table(published).select(["listener_id", "day", "model_version", "track_uris"])
    pq.write_table(table, tmp_path / "old.parquet")
    assert next(of_recommendations(tmp_path / "old.parquet")).experiment is None


@pytest.mark.parametrize("effect", [-1.5, float("nan"), float("inf")])
def test_an_effect_that_is_none_is_an_error(
    world: Written, tmp_path: pathlib.Path, effect: float
) -> None:
    with pytest.raises(ValueError, match=r"effect of b: .* is not a number from -1 up"):
        respond(world.folder, [], tmp_path / "x", effects={"b": effect})


def test_no_events_and_no_world_are_errors(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="no file of events"):
        list(of_events(str(tmp_path), tmp_path))
    with pytest.raises(ValueError, match=r"world\.json is missing"):
        respond(tmp_path, [], tmp_path / "x")
