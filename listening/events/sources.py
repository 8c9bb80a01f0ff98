"""The port of sources: where events come from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import pydantic


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Messages of one partition, in order.

    Attributes:
        partition: of the source.
        offsets: where each message stands, rising; gaps hold nothing.
        messages: as many, their bytes.
    """

    partition: int
    offsets: Sequence[int]
    messages: Sequence[bytes]


class Origin(pydantic.BaseModel):
    """What partitions and offsets of landed events belong to; kept beside them."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")

    kind: str
    """Of source: `directory` or `kafka`."""
    topic: str = ""
    """Of Kafka."""
    cluster: str | None = None
    """The id of the Kafka cluster; null where it has none."""
    files: dict[str, int] = {}
    """The partition of each file of a directory, by its name and what its first line hashes to."""


class SourceError(RuntimeError):
    """The source cannot be read, or is not the one that was landed from: one sentence."""


class Source(Protocol):
    """A source is started once, then read by one thread until it has ended.

    Every adapter passes `tests/listening/events/test_sources.py`.
    """

    @property
    def origin(self) -> Origin:
        """What its partitions and offsets belong to, as far as was read."""

    @property
    def ended(self) -> bool:
        """Whether all has been read that was there at the start; never while it is followed."""

    def start(
        self, origin: Origin | None, positions: Mapping[int, int], warn: Callable[[str], None]
    ) -> None:
        """Goes where reading begins.

        Args:
            origin: of what was landed before, None where nothing was.
            positions: the next offset of each partition that something was landed of.
            warn: takes sentences that somebody ought to read, then and later, such as that
                messages are gone.

        Raises:
            SourceError: it cannot be read, or what was landed came from another one.
        """

    def read(self, seconds: float) -> list[Chunk]:
        """Takes what comes next: some thousands of messages at most, none where there are none.

        Args:
            seconds: how long to wait for some.

        Raises:
            SourceError: it cannot be read any more.
        """

    def waiting(self) -> dict[int, int]:
        """How many messages of each partition were not read yet, as far as is known."""

    def tell(self, positions: Mapping[int, int]) -> None:
        """Takes note of what was landed: the next offset of each partition. Nobody relies on it."""

    def close(self) -> None:
        """Lets go of it."""
