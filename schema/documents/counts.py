"""What each stage read and wrote, in playlists and their entries: nothing may get lost unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from pydantic import Field

from schema.documents.base import Document, Part

#: In the folder of Examples: what all stages until there read and wrote.
COUNTS_FILE: Final = "counts.json"
#: In place of a split: all of them together.
ALL: Final = "all"


class CountsError(RuntimeError):
    """Playlists or entries got lost between two stages or within one; the message says where."""


class Amount(Part):
    """How many playlists, and how many tracks these have, repeats included."""

    playlists: int = 0
    entries: int | None = 0
    """Null where a stage does not see them."""


class SplitCounts(Part):
    """What a stage did to a split."""

    read: Amount | None = None
    """Null where a stage reads what has no splits yet."""
    written: Amount | None = None
    """Null where a stage writes no playlists."""
    left_out: dict[str, Amount] = Field(default_factory=dict)
    """What was read and is not written, by reason."""


class StageCounts(Part):
    """What a stage of a run read and wrote, by split."""

    stage: str = ""
    splits: dict[str, SplitCounts] = Field(default_factory=dict)

    def check(self) -> None:
        """Compares what was read with what was written and left out, and all splits with their sum.

        Raises:
            CountsError: if these differ; the message says by how many.
        """
        for split, counts in self.splits.items():
            if counts.read is None or counts.written is None:
                continue
            parts = {"written": counts.written, **counts.left_out}
            for unit in _UNITS:
                read, numbers = unit.of(counts.read), {w: unit.of(a) for w, a in parts.items()}
                words = [f"{number or 0:,} {word}" for word, number in numbers.items()]
                told = f"{self.stage}: {split}: {read or 0:,} {unit.name} read, {', '.join(words)}"
                unit.compare(told, read, _sum(numbers.values()))
        written = {split: counts.written for split, counts in self.splits.items() if counts.written}
        if ALL not in written:
            return
        whole = written.pop(ALL)
        for unit in _UNITS:
            in_splits = _sum(unit.of(amount) for amount in written.values())
            told = f"{self.stage}: {unit.of(whole) or 0:,} {unit.name} written"
            unit.compare(f"{told}, {in_splits or 0:,} in its splits", unit.of(whole), in_splits)


class RunCounts(Document):
    """counts.json: the stages in their order."""

    stages: list[StageCounts] = Field(default_factory=list)

    def written(self, split: str) -> tuple[str, Amount]:
        """The last stage that wrote a split, and what it wrote.

        Raises:
            CountsError: if none did.
        """
        for stage in reversed(self.stages):
            found = stage.splits.get(split)
            if found is not None and found.written is not None:
                return stage.stage, found.written
        raise CountsError(f"{split}: no stage counted what it wrote")

    def followed_by(self, stage: StageCounts) -> RunCounts:
        """Adds a stage that read what those before it wrote.

        Raises:
            CountsError: if it read anything else than they wrote, or if what it wrote and left out
                is not what it read.
        """
        for split, counts in stage.splits.items():
            before, written = self.written(split)
            for unit in _UNITS:
                expected = unit.of(written)
                found = None if counts.read is None else unit.of(counts.read)
                unit.compare(
                    f"{stage.stage}: {split}: {before} wrote {expected or 0:,} {unit.name}, "
                    f"{found or 0:,} read",
                    expected,
                    found,
                )
        stage.check()
        return RunCounts(stages=[*self.stages, stage])


class _Unit(NamedTuple):
    """What is counted of an amount."""

    name: str
    of: Callable[[Amount], int | None]

    @staticmethod
    def compare(told: str, before: int | None, after: int | None) -> None:
        """Raises where two numbers differ that are both known."""
        if before is None or after is None or before == after:
            return
        difference = (
            f"{after - before:,} too many" if after > before else f"{before - after:,} lost"
        )
        raise CountsError(f"{told}: {difference}")


_UNITS: Final = (
    _Unit("playlists", lambda amount: amount.playlists),
    _Unit("track entries", lambda amount: amount.entries),
)


def _sum(numbers: Iterable[int | None]) -> int | None:
    found = list(numbers)
    return None if None in found else sum(number or 0 for number in found)
