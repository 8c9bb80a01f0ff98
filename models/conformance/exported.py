"""A family's exported models, loaded again and asked as a server asks them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Final

import numpy as np
import tensorflow as tf

from models.conformance.playlists import training_data, two_genres, uri
from models.contract import Fit, TrainingData
from models.data import Vocabularies
from models.export import ExportOptions, IndexOptions, saved_model
from models.export.index.sampling import sample_queries
from models.families import Family
from schema.model_card import ModelCard
from schema.requests import Listener, listeners_request
from schema.signatures import SERVING_DEFAULT, SERVING_EXAMPLES, SERVING_LISTENER

#: Tracks of the larger model, more than are recommended.
NUM_TRACKS: Final = 640
#: Their URIs.
TRACKS: Final = tuple(uri(track) for track in range(NUM_TRACKS))
#: Playlists of the smaller model, of five tracks.
FEW: Final = (("rock", (0, 1, 2)), ("rock", (0, 1)), ("jazz", (3, 4)), ("", (0, 4)))

_SEED: Final = 7
# One probe holds too few tracks, so that more partitions must be looked into.
_INDEX: Final = IndexOptions(kind="partitioned", probes=1, shortlist=1, min_recall=0.01)

#: URIs [B][K] and scores float32 [B, K].
Answer = tuple[list[list[str]], np.ndarray]


class Model:
    """An exported model, loaded again."""

    def __init__(self, path: str) -> None:
        """Loads a SavedModel."""
        self.path = path
        self.signatures = tf.saved_model.load(path).signatures

    def ask(self, names: Sequence[str], tracks: Sequence[Sequence[str]]) -> Answer:
        """Asks about playlists by titles and tracks."""
        width = max((len(row) for row in tracks), default=0)
        padded = [[*row, *[""] * (width - len(row))] for row in tracks]
        uris = tf.reshape(tf.constant(padded, tf.string), [len(tracks), width])
        return self._answer(SERVING_DEFAULT, name=tf.constant(names, tf.string), track_uris=uris)

    def ask_one(self, name: str = "", tracks: Sequence[str] = ()) -> tuple[list[str], list[float]]:
        """Asks about one playlist."""
        uris, scores = self.ask([name], [tracks])
        return uris[0], scores[0].tolist()

    def ask_examples(self, examples: Sequence[bytes]) -> Answer:
        """Asks about playlists by serialised examples."""
        return self._answer(SERVING_EXAMPLES, examples=tf.constant(examples, tf.string))

    def ask_listeners(self, listeners: Sequence[Listener]) -> Answer:
        """Asks about listeners by their histories."""
        inputs = listeners_request(listeners, min_columns=0).inputs
        tensors = {name: tf.constant(tf.make_ndarray(value)) for name, value in inputs.items()}
        return self._answer(SERVING_LISTENER, **tensors)

    def _answer(self, signature: str, **inputs: tf.Tensor) -> Answer:
        result = self.signatures[signature](**inputs)
        assert set(result) == {"track_uris", "scores"}
        assert result["scores"].dtype == tf.float32
        uris = [[uri.decode() for uri in row] for row in result["track_uris"].numpy()]
        return uris, result["scores"].numpy()


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A family fitted with its `test_params`.

    Attributes:
        family: that was fitted.
        fits: to many tracks and to few, by name, each with what it was fitted to.
    """

    family: Family
    fits: dict[str, tuple[Fit, TrainingData, Vocabularies]]


@dataclasses.dataclass(frozen=True)
class Exported:
    """What the checks look at.

    Attributes:
        family: that was fitted.
        indexed: whether the models search an index.
        many: a model of 640 tracks in playlists of two kinds; see `playlists.two_genres`.
        few: a model of five tracks.
    """

    family: Family
    indexed: bool
    many: Model
    few: Model


def fit(family: Family, directory: str) -> Fitted:
    """Fits a family with its `test_params` to many and to few tracks.

    Args:
        family: to fit.
        directory: to work in.

    Raises:
        ValueError: if the family refuses its own `test_params`.
    """
    params = family.params(family.test_params)
    fits = {}
    for size, (data, vocabularies) in (
        ("many", two_genres(NUM_TRACKS, 120, 20)),
        ("few", training_data(FEW)),
    ):
        workdir = os.path.join(directory, size)
        os.makedirs(workdir)
        fits[size] = family.fit(data, params, _SEED, workdir), data, vocabularies
    return Fitted(family, fits)


def export(fitted: Fitted, directory: str, indexed: bool = False) -> Exported:
    """Exports a family's models as the Trainer does, and loads them.

    Args:
        fitted: see `fit`.
        directory: where to write.
        indexed: whether to search an index of partitions rather than by brute force.

    Raises:
        ValueError: if an index meets vectors that are not finite.
    """
    options = ExportOptions(index=_INDEX if indexed else IndexOptions())
    models = {}
    for size, (found, data, vocabularies) in fitted.fits.items():
        path = os.path.join(directory, size)
        saved_model.export(
            found.scorer,
            data.catalogue,
            vocabularies,
            path,
            ModelCard(family=fitted.family.name),
            ranker=found.ranker,
            options=options,
            index_queries=sample_queries(data, 10, _SEED),
        )
        models[size] = Model(path)
    return Exported(fitted.family, indexed, **models)
