"""Who listens: kind, taste and habits, each a function of the seed and the listener's number."""

from __future__ import annotations

import dataclasses
import functools
from typing import Final

import numpy as np

from sample.listeners.catalogue import Catalogue
from sample.listeners.kinds import KIND_NAMES, KINDS, TRAITS, Kind, WorldSize
from sample.listeners.space import join
from sample.world import MOODS, World, choose_by_row
from schema.pseudonyms import Pseudonyms

_GOLDEN: Final = (5**0.5 - 1) / 2
_BOUNDS: Final = np.cumsum([kind.share for kind in KINDS.values()])
_JOINING: Final = 0.8  # new listeners join in this part of the days
_VARIES: Final = 0.35  # spread of the logarithm of a rate


@dataclasses.dataclass(frozen=True)
class Listener:
    """A listener.

    Attributes:
        number: from 0.
        listener_id: the pseudonym.
        kind: index into KIND_NAMES.
        taste: float32 [DIMENSIONS], of length 1.
        genre: index into GENRES, of the scene that counts most.
        sessions_per_day: expected, from the day of joining on.
        tracks_per_session: expected.
        repeat_share: of plays that come from the library.
        skip_rate: of plays whose track is as much to the taste as usual.
        joined: the day, from 0; -1 for those who were there before.
        shift: hours by which the listener's day is later than others'.
    """

    number: int
    listener_id: str
    kind: int
    taste: np.ndarray
    genre: int
    sessions_per_day: float
    tracks_per_session: float
    repeat_share: float
    skip_rate: float
    joined: int
    shift: int

    @property
    def habits(self) -> Kind:
        """What is usual of the kind."""
        return KINDS[KIND_NAMES[self.kind]]


class People:
    """Makes the listeners of a world, in any order.

    Args:
        size: of the world.
        catalogue: whose scenes they love.
    """

    def __init__(self, size: WorldSize, catalogue: Catalogue) -> None:
        self._size = size
        self._catalogue = catalogue
        self._pseudonyms = world_pseudonyms(size.seed)

    def listener(self, number: int) -> Listener:
        """Returns a listener."""
        world, space = self._catalogue.world, self._catalogue.space
        rng = np.random.default_rng([self._size.seed, TRAITS, number])
        kind = kind_of(self._size.seed, number)
        habits = KINDS[KIND_NAMES[kind]]
        main = _main_scene(world, rng)
        scenes, shares = _scenes(world, rng, main, KIND_NAMES[kind])
        moods = rng.dirichlet(np.full(len(MOODS), 0.5))
        taste = join(shares @ space.scenes[scenes], moods @ space.moods)
        varied = np.exp(rng.normal(0, _VARIES, 2) - _VARIES**2 / 2)
        joined = int(rng.integers(max(1, round(_JOINING * self._size.days))))
        return Listener(
            number=number,
            listener_id=self.pseudonym(number),
            kind=kind,
            taste=taste.astype(np.float32),
            genre=int(world.scene_genre[main]),
            sessions_per_day=habits.sessions_per_day * float(varied[0]),
            tracks_per_session=1 + (habits.tracks_per_session - 1) * float(varied[1]),
            repeat_share=float(rng.beta(10 * habits.repeat_share, 10 * (1 - habits.repeat_share))),
            skip_rate=float(rng.beta(20 * habits.skip_rate, 20 * (1 - habits.skip_rate))),
            joined=joined if KIND_NAMES[kind] == "new" else -1,
            shift=int(np.clip(np.rint(rng.normal(0, 1.5)), -4, 4)),
        )

    def pseudonym(self, number: int) -> str:
        """The pseudonym of a listener."""
        return self._pseudonyms.of(f"listener-{number}")

    @functools.cached_property
    def genres(self) -> np.ndarray:
        """The genre of every listener: uint8 [N], a byte each."""
        world, found = self._catalogue.world, np.empty(self._size.listeners, dtype=np.uint8)
        for number in range(self._size.listeners):
            rng = np.random.default_rng([self._size.seed, TRAITS, number])
            found[number] = world.scene_genre[_main_scene(world, rng)]
        return found


def kind_of(seed: int, number: int) -> int:
    """The kind of a listener.

    Numbers go round the circle in golden steps, so that among any that follow each other the shares
    are those of the kinds, but for one or two listeners.
    """
    place = (_turn(seed) + number * _GOLDEN) % 1.0
    return min(int(np.searchsorted(_BOUNDS, place, side="right")), len(KINDS) - 1)


@functools.cache
def _turn(seed: int) -> float:
    return np.random.default_rng([seed, TRAITS]).random()


def world_pseudonyms(seed: int) -> Pseudonyms:
    """The pseudonyms of a synthetic world, whose listeners are nobody: its secret is its seed."""
    return Pseudonyms(f"a synthetic world, which has no secrets: {seed}".encode())


def _main_scene(world: World, rng: np.random.Generator) -> int:
    draw = rng.random() * world.scene_weights[-1]
    return int(np.searchsorted(world.scene_weights, draw, side="right")) - 1


def _scenes(
    world: World, rng: np.random.Generator, main: int, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """The scenes that a listener loves, and how much each counts."""
    if kind == "genre_bound":
        others = np.flatnonzero(world.scene_genre == world.scene_genre[main])
        others = rng.choice(others, min(2, len(others)), replace=False)
    else:
        count = int(rng.integers(1, 4))
        others = choose_by_row(
            world.affinity[main : main + 1], np.zeros(count, int), rng.random(count)
        )
    scenes = np.concatenate([[main], others])
    shares = np.concatenate([[1.5], rng.random(len(others))])
    return scenes, shares / shares.sum()
