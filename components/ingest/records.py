"""Where the records of a window of spans lie, and whether they are whole."""

from __future__ import annotations

import re
from typing import Final

from apache_beam.io.filesystems import FileSystems

from components.ingest import manifest
from components.ingest.manifest import Manifest

#: What of a manifest says that it is a window's.
SPANS: Final = "spans"
#: Names of spans' folders.
FOLDER: Final = re.compile(r"span-(\d+)")


def folder(output: str, number: int) -> str:
    """Where the records of a span lie."""
    return FileSystems.join(output, f"span-{number:05d}")


def dropped_name(number: int) -> str:
    """Name of the file that says what is left out of a span; there is none where nothing is."""
    return f"dropped-{number:05d}.npy"


def parts(found: Manifest) -> dict[int, str]:
    """The fingerprints of a window's spans by number; none where a manifest is no window's."""
    return {int(number): print_ for number, print_ in found.made_from.get(SPANS, {}).items()}


def load(output: str, digest: str) -> Manifest | None:
    """Reads the manifest of a window with this fingerprint; None where a file is missing or cut."""
    found = manifest.load_by_fingerprint(output, digest)
    whole = found is not None and all(
        manifest.load_by_fingerprint(folder(output, number), print_)
        for number, print_ in parts(found).items()
    )
    return found if whole else None
