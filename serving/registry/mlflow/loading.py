"""Loads a model of Segue for MLflow's pyfunc flavour.

A copy of this file lies with each registered model, as segue_model.py, and runs where the model
does: it imports nothing of Segue.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

# Before TensorFlow: it decides once.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import pandas as pd
import tensorflow as tf


def _load_pyfunc(path: str) -> PlaylistModel:
    """What MLflow calls.

    Args:
        path: of the SavedModel.
    """
    return PlaylistModel(path)


class PlaylistModel:
    """Continues playlists by the signature serving_default.

    Args:
        path: of the SavedModel.
    """

    def __init__(self, path: str) -> None:
        self._model = tf.saved_model.load(path)  # the signature does not keep it alive
        self._continue = self._model.signatures["serving_default"]

    def predict(
        self,
        model_input: pd.DataFrame,
        params: Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Recommends tracks.

        Args:
            model_input: a row for each playlist: `name`, its title, and `track_uris`, a list.
            params: none are known.

        Returns:
            A row for each playlist: `track_uris` and `scores`, lists of equal length, best first.
        """
        names = [name if isinstance(name, str) else "" for name in model_input["name"]]
        seeds = [[str(uri) for uri in uris] for uris in model_input["track_uris"]]
        longest = max(map(len, seeds), default=0)
        padded = np.full((len(seeds), longest), "", dtype=object)
        for row, uris in enumerate(seeds):
            padded[row, : len(uris)] = uris
        answer = self._continue(
            name=tf.constant(names, tf.string, shape=[len(names)]),
            track_uris=tf.constant(padded, tf.string, shape=padded.shape),
        )
        rows = []
        for uris, scores in zip(
            answer["track_uris"].numpy(), answer["scores"].numpy(), strict=True
        ):
            there = uris != b""  # fewer tracks than places
            rows.append(
                {
                    "track_uris": [uri.decode() for uri in uris[there]],
                    "scores": [float(score) for score in scores[there]],
                }
            )
        return pd.DataFrame(rows, columns=["track_uris", "scores"])
