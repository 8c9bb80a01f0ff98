from __future__ import annotations

import dataclasses

import numpy as np

from evaluation.scenarios import TITLE_ONLY
from models.data import HeldOutPlaylists, Ragged
from models.data.holding_out import cut, part_of, set_aside
from tests.models.training_fixture import training_data, two_genres

DATA, _ = two_genres(num_tracks=60, num_playlists=40, length=8)


def test_cuts_one_after_another() -> None:
    rows = np.arange(0, 20)
    part, new_ids = part_of(DATA, np.arange(20, 40))
    first, second = cut(DATA, rows, new_ids, 0), cut(DATA, rows, new_ids, 1)
    both = HeldOutPlaylists.concatenate([first, second])
    assert len(part.train) == 20
    assert len(both) == 40
    query = both.query()
    for row in range(40):
        held, index = (first, row) if row < 20 else (second, row - 20)
        expected = held.track_ids.row(index).tolist()
        assert query.track_ids[row].numpy().tolist() == expected
        assert both.artist_ids.row(row).tolist() == held.artist_ids.row(index).tolist()
    assert list(first.scenarios) != list(second.scenarios)


def test_a_scenario_may_be_given() -> None:
    _, new_ids = part_of(DATA, np.arange(20, 40))
    titles = cut(DATA, np.arange(0, 20), new_ids, 0, TITLE_ONLY)
    assert set(titles.scenarios) == {"title"}
    assert not titles.track_ids.lengths.any()
    np.testing.assert_array_equal(titles.num_targets, DATA.train.track_ids.lengths[:20])


def test_a_cut_keeps_the_plays_of_seeds_and_who_listens() -> None:
    """A track's plays are its id + 1 here; tracks that the part lacks take theirs with them."""
    tracks = DATA.train.track_ids
    listeners = dataclasses.replace(
        DATA.train,
        plays=Ragged(tracks.values + 1, tracks.splits),
        listener_features=np.arange(len(tracks) * 8, dtype=np.float32).reshape(-1, 8),
    )
    data = dataclasses.replace(DATA, train=listeners)
    part, new_ids = part_of(data, np.arange(20, 24))
    assert (new_ids < 0).any()
    assert (
        part.train.plays.values.tolist() == (tracks.select(np.arange(20, 24)).values + 1).tolist()
    )
    held = cut(data, np.arange(0, 20), new_ids, 0)
    both = HeldOutPlaylists.concatenate([held, held])
    old_ids = {new: old for old, new in enumerate(new_ids.tolist())}
    query = both.query()
    expected = [[old_ids[new] + 1 for new in row] for row in query.track_ids.to_list()]
    assert query.plays.to_list() == expected
    assert any(expected)
    np.testing.assert_array_equal(
        query.listener_features.to_tensor()[20:], listeners.listener_features[:20]
    )


def test_a_part_knows_which_of_its_playlists_are_of_stop() -> None:
    data = dataclasses.replace(DATA, stop=np.array([3, 7, 20]))
    part, _ = part_of(data, np.array([2, 3, 8, 20]))
    assert part.stop.tolist() == [1, 3]


def test_stop_is_set_aside_as_if_it_had_not_been_there() -> None:
    # Track 2 is in the last playlist alone, which is of stop: a model of the others lacks it.
    data, _ = training_data([("rock", [0, 1]), ("rock", [1, 0, 3]), ("jazz", [0, 2, 1, 3])])
    aside = set_aside(dataclasses.replace(data, stop=np.array([2])), 0)
    assert aside is not None
    assert len(aside.data.train) == 2
    assert aside.data.stop.tolist() == []
    assert sorted(aside.data.catalogue.counts.tolist()) == [1, 2, 2]
    held = aside.held_out
    known = [*held.track_ids.row(0), *held.targets.row(0)]
    assert sorted(known) == [0, 1, 2]
    assert held.num_targets.tolist() in ([4], [3], [2], [1])


def test_what_a_title_names_is_shown_with_it() -> None:
    titles = [(f"artist {n % 5}", [3 * (n % 5), 3 * (n % 5) + 1, n % 12]) for n in range(60)]
    data, _ = training_data(titles)
    held = cut(data, np.arange(60), np.arange(len(data.catalogue)), 0)
    shown = held.title_ngram_ids.lengths > 0
    assert shown.any()
    assert not shown.all()
    for row in range(60):
        expected = data.train.mention_ids.row(row).tolist() if shown[row] else []
        assert held.mention_ids.row(row).tolist() == expected
    assert len(data.train.mention_ids.row(0)) == 1


def test_with_nothing_to_choose_by_nothing_is_set_aside() -> None:
    assert set_aside(DATA, 0) is None
    everything = dataclasses.replace(DATA, stop=np.arange(len(DATA.train)))
    assert set_aside(everything, 0) is None
    empty, _ = training_data([("rock", [0, 1]), ("jazz", [])])
    assert set_aside(dataclasses.replace(empty, stop=np.array([1])), 0) is None
