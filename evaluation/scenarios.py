"""The ten scenarios of the RecSys Challenge 2018, and which tracks each withholds.

What a playlist shows to a model and what is withheld follow from a hash of its pid and the run's
seed alone. They stay the same from run to run, on every worker, and as data grows.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple, TypeVar

T = TypeVar("T", bound=Hashable)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """What a model may see of a playlist.

    Attributes:
        name: as the challenge's held-out files spell it.
        has_title: whether the title is shown.
        seeds: how many tracks are shown, at most half of the playlist's distinct ones.
        random: whether these are drawn at random rather than the playlist's first.
    """

    name: str
    has_title: bool
    seeds: int
    random: bool = False


TITLE_ONLY: Final = Scenario("title", True, 0)
SCENARIOS: Final[tuple[Scenario, ...]] = (
    TITLE_ONLY,
    Scenario("title+first1", True, 1),
    Scenario("title+first5", True, 5),
    Scenario("first5", False, 5),
    Scenario("title+first10", True, 10),
    Scenario("first10", False, 10),
    Scenario("title+first25", True, 25),
    Scenario("title+rand25", True, 25, random=True),
    Scenario("title+first100", True, 100),
    Scenario("title+rand100", True, 100, random=True),
)
BY_NAME: Final[dict[str, Scenario]] = {scenario.name: scenario for scenario in SCENARIOS}


class Withheld(NamedTuple):
    """How a playlist is divided, as positions in the track list that was given.

    Attributes:
        seed_positions: tracks that the model sees, ascending.
        holdout_positions: tracks that are withheld, ascending, never empty.
        scenario: the scenario that was applied, `title` where no seed was possible.
    """

    seed_positions: tuple[int, ...]
    holdout_positions: tuple[int, ...]
    scenario: Scenario


def _hash(pid: bytes, seed: int, purpose: bytes, item: int = 0) -> int:
    """A stable 64-bit hash; `purpose` keeps one decision independent of another."""
    message = b"%d/%d/%b" % (seed, item, pid)
    return int.from_bytes(hashlib.blake2b(message, digest_size=8, person=purpose).digest(), "big")


def assign(pid: bytes, seed: int) -> Scenario:
    """The scenario of a held-out playlist, each of the ten equally likely.

    Args:
        pid: the playlist's id, as in its Example.
        seed: the run's seed.
    """
    return SCENARIOS[_hash(pid, seed, b"scenario") % len(SCENARIOS)]


def is_drawn(pid: bytes, seed: int, share: float) -> bool:
    """Whether a playlist belongs to a sample of that share, from 0 to 1, of all of them.

    A greater share's sample holds a smaller one's.
    """
    return _hash(pid, seed, b"sample") < share * 2**64


def withhold(tracks: Sequence[T], scenario: Scenario, pid: bytes, seed: int) -> Withheld:
    """Divides a playlist into seeds and withheld tracks.

    Only the first occurrence of a track counts, so that no withheld track is also a seed. At most
    half of the distinct tracks are seeds. A playlist too short for a single seed (one distinct
    track) becomes `title`, whatever its scenario: without seed and title there would be nothing
    to go by, and a title without seed is what `title` means, so that its results are counted
    where they belong.

    Args:
        tracks: the playlist's tracks in order, repeats included.
        scenario: what to show, usually from `assign`.
        pid: the playlist's id.
        seed: the run's seed.

    Raises:
        ValueError: there is no track to withhold.
    """
    if not tracks:
        raise ValueError("a playlist without tracks has nothing to withhold: filter it out before")
    first_position: dict[T, int] = {}
    for position, track in enumerate(tracks):
        first_position.setdefault(track, position)
    positions = list(first_position.values())

    num_seeds = min(scenario.seeds, len(positions) // 2)
    if scenario.random:
        # Ranking by hash rather than a library's generator: the draw can never change with a
        # new version of that library.
        ranked = sorted(positions, key=lambda position: _hash(pid, seed, b"draw", position))
        seeds = sorted(ranked[:num_seeds])
    else:
        seeds = positions[:num_seeds]
    chosen = set(seeds)
    return Withheld(
        seed_positions=tuple(seeds),
        holdout_positions=tuple(p for p in positions if p not in chosen),
        scenario=scenario if num_seeds else TITLE_ONLY,
    )
