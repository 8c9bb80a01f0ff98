"""The file of a registry in a directory: versions, and moves that aliases follow from."""

from __future__ import annotations

import json
import pathlib
from typing import Final

import pydantic

from schema import files
from schema.documents import Document
from schema.registry import Alias, Move, RegisteredVersion

_FILE: Final = "registry.json"
#: Files that were being written when a process was killed.
_UNFINISHED: Final = ".partial-*"


class Record(Document):
    """What is registered of one model. It only grows."""

    model: str
    versions: list[RegisteredVersion] = pydantic.Field(default_factory=list)
    """Without their aliases, which follow from the moves."""
    moves: list[Move] = pydantic.Field(default_factory=list)

    def alias(self, alias: Alias) -> int | None:
        """The serving version that an alias is on."""
        return next((move.version for move in reversed(self.moves) if move.alias == alias), None)

    def version(self, serving_version: int) -> RegisteredVersion | None:
        """A version as it was registered."""
        found = (each for each in self.versions if each.serving_version == serving_version)
        return next(found, None)


def path_in(folder: pathlib.Path) -> pathlib.Path:
    """The file."""
    return folder / _FILE


def read(folder: pathlib.Path, model: str) -> Record:
    """Reads the file; an empty record where there is none.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no record of the model, or one of a later Segue.
    """
    path = path_in(folder)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Record(model=model)
    try:
        fields = json.loads(text)
        record = Record.model_validate(fields)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path} is not a registry's record: {reason}") from error
    latest = Record.model_fields["schema_version"].default
    if record.schema_version > latest:
        raise ValueError(
            f"{path} was written by a later Segue (schema_version {record.schema_version}, known "
            f"here is {latest})"
        )
    if record.model != model:
        raise ValueError(f"{path} is the record of {record.model!r}, not of {model!r}")
    return record


def write(folder: pathlib.Path, record: Record) -> None:
    """Puts the file in place by one rename: readers see all of a change or nothing of it.

    Raises:
        OSError: it cannot be written.
    """
    files.write_text(path_in(folder), record.to_json())


def tidy(folder: pathlib.Path) -> None:
    """Removes what a process that was killed left; whoever calls it holds the lock."""
    for place in (folder, *(each for each in folder.iterdir() if each.is_dir())):
        for left in place.glob(_UNFINISHED):
            left.unlink(missing_ok=True)
