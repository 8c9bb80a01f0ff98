"""Whether what was put in place is all there."""

from __future__ import annotations

import os
from collections.abc import Mapping

from components.ingest.finding import list_files


class LostRecordsError(RuntimeError):
    """Records are not those that a manifest counts."""


def raise_if_cut(folder: str, sizes: Mapping[str, int]) -> None:
    """Compares the files of a split with what Ingest wrote.

    Args:
        folder: where they were put, local or remote.
        sizes: in bytes, by name.

    Raises:
        LostRecordsError: if one is missing, or of another size.
    """
    there = {os.path.basename(file.path): file.size for file in list_files(folder, ["*"])}
    wrong = [name for name, size in sizes.items() if there.get(name) != size]
    if wrong:
        raise LostRecordsError(
            f"ImportExampleGen: {len(wrong)} of {len(sizes)} files that Ingest wrote are missing "
            f"or cut in {folder}, {wrong[0]} among them"
        )
