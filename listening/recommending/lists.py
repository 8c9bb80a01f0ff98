"""What the lists of a day are made of, and how the list of one listener is filled."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Sequence

import numpy as np

from listening.recommending.blocklist import Blocklist
from listening.recommending.inputs import Inputs
from listening.recommending.people import Person
from listening.recommending.picking import Filled, Rules, fill
from listening.recommending.policies import Policy
from listening.recommending.popularity import Popularity
from listening.recommending.releases import Releases
from listening.recommending.sources import Sources
from listening.recommending.tracks import Tracks


@dataclasses.dataclass(frozen=True)
class ModelAnswer:
    """What a model says to a listener, and knows.

    Attributes:
        best: int64, places of tracks, best first.
        known: bool [n], tracks that it was trained on.
        vectors: float32 [n, d] of length 1, or 0 where it does not know a track; None where it has
            no vectors.
    """

    best: np.ndarray
    known: np.ndarray
    vectors: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Lists:
    """What is the same for everybody.

    Attributes:
        tracks: of the table.
        rules: what nobody is shown.
        popularity: what is popular.
        releases: what came out lately.
    """

    tracks: Tracks
    rules: Rules
    popularity: Popularity
    releases: Releases

    @classmethod
    def found(
        cls, tracks: Tracks, inputs: Inputs, blocked: Blocklist, policies: Sequence[Policy]
    ) -> Lists:
        """Finds it in partitions of features.

        Args:
            tracks: of the table.
            inputs: the partitions.
            blocked: tracks and artists that nobody is shown.
            policies: that lists are made by.
        """
        days = max(policy.days for policy in policies)
        return cls(
            tracks,
            Rules(tracks, inputs.day, blocked),
            Popularity.counted(inputs, tracks),
            Releases.found(inputs, tracks, days),
        )

    @classmethod
    def without_features(
        cls, tracks: Tracks, day: datetime.date, blocked: Blocklist, popular: Iterable[str]
    ) -> Lists:
        """Makes do without partitions: nobody's releases, and what is popular is given.

        Args:
            tracks: of the table.
            day: for which lists are made.
            blocked: tracks and artists that nobody is shown.
            popular: URIs, most popular first.
        """
        rules = Rules(tracks, day, blocked)
        return cls(tracks, rules, Popularity.given(popular, tracks), Releases.none(day, tracks))

    def with_popular(self, popular: Iterable[str]) -> Lists:
        """The same with another order of what is popular: URIs, for everybody."""
        return dataclasses.replace(self, popularity=Popularity.given(popular, self.tracks))

    def filled(self, policy: Policy, person: Person, answer: ModelAnswer) -> Filled:
        """The list of a listener.

        Args:
            policy: what may be shown, and how many.
            person: the listener.
            answer: of the model.
        """
        sources = Sources(
            person=person,
            best=answer.best,
            known=answer.known,
            vectors=answer.vectors,
            tracks=self.tracks,
            popularity=self.popularity,
            releases=self.releases,
        )
        return fill(policy, sources, self.rules)
