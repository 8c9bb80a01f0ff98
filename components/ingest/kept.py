"""Records of spans that earlier ingests left: which are of this input, which may stand for it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from typing import Any

from apache_beam.io.filesystems import FileSystems

from components.ingest import manifest, records, spans
from components.ingest.errors import IngestError
from components.ingest.finding import is_remote, list_files
from components.ingest.manifest import Manifest
from components.ingest.options import SPAN
from schema.splits import SplitConfig


def find(
    output: str,
    input: str,
    there: Collection[int],
    made_from: Callable[[int], dict[str, Any]],
) -> dict[int, Manifest]:
    """The manifests of spans of this input, by number.

    Records that were made from another path are of this input too, as of one that was moved or
    copied, where every span that both have has the same slices.

    Args:
        output: where the records lie.
        input: the path with {SPAN}.
        there: numbers of the spans that have slices.
        made_from: what a span's slices would make, see `manifest.describe`; only asked for where
            a span is missing, as it reads them.
    """
    own, others = {}, {}
    for number, left in _all(output):
        written = spans.written_number(input, left.input)
        # Data without spans lies as span 0, whatever number stands in its path.
        if written and int(written) == number:
            own[number] = left
        else:
            others[number] = left
    if all(number in there or number in own for number in others):
        return own
    shared = others.keys() & set(there)
    for pattern in _patterns(others, shared):
        moved = {n: left for n, left in others.items() if pattern in _spelled(n, left)}
        if all(made_from(n)["inputs"] == moved[n].made_from["inputs"] for n in moved if n in there):
            return {**moved, **own}
    return own


def _patterns(others: dict[int, Manifest], shared: Collection[int]) -> list[str]:
    """Paths with {SPAN} of which spans that are there were read before."""
    return sorted({pattern for number in shared for pattern in _spelled(number, others[number])})


def _spelled(number: int, left: Manifest) -> set[str]:
    """The path of a span with {SPAN}, wherever its number stands in it."""
    path = spans.absolute(left.input)
    return {
        f"{path[: found.start()]}{SPAN}{path[found.end() :]}"
        for found in re.finditer(r"\d+", path)
        if int(found[0]) == number
    }


def _all(output: str) -> list[tuple[int, Manifest]]:
    if is_remote(output):
        paths = [file.path for file in list_files(output, [f"*/{manifest.NAME}"])]
        names = {path.split("/")[-2] for path in paths}
    else:
        names = {*os.listdir(output)} if os.path.isdir(output) else set()
    found = []
    for name in sorted(names):
        match = records.FOLDER.fullmatch(name)
        left = manifest.read(FileSystems.join(output, name)) if match else None
        if match and left:
            found.append((int(match[1]), left))
    return found


def stand_in(
    number: int, place: str, left: Manifest, split: SplitConfig, source_hash: str
) -> tuple[str, str]:
    """Path and fingerprint of a span without slices.

    Raises:
        IngestError: if its records cannot stand for them.
    """
    print_ = manifest.fingerprint(left.made_from)
    if manifest.load_by_fingerprint(place, print_) is None:
        why = "files of its records are missing or cut"
    elif left.made_from["split"] != split.model_dump(mode="json"):
        why = "its records are split otherwise"
    elif left.made_from["code"] != source_hash:
        why = "its records are of another version of ingest"
    else:
        return left.input, print_
    raise IngestError(
        f"span {number}: its slices ({left.input}) are gone, and {why}; bring the slices back, or "
        f"delete {place} to go on without this span"
    )
