"""Until when what is learnt from goes, as far as playlists say when they were changed."""

from __future__ import annotations

import datetime
from typing import Final, NamedTuple

import numpy as np

_DAY: Final = 24 * 3600


class DataEnd(NamedTuple):
    """The end of some playlists.

    Attributes:
        seconds: nothing was added to any of them then or later, since 1970; None where none says.
        undated: how many do not say when they were changed.
    """

    seconds: int | None = None
    undated: int = 0

    @classmethod
    def of(cls, modified_at: np.ndarray) -> DataEnd:
        """Finds the end by the times of the last change.

        Midnight stands for any moment of the day that it begins, since the Million Playlist
        Dataset rounds so; other times mean their second.

        Args:
            modified_at: int64 [P], seconds since 1970, 0 where unknown.
        """
        dated = modified_at[modified_at > 0]
        lasts = np.where(dated % _DAY == 0, _DAY, 1)
        end = int((dated + lasts).max()) if len(dated) else None
        return cls(end, len(modified_at) - len(dated))

    @property
    def time(self) -> datetime.datetime | None:
        """The end as a time of UTC."""
        if self.seconds is None:
            return None
        return datetime.datetime.fromtimestamp(self.seconds, datetime.timezone.utc)
