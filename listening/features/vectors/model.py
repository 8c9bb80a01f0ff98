"""An exported model, asked for vectors by its signatures."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from models.warm_start import MisfitError, ServedWeights
from schema.signatures import PLAYLIST_VECTORS, TRACK_VECTORS, TRACKS_KNOWN, VECTORS


def version_of(path: str) -> tuple[str, str]:
    """The directory of a model's version, and the version.

    TensorFlow Serving numbers a version by its directory; the model card tells the family and what
    it was trained with, not under which number it was pushed.

    Args:
        path: of a version, or of a directory of versions, of which the newest is taken.

    Raises:
        ValueError: it is neither.
    """
    path = os.path.normpath(path)
    name = os.path.basename(path)
    if name.isdigit() and os.path.isfile(os.path.join(path, "saved_model.pb")):
        return path, name
    found = [each for each in _names(path) if each.isdigit()]
    if not found:
        raise ValueError(
            f"{path} is no version of a model, which lies in a directory named after its number, "
            "nor a directory of versions"
        )
    newest = max(found, key=int)
    return os.path.join(path, newest), newest


class VectorModel:
    """A version of a model that has vectors.

    Attributes:
        directory: where it lies.
        version: its number.
        card: what its training has written of it.
        tracks: the URIs of its catalogue, in their order.
    """

    def __init__(self, path: str) -> None:
        """Loads it.

        Args:
            path: as `version_of` takes it.

        Raises:
            ValueError: it is no model of Segue's, is damaged, or has no vectors.
        """
        directory, self.version = version_of(path)
        self.directory = directory
        try:
            weights = ServedWeights(directory)
        except MisfitError as error:
            raise ValueError(f"{directory}: {error}") from None
        self.card = weights.card
        self._loaded = tf.saved_model.load(directory)
        if not {PLAYLIST_VECTORS, TRACK_VECTORS} <= self._loaded.signatures.keys():
            raise ValueError(
                f"{directory} shows no vectors: its family, {self.card.family}, has none, or it "
                "was exported before models showed them"
            )
        self.tracks = sorted(uri.decode() for uri in weights.tracks)

    def track_vectors(self, uris: Sequence[str]) -> np.ndarray:
        """float32 [n, d]."""
        ask = self._loaded.signatures[TRACK_VECTORS]
        found: np.ndarray = ask(track_uris=tf.constant(list(uris), tf.string))[VECTORS].numpy()
        return found

    def listener_vectors(self, seeds: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of playlists of tracks: float32 [n, d], and int64 [n], how many it knows."""
        width = max((len(row) for row in seeds), default=0)
        padded = [[*row, *[""] * (width - len(row))] for row in seeds]
        found = self._loaded.signatures[PLAYLIST_VECTORS](
            name=tf.constant([""] * len(seeds), tf.string),
            track_uris=tf.reshape(tf.constant(padded, tf.string), [len(seeds), width]),
        )
        return found[VECTORS].numpy(), found[TRACKS_KNOWN].numpy()


def _names(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []
