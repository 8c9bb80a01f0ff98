"""`heard` is what pandas finds in the raw events, as of any time."""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from listening.events import DirectorySource, erasing, land
from listening.features import erasing as leaving
from listening.features import heard, partitions, sorting
from listening.features.heard.columns import COLUMNS, KINDS, heard_rows
from schema.events import EVENTS
from tests.listening.events.making import MORNING, NOW, message, write
from tests.listening.features import reference
from tests.listening.features.conftest import World, cut, micros, rows
from tests.listening.features.test_history import EVENT, events_of, table_of


def wanted(raw: Any, when: int) -> dict[str, dict[str, Any]]:
    """Rows by a loop over raw events."""
    found: dict[str, dict[str, int]] = {}
    plays = reference.before(raw, when)
    for play in plays[plays.type.isin(["stream", "skip"])].itertuples():
        own = found.setdefault(play.listener_id, {})
        own[play.track_uri] = own.get(play.track_uri, 0) + (play.type == "stream")
    return {
        name: {"track_uris": sorted(own), "streams": [own[uri] for uri in sorted(own)]}
        for name, own in found.items()
    }


@pytest.mark.parametrize("when", [cut(2, 7), cut(10, 23)])
def test_it_is_what_the_raw_events_say(
    world: World, when: datetime.datetime, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "buckets_for", lambda rows: 3)
    found = heard.build(world.events, str(tmp_path), when)
    got = rows(partitions.read(str(tmp_path), "heard", when))
    assert got == wanted(world.raw, micros(when))
    assert found.listeners == len(got) > 10
    again = heard.build(world.events, str(tmp_path), when)
    assert (again.changed, again.partition) == (False, found.partition)


@hypothesis.settings(max_examples=60)
@hypothesis.given(st.lists(EVENT, max_size=60), st.integers(-30, 2), st.randoms())
def test_any_events_any_cut(drawn: list[dict[str, Any]], days: int, luck: Any) -> None:
    events, at = events_of(drawn), MORNING + days * 86_400_000_000
    inside = [e for e in events if e["event_time"] < at and e["type"] in KINDS]
    # A key is of one event: whoever copies it copies its type.
    kinds = {e["idempotency_key"]: e["type"] for e in events}
    hypothesis.assume(all(kinds[e["idempotency_key"]] == e["type"] for e in events))
    luck.shuffle(inside)
    found, copies = heard_rows(table_of(inside).select(COLUMNS))
    assert rows(found) == wanted(reference.frame(events), at)
    assert copies == len(inside) - len({e["idempotency_key"] for e in inside})
    assert set(COLUMNS) <= set(EVENTS.names)


def test_who_leaves_is_as_if_never_there(tmp_path: pathlib.Path) -> None:
    lines = [message(number * 60, listener_id=f"{number % 3:032x}") for number in range(60)]
    write(tmp_path / "source", "a", lines)
    events, features = str(tmp_path / "events"), str(tmp_path / "features")
    land(events, DirectorySource(str(tmp_path / "source")), clock=lambda: NOW)
    when = datetime.datetime.fromtimestamp(MORNING / 1e6 + 7200, datetime.timezone.utc)
    heard.build(events, features, when)
    erasing.erase(events, [f"{1:032x}"])
    removed = leaving.erase(features, [f"{1:032x}"])
    assert removed == {"rows": 1, "mentions": 0, "files": 1}
    left = partitions.at(features, "heard", when)
    assert not heard.build(events, features, when).changed
    assert [block.num_rows for block in left.blocks()] == [2]
