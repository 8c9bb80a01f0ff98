"""Data that arrives in spans: which of them a run reads."""

from __future__ import annotations

import re
from typing import Final

from apache_beam.io.filesystems import FileSystems

from components.ingest.errors import IngestError

#: Stands in a path for the number of a span, as it does in TFX's ExampleGens.
SPAN: Final = "{SPAN}"
#: The span with the highest number.
LATEST: Final = "latest"


def resolve(path: str, span: str) -> str:
    """Puts the number of a span into a path.

    Args:
        path: of slices, such as "gs://bucket/mpd/span-{SPAN}"; without {SPAN} it stays as it is.
        span: a number, written as it is in the path, or "latest".

    Raises:
        IngestError: if there is no such span.
    """
    before, placeholder, after = path.partition(SPAN)
    if not placeholder:
        return path
    literal = re.split(r"[*?\[]", after, maxsplit=1)[0]
    rest = "(?:/.*)?" if literal == after else ".*"
    number = re.compile(re.escape(before) + r"(\d+)" + re.escape(literal) + rest)
    (listed,) = FileSystems.match([f"{before}**"])
    found = {
        int(match[1]): match[1]
        for file in listed.metadata_list
        if (match := number.fullmatch(file.path))
    }
    if not found:
        raise IngestError(f"no slice found in {path}: there is no span yet")
    wanted = max(found) if span == LATEST else int(span)
    if wanted not in found:
        raise IngestError(f"no slice found in {path} for span {span}; the latest is {max(found)}")
    return f"{before}{found[wanted]}{after}"
