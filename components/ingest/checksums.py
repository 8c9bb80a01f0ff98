"""The file `md5sums` that lies beside the Million Playlist Dataset, or in the folder above it."""

from __future__ import annotations

import logging
import os
import posixpath
import re
from collections.abc import Iterable
from typing import Final

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.ingest import archives

_LOGGER = logging.getLogger("segue.ingest")

NAME: Final = "md5sums"
_MOST: Final = 64 << 20  # bytes of such a file
_LINE: Final = re.compile(r"\\?([0-9a-fA-F]{32})[ \t]+\*?(.*\S)")
# Their names identify them, wherever they were moved to.
_SLICE: Final = "mpd.slice."


def expected(files: Iterable[tuple[str, str]]) -> tuple[list[str], set[str]]:
    """Looks up what the lists beside files say.

    Args:
        files: a path and, for a file in an archive, its name there, "" for others.

    Returns:
        The MD5 that each file should have, "" where nothing says so; and the names of the slices
        that are listed and that are not among the files.
    """
    files = list(files)
    listed: dict[tuple[str, str], dict[str, str]] = {}
    sums = [_expected(path, member, listed) for path, member in files]
    there = {_slice_name(member or path) for path, member in files}
    names = {_slice_name(name) for known in listed.values() for name in known}
    missing = {name for name in names - there if _is_slice(name)}
    if missing:
        _LOGGER.warning("%s lists slices that are missing: %s", NAME, ", ".join(sorted(missing)))
    return sums, missing


def _slice_name(path: str) -> str:
    """A slice's name, packed or not."""
    return posixpath.basename(path).removesuffix(".gz")


def _is_slice(name: str) -> bool:
    return name.startswith(_SLICE) and name.endswith(".json")


def _expected(path: str, member: str, listed: dict[tuple[str, str], dict[str, str]]) -> str:
    archive = path if member else ""
    beside, name = posixpath.split(member) if member else _split_path(path)
    above, folder = posixpath.split(beside) if member else _split_path(beside)
    for place, relative in ((beside, name), (above, posixpath.join(folder, name))):
        key = (archive, place)
        if key not in listed:
            listed[key] = _read(archive, posixpath.join(place, NAME))
        for known in (relative, name if name.startswith(_SLICE) else relative):
            for spelled in (known, known.removesuffix(".gz")):
                if spelled in listed[key]:
                    return listed[key][spelled]
    return ""


def _split_path(path: str) -> tuple[str, str]:
    scheme, separator, rest = path.rpartition("://")
    if not separator:
        return os.path.split(os.path.abspath(path))
    head, _, tail = rest.rpartition("/")
    return (f"{scheme}://{head}", tail) if head else (path, "")


def _read(archive: str, path: str) -> dict[str, str]:
    """Returns the digests that a file lists, by the names there; none where there is no file."""
    try:
        text = (_of_archive(archive, path) if archive else _content(path)).decode(
            "utf-8", "replace"
        )
    except Exception as error:  # each filesystem has its own errors
        _LOGGER.warning("the checksums in %s are not used: %s", path, error)
        return {}
    found: dict[str, str] = {}
    for line in text.splitlines():
        if match := _LINE.fullmatch(line.strip()):
            digest, name = match.group(1).lower(), posixpath.normpath(match.group(2))
            found[name] = digest
            if posixpath.basename(name).startswith(_SLICE):
                found[posixpath.basename(name)] = digest
    if found:
        _LOGGER.info("checking against the checksums in %s", path)
    return found


def _of_archive(archive: str, member: str) -> bytes:
    return archives.read(archive, member, _MOST) if member in archives.sizes(archive) else b""


def _content(path: str) -> bytes:
    if not FileSystems.exists(path):
        return b""
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        return file.read(_MOST)
