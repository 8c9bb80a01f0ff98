"""Tracks that no playlist holds: their vectors, their scores, and what the others lose by them."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from models.cold import ColdScorer, extend, regression
from models.cold.offset import choose
from models.contract import DotProductScorer, Fit, Query
from models.data import Catalogue, Playlists, Ragged, TrainingData, Vocabularies
from schema.tables import AUDIO_EMBEDDINGS

TRACKS, COLD, TASTES = 200, 40, 4


class Tastes(DotProductScorer):
    """A playlist likes the taste that its seeds have most of; half of the tracks are famous."""

    def __init__(self, vectors: np.ndarray):
        super().__init__(name="tastes")
        self._vectors = tf.Variable(vectors, trainable=False)

    def candidate_embeddings(self) -> tf.Tensor:
        return tf.convert_to_tensor(self._vectors)

    def query_embedding(self, query: Query) -> tf.Tensor:
        return tf.stack(
            [tf.reduce_sum(tf.gather(self._vectors, row), axis=0) for row in query.track_ids]
        )

    def score(self, query: Query) -> tf.Tensor:
        return tf.matmul(self.query_embedding(query), self._vectors, transpose_b=True)


def taste(track: int) -> int:
    return track % TASTES


def uri(track: int) -> bytes:
    return b"spotify:track:%022d" % track


def query(rows: list[list[int]]) -> Query:
    none = tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.int64), [0] * len(rows))
    tracks = tf.ragged.constant(rows, dtype=tf.int64, row_splits_dtype=tf.int64)
    return Query.of_playlists(tracks, none, none, none)


def sounds(tracks: np.ndarray, noise: float, seed: int = 0) -> np.ndarray:
    plain = np.eye(TASTES, 9, dtype=np.float32)[[taste(track) for track in tracks]] * 2
    return plain + np.random.default_rng(seed).normal(0, noise, plain.shape).astype(np.float32)


def table(noise: float = 0.2, order: np.ndarray | None = None) -> pa.Table:
    tracks = np.arange(TRACKS + COLD)
    vectors = sounds(tracks, noise)
    tracks = tracks if order is None else order
    return pa.table(
        {
            "track_uri": [uri(track).decode() for track in tracks],
            "space": ["s"] * len(tracks),
            "vector": [vectors[track].tolist() for track in tracks],
            "missing": [[]] * len(tracks),
        },
        schema=AUDIO_EMBEDDINGS,
    )


@pytest.fixture(scope="module")
def fitted() -> tuple[Fit, TrainingData, Vocabularies]:
    random = np.random.default_rng(3)
    chances = 1 / (np.arange(TRACKS // TASTES) + 3.0)
    rows = [
        random.choice(TRACKS // TASTES, 12, replace=False, p=chances / chances.sum()) * TASTES
        + number % TASTES
        for number in range(300)
    ]
    tracks = Ragged.from_rows(rows)
    counts = np.bincount(tracks.values, minlength=TRACKS).astype(np.int64)
    unknown, nothing = np.full(TRACKS, -1, np.int64), np.full(TRACKS, b"", object)
    uris = np.array([uri(track) for track in range(TRACKS)], object)
    empty = Ragged.from_rows([[]] * len(rows))
    data = TrainingData(
        Catalogue(uris, nothing, nothing, unknown, unknown, counts),
        Playlists(tracks, empty, empty),
        num_artists=0,
        num_albums=0,
        num_title_ngrams=0,
    )
    vectors = np.eye(TASTES, dtype=np.float32)[np.arange(TRACKS) % TASTES]
    vectors *= (0.5 + np.log1p(counts) / 5)[:, np.newaxis].astype(np.float32)
    return Fit(Tastes(vectors)), data, Vocabularies(list(uris), [], [])


def test_a_vector_follows_from_the_sound():
    tracks = np.arange(TRACKS)
    vectors = np.eye(TASTES, dtype=np.float32)[tracks % TASTES]
    predict = regression.learn(sounds(tracks, 0.1), vectors, np.full(TRACKS, 3), seed=1)
    asked = np.arange(TRACKS, TRACKS + COLD)
    found = predict(sounds(asked, 0.1, seed=9))
    assert found.shape == (COLD, TASTES)
    assert (np.argmax(found, axis=1) == asked % TASTES).all()
    assert predict(np.zeros((0, 9), np.float32)).shape == (0, TASTES)


def test_scores_of_cold_tracks_worked_out_by_hand():
    warm = Tastes(np.array([[1, 0], [0, 2]], np.float32))
    scorer = ColdScorer(warm, np.array([[3, 4]], np.float32), offset=-0.5, known=2)
    asked = query([[0], [1, 2], [2]])
    expected = [[1, 0, 2.5], [0, 4, 7.5], [0, 0, -0.5]]  # track 2 as a seed says nothing
    np.testing.assert_allclose(scorer.score(asked), expected)
    products = scorer.query_embedding(asked) @ tf.transpose(scorer.candidate_embeddings())
    np.testing.assert_allclose(products, expected)
    np.testing.assert_allclose(scorer.track_vectors(tf.constant([2, 0])), [[3, 4, -0.5], [1, 0, 0]])
    some = tf.ragged.constant([[2, 1], [], [0]], dtype=tf.int32, row_splits_dtype=tf.int64)
    found = scorer.products(scorer.query_embedding(asked), some)
    assert found.to_list() == [[2.5, 0.0], [], [0.0]]
    assert scorer.has_signal(asked).numpy().tolist() == [True, True, False]


def test_cold_tracks_are_recommended_to_whom_they_suit(fitted):
    fit, data, vocabularies = fitted
    found = extend(fit, data, vocabularies, table(), seed=2)
    assert found.card.tracks == COLD
    assert found.card.learnt_from == TRACKS
    assert found.card.pretenders_found > 0
    assert found.card.ndcg_with >= 0.999 * found.card.ndcg_without
    assert found.vocabularies.tracks[TRACKS:] == [uri(TRACKS + each) for each in range(COLD)]
    assert found.catalogue.counts[TRACKS:].tolist() == [0] * COLD
    scores = found.fit.scorer.score(query([[0, 4, 8]])).numpy()[0, TRACKS:]
    suited = np.array([taste(TRACKS + each) == 0 for each in range(COLD)])
    assert scores[suited].min() > scores[~suited].max()


def test_the_order_of_the_table_changes_nothing(fitted):
    order = np.random.default_rng(1).permutation(TRACKS + COLD)
    one, other = (extend(*fitted, table(order=order), seed=2) for order in (None, order))
    assert one.vocabularies == other.vocabularies
    vectors = [np.asarray(each.fit.scorer.candidate_embeddings()) for each in (one, other)]
    np.testing.assert_allclose(*vectors, rtol=1e-3, atol=1e-3)


def test_sounds_that_say_nothing_cost_the_others_nothing(fitted):
    """Offsets that let noise into the lists are refused, by what it would take from others."""
    fit, data, _ = fitted
    pretenders = np.arange(0, TRACKS, 5)
    noise = np.random.default_rng(4).normal(0, 3, (len(pretenders), TASTES)).astype(np.float32)
    found = choose(fit.scorer, data, pretenders, noise, seed=1)
    assert found.ndcg >= 0.999 * found.without


def test_what_cannot_be_is_said(fitted):
    fit, data, vocabularies = fitted
    with pytest.raises(ValueError, match=r"10 are in the table .* at least 50"):
        extend(fit, data, vocabularies, table().slice(TRACKS - 10), seed=1)
    with pytest.raises(ValueError, match="dot products"):
        extend(dataclasses.replace(fit, ranker=object()), data, vocabularies, table(), seed=1)
