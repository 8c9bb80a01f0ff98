"""Listeners among the playlists that are learnt from: what they heard, how often, in what order."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import tensorflow as tf

from models.data.ragged import Ragged
from schema.features import LISTENER_COLUMNS

_COLUMNS: Final = len(LISTENER_COLUMNS)


class Heard(NamedTuple):
    """What P playlists or listeners hold.

    Attributes:
        track_ids: int32 rows, each track once: of playlists in their order, of listeners in that
            of the last play.
        plays: int32 rows, how often each was heard, 1 in playlists; None where all are playlists.
        listener_features: float32 [P, F], NaN for playlists; None where all are playlists.
    """

    track_ids: Ragged
    plays: Ragged | None = None
    listener_features: np.ndarray | None = None

    @classmethod
    def read(cls, tracks: tf.RaggedTensor, features: tf.RaggedTensor | None) -> Heard:
        """Reads a batch.

        Args:
            tracks: int64 ragged [P, (S)], repeats kept, unknown ones negative.
            features: float32 ragged [P, (F)], no values for playlists; None where nobody listens.
        """
        number = int(tracks.nrows())
        lengths = np.zeros(number) if features is None else features.row_lengths().numpy()
        if features is None or not lengths.any():
            return cls(Ragged.from_tensor(tracks, unique=True))
        owners, values = tracks.value_rowids().numpy(), tracks.flat_values.numpy()
        known = values >= 0
        owners, values = owners[known], values[known]
        keys = owners * (values.max(initial=0) + 1) + values
        _, first, counts = np.unique(keys, return_index=True, return_counts=True)
        last = len(keys) - 1 - np.unique(keys[::-1], return_index=True)[1]
        listens = (lengths > 0)[owners[first]]
        chosen = np.where(listens, last, first)
        order = np.argsort(chosen)
        rows = np.bincount(owners[first], minlength=number)
        told = np.full((number, _COLUMNS), np.nan, np.float32)
        told[lengths > 0] = features.flat_values.numpy().reshape(-1, _COLUMNS)
        return cls(
            Ragged.of_lengths(values[chosen[order]], rows),
            Ragged.of_lengths(np.where(listens, counts, 1)[order], rows),
            told,
        )

    @classmethod
    def concatenate(cls, parts: list[Heard]) -> Heard:
        """Puts the rows of several one after another."""
        tracks = Ragged.concatenate([part.track_ids for part in parts])
        if all(part.plays is None for part in parts):
            return cls(tracks)
        filled = [part._filled() for part in parts]
        plays = Ragged.concatenate([part.plays for part in filled if part.plays is not None])
        told = [part.listener_features for part in filled if part.listener_features is not None]
        return cls(tracks, plays, np.concatenate(told))

    def select(self, rows: np.ndarray) -> Heard:
        """Some rows, int [n], in the order given."""
        return Heard(
            self.track_ids.select(rows),
            None if self.plays is None else self.plays.select(rows),
            None if self.listener_features is None else self.listener_features[rows],
        )

    def _filled(self) -> Heard:
        """The same, where playlists say that they are."""
        if self.plays is not None:
            return self
        once = Ragged(np.ones_like(self.track_ids.values), self.track_ids.splits)
        unknown = np.full((len(self.track_ids), _COLUMNS), np.nan, np.float32)
        return Heard(self.track_ids, once, unknown)
