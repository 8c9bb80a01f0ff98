"""A model to serve in benchmarks: what Segue exports, of the real sample's size."""

from __future__ import annotations

import dataclasses
import pathlib
import random
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from schema.model_card import ModelCard

if TYPE_CHECKING:
    # TensorFlow takes seconds to import, which a benchmark's own process need not wait for.
    from models.contract import Catalogue
    from models.data import Vocabularies

TRACKS: Final = 170_000
FACTORS: Final = 128

_ARTISTS: Final = 25_000
_PLAYLISTS: Final = 256


def save_two_stage(path: pathlib.Path) -> None:
    """Exports what the profile for the real sample pushes: two_stage with 192 factors.

    It is fitted to made-up playlists, in haste: only its size and its operations matter.
    """
    import tempfile

    from benchmarks.big_catalogue import training_data
    from models.export import saved_model
    from models.families import family

    data = training_data(
        tracks=TRACKS, artists=_ARTISTS, albums=1, ngrams=2, playlists=3000, seed=0
    )
    catalogue, vocabularies = _catalogue()
    data = dataclasses.replace(
        data,
        catalogue=dataclasses.replace(catalogue, counts=data.catalogue.counts),
        num_artists=_ARTISTS,
    )
    two_stage = family("two_stage")
    params = two_stage.params(
        {
            "retrieval": {"factors": 192, "epochs": 0, "start": {"iterations": 1}},
            "ranking": {"epochs": 1, "cuts": 1, "max_playlists": 200},
        }
    )
    with tempfile.TemporaryDirectory() as work:
        found = two_stage.fit(data, params, 0, work)
    assert found.ranker is not None
    card = ModelCard(family="two_stage", catalogue_size=TRACKS)
    saved_model.export(
        found.scorer, data.catalogue, vocabularies, str(path), card, ranker=found.ranker
    )


def save_als(path: pathlib.Path, tracks: int = TRACKS) -> None:
    """Exports ALS's scorer, with vectors made up, as the pipeline exports it.

    Everything that a pushed model does for a request is in it: lookups, the playlist's vector, all
    scores, seeds masked, the best 500, their URIs.
    """
    from models.export import saved_model
    from models.families.als.model import AlsScorer
    from models.families.als.params import Params

    generator = np.random.default_rng(0)
    factors = generator.normal(scale=FACTORS**-0.5, size=(tracks, FACTORS)).astype(np.float32)
    card = ModelCard(family="als", catalogue_size=tracks)
    saved_model.export(AlsScorer(factors, Params()), *_catalogue(tracks), str(path), card)


def owners(tracks: int = TRACKS) -> np.ndarray:
    """The number of each track's artist."""
    found: np.ndarray = np.random.default_rng(0).integers(0, _ARTISTS, tracks)
    return found


def _catalogue(count: int = TRACKS) -> tuple[Catalogue, Vocabularies]:
    from models.contract import Catalogue
    from models.data import Vocabularies

    tracks = [uri(index).encode() for index in range(count)]
    artists = [b"artist %d" % index for index in range(_ARTISTS)]
    artist_ids = owners(count)
    catalogue = Catalogue(
        track_uris=np.array(tracks, object),
        track_names=np.array([b"track %d" % index for index in range(count)], object),
        artist_names=np.array(artists, object)[artist_ids],
        artist_ids=artist_ids,
        album_ids=np.full(count, -1, np.int64),
        counts=np.arange(count, 0, -1),
    )
    return catalogue, Vocabularies(tracks, artists, title_ngrams=[b"pl", b"la"])


def uri(index: int) -> str:
    """The URI of a track."""
    return f"spotify:track:{index:022d}"


def playlists() -> list[dict[str, Any]]:
    """Playlists of 1 to 100 tracks to ask about, in MPD format."""
    choose = random.Random(0)
    return [
        {
            "pid": pid,
            "name": f"playlist {pid}",
            "tracks": [
                {"track_uri": uri(choose.randrange(TRACKS))}
                for _ in range(choose.choice([1, 5, 10, 25, 100]))
            ],
        }
        for pid in range(_PLAYLISTS)
    ]


def save_bare(path: pathlib.Path) -> None:
    """Saves as little as a recommender can do: vectors summed, all scores, the best 500."""
    import tensorflow as tf

    class BruteForce(tf.Module):
        """Scores by the product of the seeds' sum with every track's factors."""

        def __init__(self) -> None:
            super().__init__()
            factors = np.random.default_rng(0).normal(size=(TRACKS, FACTORS))
            self.factors = tf.Variable(factors.astype(np.float32), trainable=False)
            self.uris = tf.Variable([uri(i) for i in range(TRACKS)], trainable=False)
            self.ids = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    [uri(i) for i in range(TRACKS)], tf.range(TRACKS, dtype=tf.int64)
                ),
                -1,
            )

        @tf.function(
            input_signature=[
                tf.TensorSpec([None], tf.string, "name"),
                tf.TensorSpec([None, None], tf.string, "track_uris"),
            ]
        )
        def recommend(self, name: tf.Tensor, track_uris: tf.Tensor) -> dict[str, tf.Tensor]:
            """The best 500 tracks of each row."""
            del name
            ids = self.ids.lookup(track_uris)
            known = tf.cast(ids >= 0, tf.float32)[..., None]
            query = tf.reduce_sum(tf.gather(self.factors, tf.maximum(ids, 0)) * known, axis=1)
            scores = tf.matmul(query, self.factors, transpose_b=True)
            best, at = tf.math.top_k(scores, 500)
            return {"track_uris": tf.gather(self.uris, at), "scores": best}

    model = BruteForce()
    tf.saved_model.save(model, str(path), signatures={"serving_default": model.recommend})
