"""The port of feature stores: what each of them does."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Collection, Sequence
from typing import Any, Final, Protocol

import pyarrow as pa

#: The column that a store adds to a view's own: as of when the row is.
EVENT_TIME: Final = "event_timestamp"


class OlderSpaceError(ValueError):
    """Vectors of an older model, or of another one, meet those that are served."""


@dataclasses.dataclass(frozen=True)
class Pushed:
    """What became of rows that were sent to a store.

    Attributes:
        taken: rows that are served from now on.
        older: rows that are not, since what is served of the same key is newer.
    """

    taken: int
    older: int


class FeatureStore(Protocol):
    """A store of feature views. Every one passes `tests/listening/store/test_feature_stores.py`.

    A row is as of a time, its `event_timestamp`: nothing that happened then or later is in it.
    Those of a partition are as of its cut.
    """

    def materialise(self, view: str, until: datetime.datetime | None = None) -> Pushed:
        """Serves what the newest partition holds. A row never replaces a newer one.

        Where a view holds vectors, those of another space go: two spaces are never served at once.

        Args:
            view: its name.
            until: the latest cut that is taken; the newest where there is none.

        Raises:
            ValueError: there is no such view, or no partition of it.
            OlderSpaceError: vectors of another space that are newer are served.
        """

    def push(self, view: str, rows: pa.Table) -> Pushed:
        """Serves fresh rows, which joins find too. The same rows again change nothing.

        Args:
            view: its name.
            rows: in the view's columns, with `event_timestamp`; keys may come more than once.

        Raises:
            ValueError: a column is missing, or of another type, or vectors are as of a time
                before the end of the data that their model learnt from.
            OlderSpaceError: they hold vectors of another space than the one that is served.
        """

    def read(self, view: str, keys: Sequence[str]) -> pa.Table:
        """What is served of keys: a row a key in their order, nulls where nothing is known.

        Args:
            view: its name.
            keys: of listeners or tracks, as the view has it.

        Returns:
            The view's columns, all of which may be null but the key, and `event_timestamp`.
        """

    def row(self, view: str, key: str) -> dict[str, Any] | None:
        """What is served of one key, in plain values: for whoever answers a request meanwhile.

        Args:
            view: its name.
            key: of a listener or a track, as the view has it.

        Returns:
            The values that `read` gives, by column, but for instants: microseconds since 1970, also
            in lists. None where nothing is known.
        """

    def join(
        self, view: str, entities: pa.Table, within: datetime.timedelta | None = None
    ) -> pa.Table:
        """The features of keys as they were known at past times.

        Args:
            view: its name.
            entities: the view's key, and `event_timestamp`; other columns are kept.
            within: how old features may be; of any age where there is none.

        Returns:
            A row an entity in their order: its columns, then those of the view, and `feature_time`;
            null where nothing was known. A row as of a time is known from that time on. Of a
            pushed row and one of a partition, both as of one time, the pushed one counts, of two
            pushed ones the later. What is served is chosen likewise.
        """

    def erase(self, listeners: Collection[str]) -> dict[str, int]:
        """Removes listeners from what is served and what was pushed; as of `Eraser`."""

    def close(self) -> None:
        """Gives back what the store holds open."""
