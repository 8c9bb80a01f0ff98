"""The list of playlists that are to be left out of every run."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.ingest.errors import IngestError
from components.ingest.pids import Pids

_MOST: Final = 2**63 - 1
_SHOWN: Final = 40  # characters of a bad line


def read(path: str) -> Pids:
    """Reads a list of pids, one a line; blank lines and what follows a # are left out.

    Args:
        path: local or remote; "" for none.

    Returns:
        The numbers, ascending, each once.

    Raises:
        IngestError: when the file cannot be read, or a line is no pid.
    """
    if not path:
        return np.empty(0, np.int64)
    try:
        with FileSystems.open(path, compression_type=CompressionTypes.AUTO) as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise IngestError(f"deletions: {path} is not UTF-8: {error}") from None
    except Exception as error:  # each filesystem has its own errors
        why = getattr(error, "strerror", None) or error
        raise IngestError(f"deletions: cannot read {path}: {why}") from error
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        pid = line.partition("#")[0].strip()
        if not pid:
            continue
        if not (pid.isascii() and pid.isdigit() and int(pid[:20]) <= _MOST and len(pid) <= 19):
            raise IngestError(
                f"deletions: {path}, line {number}: {pid[:_SHOWN]!r} is not a pid, a whole number "
                "from 0 to 2^63-1"
            )
        found.append(int(pid))
    return np.unique(np.array(found, dtype=np.int64))


def digest(pids: Pids) -> str:
    """A digest of the numbers; "" for none."""
    if not len(pids):
        return ""
    return hashlib.blake2b(pids.astype("<i8").tobytes(), digest_size=16).hexdigest()
