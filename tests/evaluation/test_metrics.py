import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics import Recommendations, mean
from evaluation.metrics.coverage import ShownTracks
from evaluation.metrics.ndcg import NDCG
from evaluation.metrics.precision import RPrecisionArtist
from evaluation.metrics.recall import HitRate, Recall
from evaluation.metrics.registry import METRICS, TABLE, evaluate, find
from tests.evaluation.reference_scorer import score_playlist

DOCS = Path(__file__).parents[2] / "docs/evaluation.md"


def one(recommended, relevant, **more):
    """Every metric of a single playlist."""
    batch = Recommendations.from_ids(np.array([recommended], dtype=object), [relevant], **more)
    return {name: values[0] for name, values in evaluate(batch).items()}


def test_a_playlist_worked_out_by_hand():
    # Hits at ranks 2 and 4 of 5; three tracks are withheld, d is never recommended.
    values = one(["x", "a", "y", "b", "z"], ["a", "b", "d"])
    assert values["r_precision"] == pytest.approx(1 / 3)  # a alone is among the first three
    dcg = 1 / math.log2(3) + 1 / math.log2(5)
    ideal = 1 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert values["ndcg"] == pytest.approx(dcg / ideal, abs=1e-12)
    assert values["clicks"] == 0  # (2 - 1) // 10
    assert values["recall@10"] == values["recall@500"] == pytest.approx(2 / 3)
    assert values["hit_rate@10"] == 1
    assert values["mrr"] == 0.5
    # What was not given is not made up.
    for name in ("r_precision_artist", "popularity", "novelty", "artist_diversity"):
        assert math.isnan(values[name])


@pytest.mark.parametrize(
    ("rank", "clicks", "hit"),
    [(1, 0, 1), (10, 0, 1), (11, 1, 0), (20, 1, 0), (491, 49, 0), (500, 49, 0)],
)
def test_clicks_turns_a_page_every_ten(rank, clicks, hit):
    recommended = [f"x{i}" for i in range(500)]
    recommended[rank - 1] = "a"
    values = one(recommended, ["a"])
    assert values["clicks"] == clicks
    assert values["hit_rate@10"] == hit
    assert values["mrr"] == pytest.approx(1 / rank)
    assert values["ndcg"] == pytest.approx(1 / math.log2(rank + 1))  # the ideal is 1


def test_no_hit():
    values = one(["x", "y"], ["a"])
    assert values["clicks"] == 51
    assert [values[name] for name in ("r_precision", "ndcg", "recall@500", "mrr")] == [0] * 4


def test_a_hit_below_500_counts_nowhere():
    values = one([f"x{i}" for i in range(500)] + ["a"], ["a"])
    assert (values["clicks"], values["ndcg"], values["mrr"], values["recall@500"]) == (51, 0, 0, 0)


def test_a_perfect_list_is_worth_1_even_beyond_500():
    tracks = [f"t{i}" for i in range(600)]
    values = one(tracks[:500], tracks)
    assert values["ndcg"] == pytest.approx(1)  # the ideal is 500 deep as well
    assert values["r_precision"] == values["recall@500"] == pytest.approx(500 / 600)


def test_nothing_withheld_cannot_be_judged():
    values = one(["x", "y"], [])
    assert all(math.isnan(value) for value in values.values())


def test_nothing_recommended():
    batch = Recommendations.from_ids(np.empty((1, 0), dtype=object), [["a"]])
    values = evaluate(batch)
    assert values["clicks"] == [51]
    assert values["r_precision"] == values["ndcg"] == values["mrr"] == values["hit_rate@10"] == [0]
    assert math.isnan(values["artist_diversity"][0])


def test_no_playlist():
    batch = Recommendations.from_ids(np.empty((0, 5), dtype=np.int64), [])
    assert all(len(values) == 0 for values in evaluate(batch).values())
    assert mean(np.array([])) is None


def test_repeats_are_never_kinder():
    once = one(["a", "x", "y"], ["a", "b"])
    twice = one(["a", "a", "y"], ["a", "b", "b", "a"])
    assert twice == pytest.approx(once, nan_ok=True)


@pytest.mark.parametrize("empty", ["", None])
def test_padding_matches_nothing(empty):
    padded = one(["x", "a", empty, empty], ["a", "b", empty])
    assert padded == pytest.approx(one(["x", "a"], ["a", "b"]), nan_ok=True)


def test_integers_bytes_and_text_agree():
    ids = np.array([[3, 1, 4], [5, 9, -1]])
    relevant = [[1, 7, -1], [9, 5]]
    text = np.array([["3", "1", "4"], ["5", "9", ""]])
    expected = evaluate(Recommendations.from_ids(ids, relevant))
    for dtype in ("U", "S", object):
        rows = [["1", "7", ""], ["9", "5"]]
        other = Recommendations.from_ids(
            text.astype(dtype), [np.array(row).astype(dtype) for row in rows]
        )
        for name, values in evaluate(other).items():
            np.testing.assert_array_equal(values, expected[name])


def test_ragged_rows_as_values_and_splits():
    ids = np.array([[3, 1, 4], [5, 9, -1], [1, 2, 3]])
    values, splits = np.array([1, 7, 9, 5]), np.array([0, 2, 4, 4])
    batch = Recommendations.from_ids(ids, (values, splits))
    assert batch.hits.tolist() == [[False, True, False], [True, True, False], [False] * 3]
    assert batch.num_relevant.tolist() == [2, 2, 0]


def test_withheld_tracks_that_train_never_saw_still_count():
    batch = Recommendations.from_ids(np.array([[3, 1]]), [[1]], num_relevant=np.array([4]))
    values = evaluate(batch)
    assert values["recall@10"] == [0.25]  # one of four
    assert values["r_precision"] == [0.25]  # the second of the first four
    with pytest.raises(ValueError, match="no smaller"):
        Recommendations.from_ids(np.array([[3, 1]]), [[1, 2]], num_relevant=np.array([1]))


def test_huge_ids_do_not_collide():
    big = 2**62
    batch = Recommendations.from_ids(np.array([[big, 5], [big + 1, 6]]), [[big], [big, 6]])
    assert batch.hits.tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize(
    ("recommended", "relevant", "message"),
    [
        (np.array(["a"]), [["a"]], r"\[P, K\]"),
        (np.array([["a"]]), [["a"], ["b"]], "1 rows are recommended, 2 are relevant"),
        (np.array([[1]]), [["a"]], "one kind"),
        (np.array([[b"a"]], dtype=object), [["a"]], "one kind"),
    ],
)
def test_what_does_not_fit_is_refused(recommended, relevant, message):
    with pytest.raises(ValueError, match=message):
        Recommendations.from_ids(recommended, relevant)


def test_artist_credit_by_hand():
    # G = {a, b, c, d} by artists {A, B}; the first four recommendations are x(A) a(A) y(C) z(B).
    # One track is right; of the artists A and B both are, each once: (1 + 2 / 4) / 4 = 0.375.
    # w(B) at rank 5 is beyond |G| and counts for nothing.
    batch = Recommendations.from_ids(
        np.array([["x", "a", "y", "z", "b"]]),
        [["a", "b", "c", "d"]],
        artists=np.array([["A", "A", "C", "B", "B"]]),
        relevant_artists=[["A", "B", "A", "B"]],
    )
    values = evaluate(batch)
    assert values["r_precision"] == [0.25]
    assert values["r_precision_artist"] == [pytest.approx(0.375)]
    assert RPrecisionArtist(artist_credit=0).per_playlist(batch) == [0.25]


def test_a_perfect_list_with_artists_scores_above_1():
    batch = Recommendations.from_ids(
        np.array([["a", "b"]]),
        [["a", "b"]],
        artists=np.array([["A", "B"]]),
        relevant_artists=[["A", "B"]],
    )
    assert evaluate(batch)["r_precision_artist"] == [1.25]


def test_beyond_accuracy_by_hand():
    recommended = np.array([[b"a", b"b", b"c", b""], [b"d", b"new", b"a", b"c"]], dtype=object)
    popularity = np.array([[8, 4, 1, 0], [0, 0, 8, 1]]) / 16
    artists = np.array([[0, 0, 1, -1], [-1, -1, 0, 1]])
    batch = Recommendations.from_ids(
        recommended, [[b"a"], [b"a"]], popularity=popularity, artists=artists
    )
    values = evaluate(batch)
    # Shares 8/16, 4/16, 1/16; then 0 (never seen), 0 (not in the catalogue), 8/16, 1/16.
    assert values["popularity"] == pytest.approx([(8 + 4 + 1) / 16 / 3, (8 + 1) / 16 / 4])
    # 1, 2 and 4 bits; what train never saw has none: 1 and 4 bits.
    assert values["novelty"] == pytest.approx([7 / 3, 5 / 2])
    # Artists 0 0 1: of three pairs two differ. Then unknown, unknown, 0, 1: the one pair differs.
    assert values["artist_diversity"] == pytest.approx([2 / 3, 1])


def test_coverage_merges():
    # a, b, c of five tracks, in two parts that overlap.
    first = ShownTracks().add(np.array([["a", "b", ""]])).add(np.array([["b", "a", ""]]))
    second = ShownTracks().add(np.array([["b", "c"]], dtype=object))
    assert first.merge(second).value(5) == pytest.approx(0.6)
    assert ShownTracks(depth=1).add(np.array([[1, 2], [-1, 3]])).value(4) == 0.25
    assert ShownTracks().value(0) is None


@pytest.mark.parametrize("name", ["recall@20", "hit_rate@1", "ndcg"])
def test_metrics_by_name(name):
    assert find(name).name == name


@pytest.mark.parametrize("name", ["precision", "recall@0", "recall@501", "recall@", "ndcg@5", ""])
def test_an_unknown_metric_names_those_there_are(name):
    with pytest.raises(ValueError, match="ndcg, r_precision, r_precision_artist"):
        find(name)


def test_every_metric_is_documented():
    for name, measure in TABLE.items():
        assert measure.name == name
        assert measure.label
        assert measure.meaning.endswith(".")
        assert measure.source
        assert f"`{name.split('@')[0]}" in DOCS.read_text(encoding="utf-8")
    assert [name for name, metric in METRICS.items() if not metric.higher_is_better] == [
        "clicks",
        "popularity",
    ]
    assert [name for name, metric in METRICS.items() if metric.binary] == ["hit_rate@10"]


def test_parameters_make_variants():
    batch = Recommendations.from_ids(np.array([["x", "a"]]), [["a", "b"]])
    assert Recall.at(1).per_playlist(batch) == [0]
    assert HitRate.at(2).per_playlist(batch) == [1]
    assert NDCG("ndcg@1", depth=1).per_playlist(batch) == [0]


TRACKS = st.integers(0, 30).map(lambda i: f"t{i}")
PLAYLISTS = st.lists(
    st.tuples(
        st.lists(TRACKS, max_size=25, unique=True), st.lists(TRACKS, min_size=1, max_size=25)
    ),
    min_size=1,
    max_size=8,
)


def padded(rows):
    width = max(len(row) for row in rows)
    return np.array([list(row) + [""] * (width - len(row)) for row in rows], dtype=object).reshape(
        len(rows), width
    )


@given(PLAYLISTS)
def test_agrees_with_the_reference_scorer(playlists):
    batch = Recommendations.from_ids(
        padded([recommended for recommended, _ in playlists]), [g for _, g in playlists]
    )
    expected = [score_playlist(*playlist) for playlist in playlists]
    for name in expected[0]:
        np.testing.assert_allclose(
            METRICS[name].per_playlist(batch), [row[name] for row in expected], atol=1e-9, rtol=0
        )


@given(PLAYLISTS)
def test_a_batch_is_its_playlists(playlists):
    recommended = padded([row for row, _ in playlists])
    together = evaluate(Recommendations.from_ids(recommended, [g for _, g in playlists]))
    for i, (_, relevant) in enumerate(playlists):
        alone = evaluate(Recommendations.from_ids(recommended[i : i + 1], [relevant]))
        for name, values in together.items():
            np.testing.assert_allclose(values[i], alone[name][0], rtol=1e-12)


@given(PLAYLISTS)
def test_values_stay_in_their_ranges(playlists):
    batch = Recommendations.from_ids(
        padded([row for row, _ in playlists]), [g for _, g in playlists]
    )
    for name, values in evaluate(batch, ["r_precision", "ndcg", "recall@10", "mrr"]).items():
        assert ((values >= 0) & (values <= 1 + 1e-12)).all(), name
    clicks = METRICS["clicks"].per_playlist(batch)
    assert ((clicks >= 0) & (clicks <= 51)).all()
