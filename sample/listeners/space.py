"""The latent space in which scenes, moods, tracks and tastes lie.

The first part of a vector says which music it is, the second in what mood. Genres lie on a ring, so
neighbours are alike; a scene lies near its genre, a track near its scene and mood. All vectors have
length 1, so a product of two is between -1 and 1.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from sample.listeners.kinds import SPACE
from sample.world import GENRES, MOODS, World

MUSIC: Final = 8  # dimensions
MOOD: Final = 4
DIMENSIONS: Final = MUSIC + MOOD
_MUSIC_LENGTH: Final = 0.85
_SCENE_SPREAD: Final = 0.18
_TRACK_SPREAD: Final = 0.07


@dataclasses.dataclass(frozen=True)
class Space:
    """Where scenes and moods lie.

    Attributes:
        scenes: float64 [S, MUSIC], of length 1.
        moods: float64 [M, MOOD], of length 1.
    """

    scenes: np.ndarray
    moods: np.ndarray

    @classmethod
    def of(cls, world: World) -> Space:
        """Draws the space of a world."""
        rng = np.random.default_rng([world.seed, SPACE, world.tracks])
        angle = 2 * np.pi * np.arange(len(GENRES)) / len(GENRES)
        ring = np.zeros((len(GENRES), MUSIC))
        for column, wave in enumerate((1, 2)):
            ring[:, 2 * column] = np.cos(wave * angle)
            ring[:, 2 * column + 1] = np.sin(wave * angle)
        near = unit(ring)[world.scene_genre]
        scenes = near + rng.normal(0, _SCENE_SPREAD, (world.scenes, MUSIC))
        return cls(unit(scenes), unit(rng.normal(0, 1, (len(MOODS), MOOD))))

    def cells(self, scenes: np.ndarray, moods: np.ndarray) -> np.ndarray:
        """The vectors of pairs of scene and mood.

        Args:
            scenes: int [N].
            moods: int [N].

        Returns:
            float64 [N, DIMENSIONS], of length 1.
        """
        return join(self.scenes[scenes], self.moods[moods])

    def tracks(self, rng: np.random.Generator, scenes: np.ndarray, moods: np.ndarray) -> np.ndarray:
        """Draws the vectors of tracks around those of their scenes and moods."""
        spread = rng.normal(0, _TRACK_SPREAD, (len(scenes), DIMENSIONS))
        return unit(self.cells(scenes, moods) + spread)


def join(music: np.ndarray, mood: np.ndarray) -> np.ndarray:
    """Vectors of length 1 from their two parts, each of any length but 0."""
    return np.concatenate(
        [_MUSIC_LENGTH * unit(music), (1 - _MUSIC_LENGTH**2) ** 0.5 * unit(mood)], axis=-1
    )


def unit(vectors: np.ndarray) -> np.ndarray:
    """The vectors at length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
