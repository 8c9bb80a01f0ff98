"""Data that arrives in spans: which of them a run reads."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Mapping
from typing import Final

from apache_beam.io.filesystems import FileSystems

from components.ingest.errors import IngestError
from components.ingest.finding import is_remote
from components.ingest.options import SPAN

#: The span with the highest number.
LATEST: Final = "latest"

_NAMED: Final = 3  # ranges of numbers that a message names


def has_spans(path: str) -> bool:
    """Whether a path stands for spans."""
    return SPAN in path


def with_numbers(path: str, numbers: Iterable[str]) -> str:
    """Puts numbers, as they are written, in the place of {SPAN}, several of them in braces."""
    written = list(numbers)
    return path.replace(SPAN, written[0] if len(written) == 1 else f"{{{','.join(written)}}}", 1)


def absolute(path: str) -> str:
    """The same place, however a local path to it is spelled."""
    return path if is_remote(path) else os.path.abspath(path)


def written_number(path: str, resolved: str) -> str | None:
    """The number, as it is written, with which one path becomes the other; None where none does."""
    before, _, after = absolute(path).partition(SPAN)
    match = re.fullmatch(re.escape(before) + r"(\d+)" + re.escape(after), absolute(resolved))
    return match[1] if match else None


def find(path: str) -> dict[int, str]:
    """Looks which spans have files.

    Args:
        path: of slices, such as "gs://bucket/mpd/span-{SPAN}".

    Returns:
        Their numbers as they are written in the path, by number, in ascending order.

    Raises:
        IngestError: if there is none, or the same number is written in two ways.
    """
    before, _, after = path.rstrip("/").partition(SPAN)
    literal = re.split(r"[*?\[]", after, maxsplit=1)[0]
    rest = "(?:/.*)?" if literal == after else ".*"
    number = re.compile(re.escape(before) + r"(\d+)" + re.escape(literal) + rest)
    (listed,) = FileSystems.match([f"{before}**"])
    written = {match[1] for file in listed.metadata_list if (match := number.fullmatch(file.path))}
    if not written:
        raise IngestError(f"no slice found in {path}: there is no span yet")
    found: dict[int, str] = {}
    for text in sorted(written, key=lambda text: (int(text), text)):
        if int(text) in found:
            raise IngestError(
                f"span {int(text)} is there twice in {path}: as {found[int(text)]} and as {text}"
            )
        found[int(text)] = text
    return found


def choose(
    path: str, span: str, window: int | None, there: Mapping[int, str], kept: Iterable[int]
) -> list[int]:
    """Chooses the spans of a window.

    Args:
        path: for the message.
        span: the number of the last one, or "latest".
        window: how many; None: all.
        there: what `find` found.
        kept: spans without slices, of which records are left.

    Returns:
        Their numbers, in ascending order; fewer where there are not so many.

    Raises:
        IngestError: if the last one is not there.
    """
    last = max(there) if span == LATEST else int(span)
    known = {*there, *kept}
    if last not in known:
        raise IngestError(f"no slice found in {path} for span {span}; the latest is {max(there)}")
    numbers = sorted(number for number in known if number <= last)
    return numbers if window is None else numbers[-window:]


def missing(numbers: Iterable[int]) -> str:
    """Names the numbers between others, such as "4, 7 to 9"; "" where there is none."""
    gaps = [
        f"{low + 1}" if high - low == 2 else f"{low + 1} to {high - 1}"
        for low, high in itertools.pairwise(sorted(numbers))
        if high - low > 1
    ]
    more = [f"{len(gaps) - _NAMED} more gaps"] if len(gaps) > _NAMED else []
    return ", ".join(gaps[:_NAMED] + more)
