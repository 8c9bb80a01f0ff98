"""Slices of playlists go along into a directory of listeners' slices, as of the same cut."""

from __future__ import annotations

import os
import shutil
from typing import Any, Final, NamedTuple

import orjson

from components.ingest.errors import IngestError
from components.ingest.finding import InputFile, is_remote, match_inputs
from components.ingest.reading import UnreadableFileError, read_slice
from listening.held_out import SlicesWriter

_NAME: Final = "mpd.slice.playlists-{number:05d}{suffix}"
_DAY: Final = 24 * 3600


class Along(NamedTuple):
    """What went along.

    Attributes:
        playlists: how many.
        changed_later: how many stayed behind, as they were changed at the cut or later.
        undated: how many of those that went along do not say when they were changed.
    """

    playlists: int = 0
    changed_later: int = 0
    undated: int = 0


def copy(data: str, folder: str, cut: int) -> Along:
    """Copies slices, but for playlists that were changed at a cut or later.

    What was added to a playlist behind the cut cannot be told from the rest. `modified_at` is
    rounded down to midnight, so a cut within a day leaves behind what was changed on that day. A
    slice of which all goes along is copied as it is; memory holds one.

    Args:
        data: a directory, file, pattern or zip of slices.
        folder: where they go.
        cut: in seconds since 1970.

    Raises:
        ValueError: a slice cannot be found or read, or holds listeners.
    """
    try:
        files = match_inputs(data).files
    except IngestError as error:
        raise ValueError(str(error)) from None
    midnight = cut - cut % _DAY
    playlists = changed = undated = 0
    for number, file in enumerate(files):
        records = _read(file)
        kept = [record for record in records if not _changed_from(record, midnight)]
        playlists += len(kept)
        changed += len(records) - len(kept)
        undated += sum(_modified_at(record) is None for record in kept)
        _put(file, kept, len(kept) == len(records), folder, number)
    return Along(playlists, changed, undated)


def _read(file: InputFile) -> list[Any]:
    try:
        records = read_slice(file.path, file.member, file.md5)
    except UnreadableFileError as error:
        raise ValueError(f"{file.name}: {error}") from None
    if any(isinstance(record, dict) and "listener" in record for record in records):
        raise ValueError(f"{file.name} holds listeners: --playlists takes slices of playlists only")
    return records


def _modified_at(record: Any) -> Any:
    return record.get("modified_at") if isinstance(record, dict) else None


def _changed_from(record: Any, midnight: int) -> bool:
    value = _modified_at(record)
    try:
        return value is not None and float(value) >= midnight
    except (TypeError, ValueError):
        return False  # ingest sets such a record aside


def _put(file: InputFile, kept: list[Any], whole: bool, folder: str, number: int) -> None:
    if whole and not file.member and not is_remote(file.path):
        suffix = ".json.gz" if file.path.endswith(".gz") else ".json"
        shutil.copyfile(file.path, os.path.join(folder, _NAME.format(number=number, suffix=suffix)))
        return
    with SlicesWriter(folder, f"playlists-{number:05d}") as slices:
        for record in kept:
            slices.add(orjson.dumps(record))
