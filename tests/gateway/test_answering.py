"""The way of a request: who is asked, what is told of the listener, and what answers instead."""

from __future__ import annotations

import asyncio
import logging
import pathlib
import shutil
import time
from collections.abc import Callable

import pytest

from gateway.configuration import Model
from gateway.requests import BadRequestError
from tests.gateway.making import (
    HEAVY,
    KNOWN,
    STRANGER,
    FakeModels,
    Made,
    fallbacks,
    request,
    shown,
    write_policy,
)
from tests.gateway.making import shelf as shelf_of
from tests.listening.recommending.making import CUT, uri

Make = Callable[..., Made]


def test_a_listener_is_answered_by_the_model(made: Make) -> None:
    gateway = made()
    answer = gateway.ask()
    assert (answer.served_by, answer.segment, answer.model_version) == (
        "model",
        "casual",
        "segue/7",
    )
    assert (answer.experiment, answer.arm, list(answer.fallbacks)) == (None, None, [])
    # Six of the model's, all after what was heard: tracks 0 and 1.
    assert shown(answer) == [4, 5, 6, 7, 8, 9]
    first = answer.tracks[0]
    assert (first.track_name, first.artist_name) == ("Track 4", "Artist 4")
    assert (first.shelf, first.propensity) == ("Shelf all", 1.0)
    assert first.reason == "goes with what you played"
    ((model, told),) = gateway.models.asked
    assert model == "segue label stable"
    # Oldest first, with their times, and not to be recommended again.
    assert told.track_uris == (uri(1), uri(0))
    hour = 3600
    assert told.timestamps == (int(CUT.timestamp()) - 2 * hour, int(CUT.timestamp()) - hour)
    assert set(told.exclude_uris) == {uri(0), uri(1)}
    assert 7.0 in told.features


def test_its_exposure_is_an_event_a_slot(made: Make) -> None:
    gateway = made()
    answer = gateway.ask(n=3, session_id="visit-1")
    events = gateway.events()
    assert [event.track_uri for event in events] == [slot.track_uri for slot in answer.tracks]
    assert [event.position for event in events] == [0, 1, 2]
    first = events[0]
    assert (first.listener_id, first.session_id, first.surface) == (KNOWN, "visit-1", "discover")
    assert (first.request_id, first.model_version) == (answer.request_id, "segue/7")
    assert (first.candidate_set, first.propensity) == (answer.candidate_set, 1.0)
    assert len({event.idempotency_key for event in events}) == 3
    assert gateway.exposures.counts() == {"logged": 1}


def test_recent_tracks_are_the_last_ones_and_heard(made: Make) -> None:
    gateway = made()
    answer = gateway.ask(recent_tracks=[uri(4), uri(0), uri(4)])
    assert 4 not in shown(answer)
    ((_, told),) = gateway.models.asked
    assert told.track_uris[-3:] == (uri(1), uri(0), uri(4))
    assert told.timestamps[-1] == told.timestamps[-2] > told.timestamps[-3]


def test_each_segment_has_its_model_and_strangers_theirs(made: Make) -> None:
    models = {
        "default": {"model": "all"},
        "heavy": {"model": "heavy", "version": 3},
        "new_users": {"model": "new", "label": "canary"},
    }
    gateway = made(models=models)
    assert [gateway.ask(who).segment for who in (KNOWN, HEAVY, STRANGER)] == [
        *("casual", "heavy", "new_users")
    ]
    asked = [model for model, _ in gateway.models.asked]
    assert asked == ["all latest", "heavy version 3", "new label canary"]


def test_whoever_is_in_no_segment_gets_what_is_popular(made: Make) -> None:
    answer = made().ask(STRANGER)
    assert answer.served_by == "model"
    # Popular: 0 of two listeners, then 1, 2 and 3 of one; then what the model has for everybody.
    assert shown(answer) == [0, 1, 2, 3, 4, 5]


def test_the_other_version_answers_where_the_first_does_not(made: Make) -> None:
    gateway = made(models={"default": {"model": "segue", "version": 9}})
    gateway.models.failing = {"segue version 9": "version_gone"}
    answer = gateway.ask()
    assert answer.served_by == "other_version"
    assert fallbacks(answer) == [("segue version 9", "version_gone")]
    assert shown(answer) == [4, 5, 6, 7, 8, 9]


def test_then_the_published_list_then_what_is_popular(made: Make) -> None:
    gateway = made()
    gateway.models.failing = {"*": "unavailable"}
    answer = gateway.ask()
    # 0 was heard: today's rules hold for yesterday's lists.
    assert (answer.served_by, answer.model_version, shown(answer)) == ("published", "41", [9, 10])
    assert (answer.tracks[0].shelf, answer.tracks[0].reason) == ("Yesterday's", "of yesterday 9")
    assert fallbacks(answer) == [("segue label stable", "unavailable")]
    answer = gateway.ask(STRANGER)
    assert (answer.served_by, answer.model_version) == ("popular", "popular")
    assert fallbacks(answer)[-1] == ("published", "nothing_left")
    assert shown(answer) == [0, 1, 2, 3]
    assert [event.model_version for event in gateway.events()][:3] == ["41", "41", "popular"]


def test_without_a_store_the_published_list_is_nearer_than_a_model_that_knows_nobody(
    made: Make, root: pathlib.Path
) -> None:
    shutil.rmtree(root / "store")
    gateway = made()
    answer = gateway.ask()
    assert answer.served_by == "published"
    assert fallbacks(answer)[0] == ("store", "unavailable")
    assert ("segue label stable", "nothing_known") in fallbacks(answer)
    assert not gateway.models.asked
    # What was played just now is enough to go by.
    answer = gateway.ask(recent_tracks=[uri(4)])
    assert (answer.served_by, answer.segment) == ("model", "new_users")
    assert not (root / "store").exists()  # and no empty one is made in its place


def test_a_store_that_fails_is_left_alone_for_a_while(made: Make, root: pathlib.Path) -> None:
    shutil.rmtree(root / "store")
    gateway = made(breaker={"failures": 2, "seconds": 3600})
    reasons = [fallbacks(gateway.ask())[0][1] for _ in range(4)]
    assert reasons == ["unavailable", "unavailable", "left_alone", "left_alone"]


def test_a_store_that_hangs_costs_a_request_its_deadline_and_no_more(
    made: Make, root: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = {"uri": f"embedded:{root / 'store'}", "deadline_ms": 20}
    gateway = made(store=store, breaker={"failures": 1, "seconds": 3600})
    monkeypatch.setattr(gateway.listeners, "_read", lambda *_: time.sleep(5))
    assert fallbacks(gateway.ask())[0] == ("store", "deadline")
    assert fallbacks(gateway.ask())[0] == ("store", "left_alone")


def test_a_policy_that_leaves_nothing_is_no_reason_for_an_empty_answer(
    made: Make, root: pathlib.Path
) -> None:
    write_policy(root / "policies", "releases", [shelf_of("releases", most=5)])
    answer = made().ask(surface="releases")
    assert answer.served_by == "popular"
    assert ("segue label stable", "nothing_left") in fallbacks(answer)
    assert shown(answer) == [2, 3]  # what is popular and was not heard


def test_rather_what_was_heard_than_nothing(made: Make, root: pathlib.Path) -> None:
    (root / "popular.txt").write_text(f"# two\n{uri(0)}\n\n{uri(1)}\n")
    gateway = made(popular=str(root / "popular.txt"), recommendations=None)
    gateway.models.failing = {"*": "unavailable"}
    assert shown(gateway.ask()) == [0, 1]


def test_an_error_of_our_own_is_answered_too(
    made: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = made()

    def broken(*_: object) -> None:
        raise RuntimeError(f"of {KNOWN}")

    monkeypatch.setattr(gateway.gateway, "_slots", broken)
    with caplog.at_level(logging.DEBUG):
        answer = gateway.ask()
    assert answer.served_by == "published"
    assert ("model", "failed") in fallbacks(answer)
    assert "RuntimeError in broken" in caplog.text
    assert KNOWN not in caplog.text


def test_what_is_slow_is_not_waited_for(made: Make) -> None:
    models = FakeModels()
    models.delay = 60.0
    server = {"deadline_ms": 30}
    gateway = made(models, server=server, models={"default": {"version": 9}})
    answer = gateway.ask()
    assert answer.served_by == "published"
    assert {reason for _, reason in fallbacks(answer)} == {"deadline"}


def test_a_request_that_is_cut_short_is_nobodys_failure(made: Make) -> None:
    models = FakeModels()
    models.delay = 60.0
    gateway = made(models, server={"deadline_ms": 60_000}, limits={"answer_ms": 60_000})

    async def leave() -> None:
        task = asyncio.create_task(gateway.gateway.answer(request()))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(leave())
    models.delay = 0.0
    assert gateway.ask().served_by == "model"
    assert gateway.events()
    assert gateway.exposures.counts() == {"logged": 1}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"surface": "nowhere"}, "surface: there is none of this name; discover, home are"),
        ({"n": 101}, "n: 100 are the most"),
        ({"recent_tracks": [uri(1)] * 101}, "recent_tracks: 100 are the most"),
    ],
)
def test_what_cannot_be_answered(made: Make, fields: dict[str, object], says: str) -> None:
    with pytest.raises(BadRequestError, match=says):
        made().ask(**fields)


def test_arms_choose_their_models(made: Make) -> None:
    routes = [
        {
            "experiment": "rank-2",
            "salt": "s",
            "surfaces": ["discover"],
            "arms": [
                {"name": "control", "share": 0.5},
                {"name": "treatment", "share": 0.5, "model": {"label": "canary"}},
            ],
        }
    ]
    gateway = made(routes=routes)
    seen = {}
    for number in range(40):
        answer = gateway.ask(f"{number:032x}")
        seen[answer.arm] = gateway.models.asked[-1][0]
        assert answer.experiment == "rank-2"
    assert seen == {"control": "segue label stable", "treatment": "segue label canary"}
    assert gateway.ask(surface="home").experiment is None
    assert {event.arm for event in gateway.events()} == {"control", "treatment", None}


def test_an_alias_that_names_nothing_is_a_version_that_is_gone(made: Make) -> None:
    pinned = {"segue alias champion": Model(version=5)}
    parts = {"pinned": lambda model: pinned.get(str(model)) if model.alias else model}
    models = {"default": {"alias": "champion"}}
    gateway = made(parts=parts, models=models, registry="somewhere")
    assert gateway.ask().model_version == "segue/5"
    pinned.clear()
    answer = gateway.ask()
    assert fallbacks(answer) == [("segue alias champion", "version_gone")]
    assert answer.served_by == "other_version"


def test_the_same_candidates_have_the_same_name(made: Make) -> None:
    gateway = made()
    one, again, fewer = gateway.ask(), gateway.ask(), gateway.ask(n=2)
    assert one.candidate_set == again.candidate_set == fewer.candidate_set
    assert one.request_id != again.request_id
    assert gateway.ask(surface="home").candidate_set != one.candidate_set
    gateway.models.tracks = gateway.models.tracks[1:]
    assert gateway.ask().candidate_set != one.candidate_set


def test_what_the_model_knows_beyond_the_table_is_left_out(made: Make) -> None:
    gateway = made()
    gateway.models.tracks = [(uri(77), 9.0), *gateway.models.tracks]
    assert shown(gateway.ask()) == [4, 5, 6, 7, 8, 9]
