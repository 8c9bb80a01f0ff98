"""Versions that load and serve, and then answer wrongly: for releases that must be taken back."""

from __future__ import annotations

import pathlib
from typing import Final

import tensorflow as tf

#: What is wrong with a version, by its name.
FAULTS: Final = {
    "nan": "scores that are no numbers",
    "empty": "no track in any answer",
    "shape": "fewer scores than tracks",
    "error": "an error for each request",
    "slow": "a tenth of a second and more for each request",
    "signature": "no signature serving_default",
}
_TRACKS: Final = 8
#: Products of matrices that take a processor some 100 ms.
_PRODUCTS: Final = 60
_SIZE: Final = 384


class _Faulty(tf.Module):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self._fault = fault

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, "name"),
            tf.TensorSpec([None, None], tf.string, "track_uris"),
        ]
    )
    def recommend(self, name: tf.Tensor, track_uris: tf.Tensor) -> dict[str, tf.Tensor]:
        """The same tracks for every playlist, and what is wrong."""
        del track_uris  # kept in the signature
        rows = tf.shape(name)[0]
        # Nobody's playlist holds these.
        tracks = [f"spotify:track:faulty{index:016d}" for index in range(_TRACKS)]
        uris = tf.repeat([tracks], rows, axis=0)
        scores = tf.repeat(tf.range(_TRACKS, 0.0, -1.0)[None], rows, axis=0)
        if self._fault == "nan":
            scores *= float("nan")
        elif self._fault == "empty":
            uris, scores = tf.fill(tf.shape(uris), ""), tf.fill(tf.shape(scores), float("-inf"))
        elif self._fault == "shape":
            scores = scores[:, 1:]
        elif self._fault == "error":
            with tf.control_dependencies([tf.debugging.Assert(rows < 0, ["made to fail"])]):
                scores = tf.identity(scores)
        elif self._fault == "slow":
            scores += self._work(tf.cast(rows, tf.float32))
        return {"track_uris": uris, "scores": scores}

    def _work(self, start: tf.Tensor) -> tf.Tensor:
        matrix = tf.fill([_SIZE, _SIZE], start)
        for _ in tf.range(_PRODUCTS):
            matrix = tf.linalg.l2_normalize(matrix @ matrix)
        return 0.0 * tf.reduce_sum(matrix)


def save(fault: str, path: pathlib.Path) -> None:
    """Exports a version with a fault of `FAULTS`."""
    model = _Faulty(fault)
    name = "other" if fault == "signature" else "serving_default"
    tf.saved_model.save(model, str(path), signatures={name: model.recommend})
