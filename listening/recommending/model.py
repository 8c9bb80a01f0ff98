"""A model that answers listeners: its best tracks for each, and how near tracks are to it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import tensorflow as tf

from listening.recommending.people import Person, left_out
from listening.recommending.people import plays as played
from listening.recommending.tracks import Tracks
from schema.features import LISTENER_COLUMNS
from schema.signatures import (
    EXCLUDE_URIS,
    FEATURES,
    NAME,
    PLAYLISTS,
    SERVING_DEFAULT,
    SERVING_LISTENER,
    TIMESTAMPS,
    TRACK_METADATA,
    TRACK_URIS,
    TRACK_VECTORS,
    VECTORS,
)
from serving.protocol import saved_models

_TRACKS: Final = 8_192  # asked for at once
_UNKNOWN: Final = np.full(len(LISTENER_COLUMNS), np.nan, np.float32)


def find(path: str) -> str:
    """The directory of a model's newest version, checked to be whole.

    Raises:
        ValueError: there is none, or it is not whole.
    """
    return saved_models.choose(path)


def version_of(directory: str) -> str:
    """The version of a model: what TensorFlow Serving calls it by, its directory's name."""
    return os.path.basename(os.path.normpath(directory))


class Model:
    """A loaded model, and what it knows of the table of tracks.

    Attributes:
        version: its version.
        known: bool [n], tracks that it was trained on.
        vectors: float32 [n, d] of length 1, or 0 where it does not know a track; None where it
            has no vectors.
    """

    def __init__(self, directory: str, tracks: Tracks) -> None:
        """Loads it.

        Args:
            directory: of a version.
            tracks: of the table.

        Raises:
            ValueError: it cannot be loaded, or is no model of Segue's.
        """
        self.version = version_of(directory)
        try:
            with saved_models.plainly_named(directory) as plain:
                self._loaded = tf.saved_model.load(plain)
        except Exception as error:
            # TensorFlow raises whatever the damage leads to: IndexError, KeyError, its own.
            told = " ".join(str(error).split())
            raise ValueError(f"{directory} cannot be loaded: {told}") from error
        signatures = self._loaded.signatures
        if not {SERVING_DEFAULT, TRACK_METADATA} <= signatures.keys():
            raise ValueError(f"{directory} is not a model of Segue's: signatures are missing")
        self._tracks = tracks
        self.listens = SERVING_LISTENER in signatures
        self.known = self._of_all(TRACK_METADATA, PLAYLISTS)[:, 0] > 0
        self.vectors = None
        if TRACK_VECTORS in signatures:
            found = self._of_all(TRACK_VECTORS, VECTORS).astype(np.float32)
            lengths = np.linalg.norm(found, axis=1, keepdims=True)
            self.vectors = found / np.where(lengths > 0, lengths, 1)

    def best(self, people: Sequence[Person], *, leave_out_heard: bool) -> list[np.ndarray]:
        """The best tracks for each listener, best first, of those that are in the table.

        Args:
            people: a batch of them.
            leave_out_heard: whether tracks that they have heard may be left out at once, so that
                they take no other track's place.
        """
        if not self.listens:
            found = self._loaded.signatures[SERVING_DEFAULT](
                **{
                    NAME: tf.constant([""] * len(people), tf.string),
                    TRACK_URIS: _padded([each.seeds[::-1] for each in people]),
                }
            )
        else:
            plays = [played(each) for each in people]
            features = [_UNKNOWN if p.features is None else p.features for p in people]
            excluded = [
                self._tracks.texts(left_out(each, self.known, heard=leave_out_heard))
                for each in people
            ]
            found = self._loaded.signatures[SERVING_LISTENER](
                **{
                    TRACK_URIS: _padded([uris for uris, _ in plays]),
                    TIMESTAMPS: _padded([times for _, times in plays], 0, tf.int64),
                    FEATURES: tf.constant(np.stack(features), tf.float32),
                    EXCLUDE_URIS: _padded(excluded),
                }
            )
        uris = found[TRACK_URIS].numpy()
        places = self._tracks.places(uris.ravel().tolist()).reshape(uris.shape)
        return [row[row >= 0] for row in places]

    def _of_all(self, signature: str, output: str) -> np.ndarray:
        """What a signature says of every track of the table: [n, d]."""
        ask: Callable[..., Any] = self._loaded.signatures[signature]
        uris = self._tracks.uris
        parts = [
            ask(track_uris=tf.constant(uris.slice(start, _TRACKS).to_pylist(), tf.string))[output]
            for start in range(0, len(uris), _TRACKS)
        ]
        if not parts:
            return np.zeros((0, 1))
        found: np.ndarray = tf.concat(parts, 0).numpy()
        return found.reshape(len(uris), -1)


def _padded(rows: Sequence[Sequence[Any]], with_: Any = "", dtype: Any = tf.string) -> Any:
    """Rows of one length; of none at all a matrix without columns."""
    width = max(map(len, rows), default=0)
    flat = itertools.chain.from_iterable([*row, *[with_] * (width - len(row))] for row in rows)
    return tf.reshape(tf.constant(list(flat), dtype), [len(rows), width])
