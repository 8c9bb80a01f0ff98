"""The one tolerant reader of documents: what does not validate becomes a note."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import ValidationError

from schema.documents.base import SCHEMA_VERSION, Document

DocumentT = TypeVar("DocumentT", bound=Document)

#: So many parts of a document are named in notes; the rest is counted.
MAX_NAMED = 5

_Path = tuple[str | int, ...]


def parse(kind: type[DocumentT], content: str | bytes, name: str) -> tuple[DocumentT, list[str]]:
    """Reads a document; of a part that does not validate the default takes the place.

    Args:
        kind: what the document should be.
        content: the file's content.
        name: the file's name, for the notes.

    Returns:
        The document, and what had to be left out, as sentences. Content that is not a JSON object
        yields the empty document and one note.
    """
    try:
        tree = clean(json.loads(content))
    except (ValueError, RecursionError) as error:
        return kind(), [f"{name} is not valid JSON ({error}), so it is left out."]
    if not isinstance(tree, dict):
        return kind(), [f"{name} does not hold a JSON object, so it is left out."]
    dropped: dict[_Path, str] = {}
    while True:
        try:
            document = kind.model_validate(tree)
        except ValidationError as error:
            dropped |= _prune(tree, error)
        else:
            return document, [*_version_note(document, name), *_notes(dropped, name)]


def clean(value: Any) -> Any:
    """The tree with text that UTF-8 can hold, and without numbers that no field can."""
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, str):
        # Lone surrogates are legal in JSON.
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) >= 2**63:
        return None
    return value


def _prune(tree: dict[str, Any], error: ValidationError) -> dict[_Path, str]:
    """Takes out of the tree what an error complains of."""
    found: dict[_Path, str] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        found.setdefault(_existing(tree, problem["loc"]), problem["msg"])
    # From the end of each list, so that the places of the others stay right.
    for path in sorted(found, key=lambda path: [str(step).zfill(9) for step in path], reverse=True):
        inner: Any = tree
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
    return found


def _existing(tree: dict[str, Any], location: _Path) -> _Path:
    """The part of a location that leads through the tree; pydantic names types in it too."""
    inner: Any = tree
    path: list[str | int] = []
    for step in location:
        is_key = isinstance(inner, dict) and step in inner
        is_place = isinstance(inner, list) and isinstance(step, int) and step < len(inner)
        if not is_key and not is_place:
            break
        path.append(step)
        inner = inner[step]
    return tuple(path)


def _version_note(document: Document, name: str) -> Iterator[str]:
    if document.schema_version > SCHEMA_VERSION:
        yield (
            f"{name} is of schema version {document.schema_version}, newer than this Segue's "
            f"{SCHEMA_VERSION}: some of it may be missing here."
        )


def _notes(dropped: dict[_Path, str], name: str) -> Iterator[str]:
    for path, message in list(dropped.items())[:MAX_NAMED]:
        where = ".".join(map(str, path))
        yield f"{name}: {where} is left out ({message[:1].lower()}{message[1:]})."
    if len(dropped) > MAX_NAMED:
        yield f"{name}: {len(dropped) - MAX_NAMED} more parts are left out."
