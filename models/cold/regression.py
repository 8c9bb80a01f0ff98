"""What a track's vector would be, by how it sounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline

# Tracks that are learnt from, at most: those with the most playlists, whose vectors are sure.
_MOST: Final = 20_000
_LANDMARKS: Final = 300
_PENALTIES: Final = np.logspace(-2, 3, 6)
# Predicted at once, so that millions of tracks take little memory beside their vectors.
_BLOCK: Final = 65_536

#: Predicts float32 [C, d] from float32 [C, a].
Predict = Callable[[np.ndarray], np.ndarray]


def learn(sounds: np.ndarray, vectors: np.ndarray, counts: np.ndarray, seed: int) -> Predict:
    """Learns a kernel ridge regression with Nystroem's landmarks (Williams and Seeger, NIPS 2000).

    The penalty is the one with the least generalised cross-validation error. A prediction is drawn
    towards the mean of all vectors, the more so the less sound says.

    Args:
        sounds: float32 [M, a], standardised.
        vectors: float32 [M, d].
        counts: int [M], how many playlists hold each; a track counts by the logarithm.
        seed: of the landmarks.
    """
    chosen = np.argsort(-counts, kind="stable")[:_MOST]
    kernel = Nystroem(
        gamma=1 / sounds.shape[1],
        n_components=min(_LANDMARKS, len(chosen)),
        random_state=seed,
    )
    model = make_pipeline(kernel, RidgeCV(alphas=_PENALTIES))
    weights = np.log2(1.0 + counts[chosen])
    model.fit(sounds[chosen].astype(np.float64), vectors[chosen], ridgecv__sample_weight=weights)

    def predict(asked: np.ndarray) -> np.ndarray:
        blocks = [
            model.predict(asked[start : start + _BLOCK].astype(np.float64)).astype(np.float32)
            for start in range(0, len(asked), _BLOCK)
        ]
        return np.concatenate([np.zeros((0, vectors.shape[1]), np.float32), *blocks])

    return predict
