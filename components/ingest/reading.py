"""Finds MPD slices and reads them, one at a time."""

from __future__ import annotations

import fnmatch
import glob
import gzip
import hashlib
import io
import json
import os
import re
import zlib
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import orjson
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.ingest.errors import IngestError
from components.ingest.validation import json_type

#: A slice that unpacks to more is not read: it is not a slice, and would exhaust a worker's memory.
MAX_SLICE_BYTES: Final = 1 << 30
_SLICE_NAMES: Final = ("mpd.slice.*.json", "mpd.slice.*.json.gz")
_JSON_NAMES: Final = ("*.json", "*.json.gz")
_GZIP_MAGIC: Final = b"\x1f\x8b"
_CHUNK: Final = 1 << 20


class InputFile(NamedTuple):
    """One input file; `modified` is in seconds since 1970."""

    path: str
    size: int
    modified: float


class UnreadableFileError(Exception):
    """A file that holds no playlists that could be read; the message says why."""


def is_remote(path: str) -> bool:
    """Whether Beam has to resolve the path (`gs://`, `s3://`, ...)."""
    return "://" in path


def match_inputs(pattern: str) -> list[InputFile]:
    """Finds the slices that `pattern` stands for, in the order of the numbers in their names.

    Args:
        pattern: a file, a directory or a pattern with `*`, `?` and `[...]`; local or remote. A
            directory stands for the `mpd.slice.*.json` and `.json.gz` in it, or where it has none
            for its `*.json` and `*.json.gz`.

    Raises:
        IngestError: when nothing matches, or it cannot be looked for.
    """
    try:
        files = _match(pattern)
    except Exception as error:  # each filesystem has its own errors
        raise IngestError(f"cannot look for {pattern!r}: {error}") from error
    if not files:
        raise IngestError(
            f"no slice found: {pattern!r} is not a file, not a pattern that matches one, "
            "and no directory that holds .json or .json.gz files"
        )
    return sorted(files, key=lambda file: _natural_key(file.path))


def _natural_key(path: str) -> tuple[list[str | int], str]:
    parts = re.split(r"([0-9]+)", path)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], path


def list_files(directory: str, names: Iterable[str]) -> list[InputFile]:
    """Lists the files of a directory, local or remote, whose names match one of the patterns."""
    patterns = list(names)
    if is_remote(directory):
        return _match_all([f"{directory.rstrip('/')}/{name}" for name in patterns])
    if not os.path.isdir(directory):
        return []
    return [
        _stat(entry.path)
        for entry in os.scandir(directory)
        if entry.is_file() and any(fnmatch.fnmatchcase(entry.name, name) for name in patterns)
    ]


def fingerprint(file: InputFile) -> str:
    """Returns what changes with a file's content.

    That is a digest of a local file, and of an object the checksum that its store keeps, so that
    nothing is downloaded. Where neither can be had, size and time of change stand in.
    """
    try:
        if is_remote(file.path):
            return str(FileSystems.checksum(file.path))
        digest = hashlib.blake2b(digest_size=16)
        with open(file.path, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()
    except Exception:  # each filesystem has its own errors; reading the slice will name them
        return f"{file.size} bytes of {file.modified}"


def _match(pattern: str) -> list[InputFile]:
    if is_remote(pattern):
        found = [] if pattern.endswith("/") else _match_all([pattern])
    elif os.path.isfile(pattern):
        found = [_stat(pattern)]  # its name may have the characters of a pattern
    else:
        paths = glob.glob(pattern, recursive=True)
        found = [_stat(path) for path in paths if os.path.isfile(path)]
    return found or list_files(pattern, _SLICE_NAMES) or list_files(pattern, _JSON_NAMES)


def _stat(path: str) -> InputFile:
    stat = os.stat(path)
    return InputFile(path, stat.st_size, stat.st_mtime)


def _match_all(patterns: list[str]) -> list[InputFile]:
    return [
        InputFile(found.path, found.size_in_bytes, found.last_updated_in_seconds)
        for match in FileSystems.match(patterns)
        for found in match.metadata_list
    ]


def read_slice(path: str) -> list[Any]:
    """Reads the playlists of a slice, as JSON has them.

    Gzip is recognised by the content, not by the name. The whole slice is held in memory.

    Raises:
        UnreadableFileError: when the file cannot be opened or unpacked, is not JSON, or is not an
            object with a list of `playlists`.
    """
    content = _parse(_read(path))
    if not isinstance(content, dict):
        raise UnreadableFileError(f"a JSON {json_type(content)}, not an object with 'playlists'")
    if "playlists" not in content:
        raise UnreadableFileError("the object has no 'playlists'")
    playlists = content["playlists"]
    if not isinstance(playlists, list):
        raise UnreadableFileError(f"'playlists' is a JSON {json_type(playlists)}, not an array")
    return playlists


def _read(path: str) -> bytes:
    try:
        with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            content = file.read(MAX_SLICE_BYTES + 1)
        if content[:2] == _GZIP_MAGIC:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as unpacked:
                content = unpacked.read(MAX_SLICE_BYTES + 1)
    except EOFError:
        raise UnreadableFileError("truncated gzip") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFileError(f"damaged gzip: {error}") from None
    except Exception as error:  # each filesystem has its own errors
        raise UnreadableFileError(f"cannot be opened: {error}") from None
    if len(content) > MAX_SLICE_BYTES:
        raise UnreadableFileError(f"more than {MAX_SLICE_BYTES} bytes")
    return content


def _parse(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    # The standard library is slower and takes more: lone surrogates, NaN, a byte order mark.
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(f"not JSON: {error}") from None
