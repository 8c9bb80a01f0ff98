"""Slices in a zip archive, as the Million Playlist Dataset comes: read where they lie."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

#: How an archive starts.
MAGIC: Final = b"PK\x03\x04"


class ArchiveError(Exception):
    """An archive or a file in it is damaged; the message says how."""


def is_archive(path: str) -> bool:
    """Whether a file's name is that of an archive."""
    return path.lower().endswith(".zip")


def sizes(path: str) -> dict[str, int]:
    """Returns the names of an archive's files, with how many bytes each unpacks to.

    Raises:
        ArchiveError: when the archive is cut or damaged, or is none.
        OSError: when it cannot be opened; a remote filesystem may have errors of its own.
    """
    with _opened(path) as archive:
        return {file.filename: file.file_size for file in archive.infolist() if not file.is_dir()}


def read(path: str, member: str, most: int) -> bytes:
    """Returns the bytes that a file of an archive unpacks to, at most so many.

    Raises:
        ArchiveError: when the archive or this file in it is damaged.
        OSError, RuntimeError: when it cannot be opened, or is encrypted.
    """
    with _opened(path) as archive, archive.open(member) as file:
        return file.read(most)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[zipfile.ZipFile]:
    try:
        with (
            FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file,
            zipfile.ZipFile(file) as archive,
        ):
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ArchiveError(f"damaged zip: {error}") from None
