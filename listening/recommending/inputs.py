"""Which partitions of features a day's lists are made of."""

from __future__ import annotations

import dataclasses
import datetime
import os
from typing import Final

from listening.features import Partition, partitions

_END: Final = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Inputs:
    """Partitions as of one cut, or before it where they are built more seldom.

    Attributes:
        day: for which lists are made.
        history: listening history.
        heard: as of the cut of the history, since what was heard since is to be left out too.
        segments: None where there are none.
        social: the social graph; None where there is none.
    """

    day: datetime.date
    history: Partition
    heard: Partition
    segments: Partition | None
    social: Partition | None

    @property
    def cut(self) -> datetime.datetime:
        """Nothing that happened then or later is in any of them."""
        return self.history.time

    def there(self) -> bool:
        """Whether none of them has been replaced since they were found."""
        parts = (self.history, self.heard, self.segments, self.social)
        return all(part is None or os.path.isdir(part.folder) for part in parts)


def inputs(features: str, day: datetime.date | None) -> Inputs:
    """Finds the partitions for a day.

    Args:
        features: the directory of features.
        day: the day; that of the newest listening history's cut by default.

    Raises:
        ValueError: there is no listening history from before the day's end, or no `heard` as of its
            cut.
    """
    until = None
    if day is not None:
        start = datetime.datetime.combine(day, datetime.time(), datetime.timezone.utc)
        until = start + _END - datetime.timedelta(microseconds=1)
    history = partitions.newest(features, "listening_history", until)
    if history is None:
        when = "" if day is None else f" from before the end of {day}"
        raise ValueError(
            f"{features} holds no listening_history{when}: segue features build "
            "listening_history writes it"
        )
    cut = history.time
    return Inputs(
        day=day or cut.date(),
        history=history,
        heard=partitions.at(features, "heard", cut),
        segments=partitions.newest(features, "segments", cut),
        social=partitions.newest(features, "social_graph", cut),
    )
