"""The statistics of data that passed, which new data has to be like."""

from __future__ import annotations

import json
import os
from typing import Any, Final

from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.dsl.io import fileio
from tfx.utils import io_utils

_RECORD: Final = "passed.json"
#: What passed last may be the data of a run itself, which is compared with what passed before.
_KEPT: Final = 2


def before(directory: str, data: str) -> Any | None:
    """Reads the statistics of the last other data that passed.

    Data that was stopped is no reference, or a second run on it would be compared with itself and
    pass. Nor is the data of this run, if it passed before.

    Args:
        directory: where `keep` keeps them, local or remote.
        data: fingerprint of this run's data.

    Returns:
        A DatasetFeatureStatisticsList; None where no other data has passed.
    """
    for passed in _passed(directory):
        if passed != data:
            content = io_utils.read_bytes_file(_file(directory, passed))
            return statistics_pb2.DatasetFeatureStatisticsList.FromString(content)
    return None


def latest(directory: str) -> Any | None:
    """Reads the statistics of the last data that passed.

    Args:
        directory: where `keep` keeps them, local or remote.

    Returns:
        A DatasetFeatureStatisticsList; None where nothing has passed.
    """
    return before(directory, data="")


def keep(directory: str, data: str, statistics: Any) -> None:
    """Keeps the statistics of data that passed, and forgets those that nobody asks for any more.

    Args:
        directory: local or remote; made where it is missing.
        data: fingerprint of the data.
        statistics: a DatasetFeatureStatisticsList.
    """
    earlier = _passed(directory)
    kept = [data, *(passed for passed in earlier if passed != data)][:_KEPT]
    fileio.makedirs(directory)
    _put(_file(directory, data), statistics.SerializeToString())
    _put(os.path.join(directory, _RECORD), json.dumps(kept).encode())
    for passed in {*earlier} - {*kept}:
        if fileio.exists(_file(directory, passed)):
            fileio.remove(_file(directory, passed))


def _passed(directory: str) -> list[str]:
    """Fingerprints of what passed and can be read, the last first."""
    path = os.path.join(directory, _RECORD)
    if not fileio.exists(path):
        return []
    names = json.loads(io_utils.read_string_file(path))
    return [name for name in names if fileio.exists(_file(directory, name))]


def _file(directory: str, data: str) -> str:
    return os.path.join(directory, f"{data}.pb")


def _put(path: str, content: bytes) -> None:
    """Writes a file so that a reader sees the old one or the new one."""
    io_utils.write_bytes_file(f"{path}.part", content)
    fileio.rename(f"{path}.part", path, overwrite=True)
