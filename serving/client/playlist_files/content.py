"""From a file's bytes to its text, and to what its JSON says."""

from __future__ import annotations

import dataclasses
import fnmatch
import gzip
import io
import json
import pathlib
import sys
import zipfile
import zlib
from typing import Any, Final

from schema import strict_json
from schema.stand_ins import stand_in
from serving.protocol import ConfigError

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
# What lies in the archives that people download, from an account or from Exportify.
_IN_ARCHIVES: Final = ("*Playlist*.json", "*YourLibrary*.json", "*.csv")
_NAMED: Final = 3


@dataclasses.dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes:
        text: all of it.
        json: the document, where the text is one; None otherwise.
        is_json: whether the text is meant as JSON: it begins with a bracket.
    """

    text: str
    json: Any = None
    is_json: bool = False


def read_bytes(path: str | pathlib.Path) -> bytes:
    """The bytes of a file; "-" is the standard input.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        if str(path) != "-":
            return pathlib.Path(path).expanduser().read_bytes()
        if sys.stdin is None:
            raise ConfigError("the standard input is closed")
        # A stream of text alone has no buffer.
        buffer = getattr(sys.stdin, "buffer", None)
        return sys.stdin.read().encode() if buffer is None else buffer.read()
    except (OSError, RuntimeError) as error:  # RuntimeError: "~" of nobody
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error


def parse(path: str | pathlib.Path, data: bytes) -> Content:
    """Reads the bytes of a file, gzipped or not, in UTF-8, UTF-16 or UTF-32.

    Args:
        path: the file, for messages.
        data: what it holds.

    Raises:
        ConfigError: it is no text, or JSON that is broken.
    """
    text = _decode(path, data)
    if text.lstrip()[:1] not in ("{", "["):
        return Content(text)
    try:
        return Content(text, strict_json.loads(text), is_json=True)
    except strict_json.DuplicateKeyError as error:
        raise ConfigError(f"{path}: {error}; keep one") from None
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error


def _decode(path: str | pathlib.Path, data: bytes) -> str:
    if told := stand_in(data):
        raise ConfigError(f"{path} is {told}")
    if data[:4] == _ZIP:
        raise ConfigError(
            f"{path} is a zip archive: unpack it and give one of its files{_playlists_in(data)}"
        )
    if data[:2] == _GZIP:
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ConfigError(f"cannot read {path}: {error}") from error
    encoding = json.detect_encoding(data)  # by the byte order mark, or where the zeros are
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"cannot read {path}: it is neither UTF-8 nor UTF-16 (byte {error.start})"
        ) from error
    if "\0" in text:
        raise ConfigError(f"cannot read {path}: it is no text")
    return text


def _playlists_in(data: bytes) -> str:
    """The files of a zip archive that are likely to hold playlists, as the end of a sentence."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return ""
    found = [
        name
        for name in names
        if any(fnmatch.fnmatch(name.rpartition("/")[2], pattern) for pattern in _IN_ARCHIVES)
    ]
    more = f" or {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f": {', '.join(found[:_NAMED])}{more}" if found else ""
