import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import scenarios
from evaluation.scenarios import BY_NAME, SCENARIOS, TITLE_ONLY, assign, is_drawn, withhold

DATA = Path(__file__).parents[2].parent / "shared/data/mpd-sample"


def test_names_are_the_challenges():
    assert [scenario.name for scenario in SCENARIOS] == [
        "title",
        "title+first1",
        "title+first5",
        "first5",
        "title+first10",
        "first10",
        "title+first25",
        "title+rand25",
        "title+first100",
        "title+rand100",
    ]
    # Every name says what its fields say.
    for name, scenario in BY_NAME.items():
        assert scenario.has_title == name.startswith("title")
        assert scenario.random == ("rand" in name)
        assert scenario.seeds == int("".join(c for c in name if c.isdigit()) or 0)


@pytest.mark.skipif(not DATA.exists(), reason="the real sample is not here")
def test_names_are_those_of_the_real_holdouts():
    with gzip.open(DATA / "validation_holdouts.json.gz") as handle:
        assert {row["scenario"] for row in json.load(handle).values()} == set(BY_NAME)


def test_assignment_is_stable_and_even():
    pids = [b"%d" % i for i in range(10_000)]
    chosen = [assign(pid, 7) for pid in pids]
    # Pinned: a change of the hash would give every playlist another scenario.
    assert [scenario.name for scenario in chosen[:4]] == [
        "title+rand25",
        "title",
        "title+rand25",
        "title+rand100",
    ]
    counts = Counter(chosen)
    # 1,000 expected each, standard deviation 30: five of them is 150.
    assert all(850 < counts[scenario] < 1150 for scenario in SCENARIOS)
    other = sum(assign(pid, 8) == scenario for pid, scenario in zip(pids, chosen, strict=True))
    assert 850 < other < 1150  # another seed agrees by chance only


def test_first_seeds_in_playlist_order():
    withheld = withhold(list("abcdefghijklmnop"), BY_NAME["first5"], b"1", 0)
    assert withheld.seed_positions == (0, 1, 2, 3, 4)
    assert withheld.holdout_positions == tuple(range(5, 16))
    assert withheld.scenario.name == "first5"


def test_repeats_are_dropped_wherever_they_stand():
    #          0    1    2    3    4    5
    tracks = ["a", "a", "b", "a", "c", "b"]
    withheld = withhold(tracks, BY_NAME["title+first1"], b"1", 0)
    assert withheld.seed_positions == (0,)
    assert withheld.holdout_positions == (2, 4)  # b and c, where they first occur


def test_half_of_a_short_playlist():
    # 7 distinct tracks: at most 3 seeds.
    withheld = withhold(list("abcdefg"), BY_NAME["title+first100"], b"1", 0)
    assert (withheld.seed_positions, withheld.holdout_positions) == ((0, 1, 2), (3, 4, 5, 6))
    assert withheld.scenario.name == "title+first100"


@pytest.mark.parametrize("name", ["first5", "title+rand25", "title"])
def test_a_single_track_leaves_only_the_title(name):
    withheld = withhold(["a", "a"], BY_NAME[name], b"1", 0)
    assert withheld == ((), (0,), TITLE_ONLY)


def test_no_track():
    with pytest.raises(ValueError, match="nothing to withhold"):
        withhold([], TITLE_ONLY, b"1", 0)


def test_random_seeds_depend_on_pid_and_seed_and_vary():
    tracks = list(range(200))
    draws = {
        withhold(tracks, BY_NAME["title+rand25"], b"%d" % pid, seed).seed_positions
        for pid in range(10)
        for seed in range(3)
    }
    assert len(draws) == 30
    everywhere = Counter(position for draw in draws for position in draw)
    # 750 draws over 200 positions: each is expected 3.75 times; were only the first tracks drawn,
    # a few would be missing by far more than these.
    assert len(everywhere) > 180


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=60),
    st.sampled_from(SCENARIOS),
    st.binary(max_size=12),
    st.integers(-(2**31), 2**31),
)
def test_every_distinct_track_is_either_seed_or_withheld(tracks, scenario, pid, seed):
    seeds, holdouts, applied = withhold(tracks, scenario, pid, seed)
    assert len(holdouts) >= 1
    assert len(seeds) <= min(scenario.seeds, len(set(tracks)) // 2)
    assert sorted({tracks[i] for i in seeds} | {tracks[i] for i in holdouts}) == sorted(set(tracks))
    assert len(seeds) + len(holdouts) == len(set(tracks))
    assert list(seeds) == sorted(seeds)
    assert list(holdouts) == sorted(holdouts)
    assert applied == (scenario if seeds else TITLE_ONLY)
    assert withhold(tracks, scenario, pid, seed) == (seeds, holdouts, applied)


def test_scenario_and_draw_are_independent_decisions():
    # The same numbers, hashed for another purpose, give other results.
    assert scenarios._hash(b"1", 0, b"scenario") != scenarios._hash(b"1", 0, b"draw")


def test_a_sample_has_its_share_and_lies_in_a_greater_one():
    pids = [b"%d" % number for number in range(10_000)]
    few = {pid for pid in pids if is_drawn(pid, 5, 0.1)}
    more = {pid for pid in pids if is_drawn(pid, 5, 0.3)}
    assert few < more
    # Four standard deviations of a binomial.
    assert abs(len(few) - 1000) < 120
    assert few != {pid for pid in pids if is_drawn(pid, 6, 0.1)}
    assert {assign(pid, 5) for pid in few} == set(SCENARIOS)
    assert all(is_drawn(pid, 5, 1.0) for pid in pids)
