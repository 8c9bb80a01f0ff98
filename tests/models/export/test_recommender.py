"""Five tracks "t0" to "t4" in 9, 7, 7, 2 and 8 playlists, and scorers with scores by hand."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from models.contract import Catalogue, Query, Scorer
from models.data import Vocabularies
from models.export import recommender
from models.export.queries import QueryBuilder
from models.export.recommender import Recommender

URIS = [f"t{track}".encode() for track in range(5)]
CATALOGUE = Catalogue(
    track_uris=np.array(URIS, object),
    track_names=np.array([b"Zero", b"One", b"Two", b"", b"Four"], object),
    artist_names=np.array([b"Ann", b"Ann", b"Bob", b"", b"Bob"], object),
    artist_ids=np.array([0, 0, 1, -1, 1]),
    album_ids=np.array([0, 1, 2, -1, 3]),
    counts=np.array([9, 7, 7, 2, 8]),
)
POPULAR = [b"t0", b"t4", b"t1", b"t2", b"t3"]
NAN, INF = float("nan"), float("inf")


class Fixed(Scorer):
    """The same scores for every query."""

    def __init__(
        self, scores: list[float], uses_title: bool = False, uses_artists: bool = False
    ) -> None:
        super().__init__()
        self.told = (tuple(scores), uses_title, uses_artists)
        self.scores = tf.constant(scores, tf.float32)
        self.uses_title, self.uses_artists = uses_title, uses_artists

    def score(self, query: Query) -> tf.Tensor:
        return tf.tile(self.scores[tf.newaxis], [query.track_ids.nrows(), 1])


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory):
    """Makes a model once for all who ask the same one: they change nothing in it."""
    made: dict[tuple, Recommender] = {}

    def build_with(scorer: Fixed, rows_per_step: int = 2) -> Recommender:
        constants = (
            recommender._EXAMPLES_PER_STEP,
            recommender._SCORES_PER_STEP,
            recommender.MAX_RECOMMENDATIONS,
        )
        key = (type(scorer), *scorer.told, rows_per_step, *constants)
        if key not in made:
            vocabularies = Vocabularies(URIS, [b"Ann", b"Bob"], [b" r", b"ro"])
            folder = str(tmp_path_factory.mktemp("vocabularies"))
            queries = QueryBuilder(vocabularies, CATALOGUE.artist_ids, folder)
            made[key] = Recommender(scorer, CATALOGUE, queries, rows_per_step)
        return made[key]

    return build_with


def ask(model: Recommender, names: list[str], tracks: list[list[str]]) -> tuple[list, list]:
    width = max((len(row) for row in tracks), default=0)
    padded = [row + [""] * (width - len(row)) for row in tracks]
    uris = tf.reshape(tf.constant(padded, tf.string), [len(tracks), width])
    result = model.serving_default(tf.constant(names, tf.string), uris)
    return result["track_uris"].numpy().tolist(), result["scores"].numpy().tolist()


def test_best_first_without_the_seeds(build) -> None:
    uris, scores = ask(build(Fixed([1, 5, 3, 2, 4])), [""], [["t1", "t3"]])
    assert uris == [[b"t4", b"t2", b"t0", b"", b""]]
    assert scores == [[4, 3, 1, -INF, -INF]]


def test_ties_go_to_the_lower_id(build) -> None:
    uris, _ = ask(build(Fixed([0, 1, 1, 0, 1])), [""], [["t3"]])
    assert uris == [[b"t1", b"t2", b"t4", b"t0", b""]]


def test_scores_that_are_not_finite_recommend_nothing(build) -> None:
    uris, scores = ask(build(Fixed([NAN, 1, INF, -INF, 2])), [""], [["t4"]])
    assert uris == [[b"t1", b"", b"", b"", b""]]
    assert scores == [[1, -INF, -INF, -INF, -INF]]


def test_popular_tracks_answer_a_query_without_a_signal(build) -> None:
    model = build(Fixed([1, 5, 3, 2, 4]))
    uris, scores = ask(model, ["", "rock"], [["?"], ["spotify:track:nothing"]])
    assert uris == [POPULAR, POPULAR]
    assert scores == [[9, 8, 7, 7, 2]] * 2


def test_a_known_title_is_a_signal_for_who_uses_it(build) -> None:
    model = build(Fixed([1, 5, 3, 2, 4], uses_title=True))
    # " zzz " holds no known n-gram.
    uris, _ = ask(model, ["Rock", "zzz", ""], [[], [], []])
    assert uris == [[b"t1", b"t4", b"t2", b"t3", b"t0"], POPULAR, POPULAR]


def example(**features: list[bytes]) -> bytes:
    fields = {
        key: tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        for key, values in features.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=fields)).SerializeToString()


@pytest.mark.parametrize(("uses_artists", "expected"), [(True, b"t1"), (False, POPULAR[0])])
def test_known_artists_of_unknown_tracks(build, uses_artists: bool, expected: bytes) -> None:
    model = build(Fixed([1, 5, 3, 2, 4], uses_artists=uses_artists))
    examples = tf.constant([example(track_uri=[b"?"], artist_name=[b"Bob"])])
    assert model.serving_examples(examples)["track_uris"].numpy()[0, 0] == expected


def test_examples_give_the_same_as_padded_tracks(build) -> None:
    model = build(Fixed([1, 5, 3, 2, 4], uses_title=True))
    examples = [
        example(name=[b"rock"], track_uri=[b"t1", b"t1", b"t3"], artist_uri=[b"too few"]),
        example(name=[b"rock"]),
        example(),
    ]
    result = model.serving_examples(tf.constant(examples))
    uris, scores = ask(model, ["rock", "rock", ""], [["t1", "t3"], [], []])
    assert result["track_uris"].numpy().tolist() == uris
    assert result["scores"].numpy().tolist() == scores


@pytest.mark.parametrize("scores_at_once", [0, 5 * 3, 5 * 100])
@pytest.mark.parametrize("size", [1, 2, 3, 11])
def test_big_batches_of_examples_take_bigger_steps(
    build, monkeypatch: pytest.MonkeyPatch, scores_at_once: int, size: int
) -> None:
    """Of 4 playlists, or of so many as have that many scores of the five tracks."""
    monkeypatch.setattr(recommender, "_EXAMPLES_PER_STEP", 4)
    monkeypatch.setattr(recommender, "_SCORES_PER_STEP", scores_at_once)
    model = build(Fixed([1, 5, 3, 2, 4]))
    tracks = [[f"t{number % 5}", f"t{number % 3}"] for number in range(size)]
    examples = [example(track_uri=[uri.encode() for uri in row]) for row in tracks]
    result = model.serving_examples(tf.constant(examples))
    uris, scores = ask(model, [""] * size, tracks)
    assert result["track_uris"].numpy().tolist() == uris
    assert result["scores"].numpy().tolist() == scores


def test_no_rows(build) -> None:
    model = build(Fixed([1, 2, 3, 4, 5]))
    result = model.serving_default(tf.constant([], tf.string), tf.zeros([0, 3], tf.string))
    assert result["track_uris"].shape == (0, 5)
    assert result["scores"].shape == (0, 5)
    assert model.serving_examples(tf.constant([], tf.string))["scores"].shape == (0, 5)


def test_rows_that_do_not_match_are_refused(build) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="same number of rows"):
        ask(build(Fixed([1, 2, 3, 4, 5])), ["a", "b"], [["t1"]])


@pytest.mark.parametrize("rows_per_step", [1, 2, 3, 8])
def test_steps_do_not_change_the_answer(build, rows_per_step: int) -> None:
    tracks = [["t0"], [], ["t1", "t2"], ["t4"], ["?"], ["t3"], ["t0", "t4"]]
    model = build(Fixed([1, 5, 3, 2, 4]), rows_per_step)
    together = ask(model, [""] * 7, tracks)[0]
    alone = [ask(model, [""], [row])[0][0] for row in tracks]
    assert together == alone


def test_at_most_the_maximum(build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommender, "MAX_RECOMMENDATIONS", 2)
    uris, _ = ask(build(Fixed([1, 5, 3, 2, 4])), ["", ""], [["t1"], []])
    assert uris == [[b"t4", b"t2"], [b"t0", b"t4"]]


def test_track_metadata(build) -> None:
    model = build(Fixed([1, 2, 3, 4, 5]))
    result = model.track_metadata(tf.constant(["t3", "t2", "?", ""]))
    assert result["track_name"].numpy().tolist() == [b"", b"Two", b"", b""]
    assert result["artist_name"].numpy().tolist() == [b"", b"Bob", b"", b""]
    assert result["playlists"].numpy().tolist() == [2, 7, 0, 0]


def test_an_empty_catalogue_is_refused(tmp_path: pathlib.Path) -> None:
    nothing = np.zeros(0, object)
    numbers = np.zeros(0, np.int64)
    queries = QueryBuilder(Vocabularies([], [], []), numbers, str(tmp_path))
    catalogue = Catalogue(nothing, nothing, nothing, numbers, numbers, numbers)
    with pytest.raises(ValueError, match="at least one track"):
        Recommender(Fixed([]), catalogue, queries, 1)


def listen(
    model: Recommender, tracks: list[list[str]], excluded: list[list[str]], columns: int = 0
) -> tuple[list, list]:
    uris, out = (tf.ragged.constant(rows, tf.string, ragged_rank=1) for rows in (tracks, excluded))
    uris = uris.to_tensor("")
    result = model.serving_listener(
        uris, tf.zeros_like(uris, tf.int64), tf.zeros([len(tracks), columns]), out.to_tensor("")
    )
    return result["track_uris"].numpy().tolist(), result["scores"].numpy().tolist()


def test_listeners_get_nothing_that_they_heard_or_excluded(build) -> None:
    uris, scores = listen(build(Fixed([1, 5, 3, 2, 4])), [["t1", "t1"], ["t0"]], [["t4"], []])
    assert uris == [[b"t2", b"t3", b"t0", b"", b""], [b"t1", b"t4", b"t2", b"t3", b""]]
    assert scores[0] == [3, 2, 1, -INF, -INF]


def test_popular_tracks_but_those_excluded_answer_an_empty_history(build) -> None:
    model = build(Fixed([1, 5, 3, 2, 4]))
    uris, scores = listen(model, [["x"], []], [["t0", "t1"], []], columns=8)
    assert uris == [[b"t4", b"t2", b"t3", b"", b""], POPULAR]
    assert scores == [[8, 7, 2, -INF, -INF], [9, 8, 7, 7, 2]]


def test_uneven_inputs_of_listeners_are_refused(build) -> None:
    model, uris, times = build(Fixed([0] * 5)), tf.constant([["t0"]]), tf.constant([[1]], tf.int64)
    none, out = tf.zeros([1, 0]), tf.zeros([1, 0], tf.string)
    for inputs in (
        (uris, tf.zeros([1, 2], tf.int64), none, out),
        (uris, times, tf.zeros([2, 0]), out),
        (uris, times, none, tf.zeros([2, 0], tf.string)),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match="same number of rows"):
            model.serving_listener(*inputs)


def test_examples_of_listeners_are_histories(build) -> None:
    class Last(Fixed):
        """Scores the plays of the last seed, and then what is known of the listener."""

        def score(self, query: Query) -> tf.Tensor:
            plays = query.plays.to_tensor(0)[:, -1:]
            known = query.listener_features.to_tensor(0.0, shape=[None, 8])[:, :1]
            scores = tf.tile(self.scores[tf.newaxis], [query.track_ids.nrows(), 1])
            return scores * (tf.cast(plays, tf.float32) + known)

    def example(**lists: object) -> bytes:
        written = tf.train.Example()
        written.features.feature["track_uri"].bytes_list.value.extend([b"t1", b"t3", b"t1"])
        if lists:
            written.features.feature["listener_seen"].int64_list.value.append(3)
            written.features.feature["listener_features"].float_list.value.extend([0.5] * 8)
        return written.SerializeToString()

    model = build(Last([1, 5, 3, 2, 4]))
    found = model.serving_examples(tf.constant([example(), example(seen=3)]))
    assert found["scores"].numpy()[:, 0].tolist() == [4, 10]
