from __future__ import annotations

import pathlib

import numpy as np
import tensorflow as tf

from models.contract import Catalogue, Playlists, Query, Ragged, TrainingData
from models.families.two_stage.features import NAMES, CandidateFeatures
from models.families.two_stage.features.listening import Listening
from tests.models.families.two_stage.features.feature_fixture import DATA, check, sources
from tests.models.training_fixture import query

FEATURES = CandidateFeatures(sources())
# Seeds and artists in all mixtures: none, unknown ones, some.
QUERY = query([[0], [], [1, 3], []], ngrams=[[], [0], [0], []], artists=[[0, 1], [], [1], [0]])
SCORES = tf.constant([[3.0, 2, -np.inf]] * 4)
IDS = tf.constant([[1, 2, 3], [0, 1, 2], [2, 0, 1], [3, 2, 1]], tf.int32)


def described(asked: Query, rows: slice, places: list[list[int]] | None = None) -> np.ndarray:
    at = None if places is None else tf.constant(places, tf.int32)
    return FEATURES.describe(asked, SCORES[rows], IDS[rows], at).numpy()


def test_all_groups_in_order() -> None:
    block = described(QUERY, slice(None))
    assert block.shape == (4, 3, len(NAMES))
    assert len(set(NAMES)) == len(NAMES)
    assert np.isfinite(block).all()
    first = dict(zip(NAMES, block[0].T, strict=True))
    picked = {name: tf.constant(first[name]) for name in ("score", "count")}
    expected = {
        "score": [3, 2, 0],
        "count": [np.log(2 / 4), np.log(1 / 4), np.log(1 / 4)],
    }
    check(picked, expected)


def test_candidates_of_nearly_the_same_score_may_change_places() -> None:
    """Scores differ by float error from batch to batch, and their order with them."""
    scores, ids = SCORES.numpy()[:1], IDS.numpy()[:1]
    scores[0, 1] = scores[0, 0]
    one = Query(*(part[:1] for part in QUERY))
    block = FEATURES.describe(one, tf.constant(scores), tf.constant(ids)).numpy()[0]
    changed = tf.constant(ids[:, [1, 0, 2]])
    scores[0, 1] = np.nextafter(scores[0, 1], np.float32(0))
    other = FEATURES.describe(one, tf.constant(scores), changed).numpy()[0]
    np.testing.assert_allclose(other[[1, 0, 2]], block, rtol=1e-5, atol=1e-6)


def test_a_playlists_description_does_not_depend_on_the_others() -> None:
    together = described(QUERY, slice(None))
    for row in range(4):
        alone = described(Query(*(part[row : row + 1] for part in QUERY)), slice(row, row + 1))
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-5, atol=1e-6)


def test_some_places_are_described_as_among_all() -> None:
    # Training describes a sample, serving all: what they say of a candidate is the same.
    everything = described(QUERY, slice(None))
    places = [[2, 0], [1, 2], [0, 1], [2, 1]]
    some = described(QUERY, slice(None), places)
    for row, at in enumerate(places):
        np.testing.assert_allclose(some[row], everything[row][at], rtol=1e-6, atol=1e-6)


def test_listening_is_described_where_it_is_asked_for() -> None:
    """The others stay, and a playlist is as a listener of whom nothing is known."""
    listening = CandidateFeatures(sources(), listening=True)
    assert listening.names == (*NAMES, *Listening.names)
    plain = listening.describe(QUERY, SCORES, IDS).numpy()
    np.testing.assert_array_equal(plain[:, :, : len(NAMES)], described(QUERY, slice(None)))
    unknown = tf.fill([4, 8], np.float32("nan"))
    told = tf.RaggedTensor.from_tensor(unknown, row_splits_dtype=tf.int64)
    asked = QUERY._replace(listener_features=told)
    np.testing.assert_array_equal(listening.describe(asked, SCORES, IDS).numpy(), plain)
    often = QUERY._replace(plays=QUERY.plays.with_flat_values(QUERY.plays.flat_values + 4))
    changed = ~np.isclose(listening.describe(often, SCORES, IDS), plain, atol=1e-5)
    assert set(np.array(listening.names)[changed.any(axis=(0, 1))]) == {
        "artist_plays",
        "mean_plays",
    }


def test_saved_it_says_what_training_was_told(tmp_path: pathlib.Path) -> None:
    rows = tf.RaggedTensorSpec([None, None], tf.int64, ragged_rank=1, row_splits_dtype=tf.int64)
    found = [tf.TensorSpec([None, 3], kind) for kind in (tf.float32, tf.int32)]
    module = tf.Module()
    module.features = FEATURES
    module.describe = tf.function(
        lambda *asked: FEATURES.describe(Query.of_playlists(*asked[:4]), *asked[4:]),
        input_signature=[*[rows] * 4, *found],
        autograph=False,
    )
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    places = [[0, 1, 2]] * 4
    np.testing.assert_allclose(
        loaded.describe(*QUERY[:4], SCORES, IDS), described(QUERY, slice(None), places), atol=1e-5
    )


def test_no_playlists() -> None:
    none = Query(*(part[:0] for part in QUERY))
    assert described(none, slice(0, 0)).shape == (0, 3, len(NAMES))


def test_the_title_speaks_for_itself_beside_seeds() -> None:
    # Row 2 has seeds and a title, which points to track 1; rows 0 and 3 have no title.
    cosine = described(QUERY, slice(None))[:, :, NAMES.index("title_cosine")]
    np.testing.assert_allclose(cosine[2], [0.5**0.5, 0, 1], atol=1e-6)
    assert not cosine[[0, 3]].any()


def test_a_catalogue_of_one_track() -> None:
    catalogue = Catalogue(*(column[:1] for column in vars(DATA.catalogue).values()))
    train = Playlists(Ragged.from_rows([[0]]), *[Ragged.from_rows([[]])] * 2)
    data = TrainingData(catalogue, train, 1, 0, 0)
    block = CandidateFeatures(sources(data)).describe(
        query([[0]]), tf.constant([[1.0]]), tf.constant([[0]], tf.int32)
    )
    assert np.isfinite(block.numpy()).all()
