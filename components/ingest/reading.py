"""Reads MPD slices, one at a time."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from typing import Any, Final

import numpy as np
import orjson
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.ingest import archives, checksums
from components.ingest.archives import ArchiveError
from components.ingest.finding import not_a_file
from components.ingest.options import MAX_SLICE_MIB
from components.ingest.values import json_type
from schema import strict_json
from schema.stand_ins import stand_in

#: Commas in JSON, and so its values. Slices of 256 MiB have less than a third of that; short values
#: would fill a worker's memory.
_MOST_COMMAS: Final = 1 << 24
_GZIP_MAGIC: Final = b"\x1f\x8b"
_NESTED: Final = (dict, list)
_COLONS_AT_A_TIME: Final = 1 << 20  # bytes that are looked at
_BEFORE_COLON: Final = np.isin(np.arange(256), list(b'" \t\n\r'))
_TAR_MAGIC: Final = b"ustar"
_TAR_MAGIC_AT: Final = 257


class UnreadableFileError(Exception):
    """A file that holds no playlists that could be read; the message says why."""


class NoSliceError(UnreadableFileError):
    """A file that could be read and holds something else."""


def read_slice(
    path: str,
    member: str = "",
    md5: str = "",
    *,
    pipes: bool = False,
    most: int = MAX_SLICE_MIB << 20,
) -> list[Any]:
    """Reads the playlists of a slice, as JSON has them.

    Gzip is recognised by the content, not by the name. The whole slice is held in memory.

    Args:
        path: of the slice, or of the archive that it lies in.
        member: its name in the archive, "" where it lies in none.
        md5: the digest that it should have, packed or unpacked; "" where none is known.
        pipes: whether what is no file, such as a pipe, is read too.
        most: bytes that it may have, unpacked.

    Raises:
        NoSliceError: when it is not JSON, or is not an object with a list of `playlists`.
        UnreadableFileError: when it cannot be opened or unpacked, or has another digest.
    """
    if not pipes and (problem := not_a_file(path)):
        raise UnreadableFileError(problem)
    content = _parse(_read(path, member, md5, most))
    if not isinstance(content, dict):
        raise NoSliceError(f"a JSON {json_type(content)}, not an object with 'playlists'")
    if "playlists" not in content:
        raise NoSliceError("the object has no 'playlists'")
    playlists = content["playlists"]
    if not isinstance(playlists, list):
        raise NoSliceError(f"'playlists' is a JSON {json_type(playlists)}, not an array")
    return playlists


def _read(path: str, member: str, md5: str, most: int) -> bytes:
    digests = set()
    try:
        content = archives.read(path, member, most + 1) if member else _content(path, most)
        if md5:
            digests.add(_md5(content))
        if content[:2] == _GZIP_MAGIC:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as unpacked:
                content = unpacked.read(most + 1)
            if md5:
                digests.add(_md5(content))
    except (UnreadableFileError, ArchiveError) as error:
        raise UnreadableFileError(str(error)) from None
    except EOFError:
        raise UnreadableFileError("truncated gzip") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFileError(f"damaged gzip: {error}") from None
    except Exception as error:  # each filesystem has its own errors
        why = getattr(error, "strerror", None) or error
        raise UnreadableFileError(f"cannot be opened: {why}") from None
    if len(content) > most:
        raise UnreadableFileError(f"more than {most >> 20} MiB of JSON (ingest.max_slice_mib)")
    if digests and md5 not in digests:
        raise UnreadableFileError(
            f"differs from its checksum in {checksums.NAME}: cut or changed; fetch it again"
        )
    return content


def _content(path: str, most: int) -> bytes:
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        start = file.read(len(archives.MAGIC))
        if start == archives.MAGIC:
            if archives.is_archive(path):
                archives.sizes(path)  # says what is wrong with it
                raise UnreadableFileError("a zip archive without .json or .json.gz files")
            raise UnreadableFileError("a zip archive, whose name should end in .zip")
        return start + file.read(most + 1 - len(start))


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _parse(content: bytes) -> Any:
    if content.count(b",") > _MOST_COMMAS:
        raise UnreadableFileError(f"more than {_MOST_COMMAS:,} values, which no slice has")
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    else:
        # The reader of many keys takes the last of two without a word, so they are counted.
        return found if _colons(content) == _keys(found) else _parse_strictly(content)
    if not content.strip():
        raise UnreadableFileError("empty")
    if told := stand_in(content):
        raise UnreadableFileError(told)
    if content.startswith(_TAR_MAGIC, _TAR_MAGIC_AT):
        raise UnreadableFileError("a tar archive; unpack it with tar -xf and give its folder")
    # The standard library is slower and takes more: lone surrogates, NaN, a byte order mark.
    return _parse_strictly(content)


def _parse_strictly(content: bytes) -> Any:
    try:
        return strict_json.loads(content)
    except strict_json.DuplicateKeyError as error:
        raise UnreadableFileError(str(error)) from None
    except ValueError as error:
        raise NoSliceError(f"not JSON: {error}") from None


def _colons(content: bytes) -> int:
    """How many colons may end a key: after a quote, or after blanks that may follow one."""
    found, data = 0, np.frombuffer(content, np.uint8)
    for start in range(0, len(data), _COLONS_AT_A_TIME):
        at = start + np.flatnonzero(data[start : start + _COLONS_AT_A_TIME] == ord(":"))
        before = _BEFORE_COLON[data[at - 1]]
        # A title such as "party :)" has a blank too, but after a letter.
        single = _BEFORE_COLON[data[at - 2]] | (data[at - 1] != ord(" "))
        found += int(np.count_nonzero(before & single))
    return found


def _keys(value: Any) -> int:
    """How many keys the objects in a JSON value have."""
    found, waiting = 0, [value]
    while waiting:
        value = waiting.pop()
        if type(value) is dict:
            found += len(value)
            value = value.values()
        elif type(value) is not list:
            continue
        waiting += [inner for inner in value if type(inner) in _NESTED]
    return found
