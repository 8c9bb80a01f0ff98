"""The manifest of a finished ingest: what it read, how, and what came of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
from typing import Any, Final

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.ingest.reading import InputFile
from schema import features

NAME: Final = "manifest.json"


@dataclasses.dataclass(frozen=True)
class IngestResult:
    """What an ingest gave.

    Attributes:
        playlists: how many were written.
        tracks: how many entries these have, repeats included.
        files: how many files of Examples hold them.
        rejects: how many records and files were set aside, by reason.
        skipped: whether an earlier run had done it all, so that nothing was touched.
    """

    playlists: int
    tracks: int
    files: int
    rejects: dict[str, int]
    skipped: bool = False

    @property
    def reject_share(self) -> float:
        """Share of what was read that was set aside, 0 to 1; a file that is unreadable counts 1."""
        rejected = sum(self.rejects.values())
        return rejected / max(1, self.playlists + rejected)


def fingerprint(files: list[InputFile], shards: int) -> dict[str, Any]:
    """Returns what the output depends on: the input's state, the options and this code."""
    code = hashlib.sha256()
    folder = pathlib.Path(__file__).parent
    for source in (*sorted(folder.glob("*.py")), pathlib.Path(features.__file__)):
        code.update(source.read_bytes())
    return {
        "inputs": [[file.path, file.size, file.modified] for file in files],
        "shards": shards,
        "code": code.hexdigest(),
    }


def save(output: str, made_from: dict[str, Any], names: list[str], result: IngestResult) -> None:
    """Writes the manifest; it is the last file that an ingest writes."""
    content = {
        "fingerprint": made_from,
        "outputs": names,
        "playlists": result.playlists,
        "tracks": result.tracks,
        "files": result.files,
        "rejects": result.rejects,
    }
    path = FileSystems.join(output, NAME)
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.write(json.dumps(content, indent=1).encode())


def load(output: str, made_from: dict[str, Any]) -> IngestResult | None:
    """Returns the result of an earlier ingest from the same input that is still all there."""
    path = FileSystems.join(output, NAME)
    if not FileSystems.exists(path):
        return None
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        try:
            content = json.loads(file.read())
            if content["fingerprint"] != made_from:
                return None
            if not all(FileSystems.exists(FileSystems.join(output, n)) for n in content["outputs"]):
                return None
            keys = ("playlists", "tracks", "files", "rejects")
            return IngestResult(**{key: content[key] for key in keys}, skipped=True)
        except (ValueError, KeyError, TypeError):
            return None  # not a manifest of ours, or cut short
