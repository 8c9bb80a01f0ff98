"""The counts of playlists and entries that go along with Examples, from stage to stage.

They lie in a file beside the splits rather than in a property: a Trainer sees folders only. What a
pipeline counts it writes as an output, since counters of Beam may count repeated work twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import tensorflow as tf
from tfx import types
from tfx.dsl.io import fileio
from tfx.utils import io_utils

from components.ingest import tfrecords
from schema import features
from schema.documents import COUNTS_FILE, Amount, CountsError, RunCounts


def read(examples: types.Artifact) -> RunCounts:
    """Reads what all stages until these Examples read and wrote.

    Raises:
        CountsError: if they were written without counts.
    """
    path = os.path.join(examples.uri, COUNTS_FILE)
    if not fileio.exists(path):
        raise CountsError(f"{path} is missing, so nobody knows whether all playlists are there")
    return RunCounts.model_validate_json(io_utils.read_string_file(path))


def write(examples: types.Artifact, counts: RunCounts) -> None:
    """Puts counts beside the splits of Examples."""
    fileio.makedirs(examples.uri)
    io_utils.write_string_file(os.path.join(examples.uri, COUNTS_FILE), counts.to_json())


def of_files(paths: Iterable[str], feature: str = features.TRACK_URI) -> Amount:
    """Counts the playlists in files of Examples, and their entries.

    Args:
        paths: gzipped TFRecords, local or remote.
        feature: of which each entry of a playlist has a value.
    """
    playlists = entries = 0
    for path in paths:
        with tfrecords.open_gzip(path) as stream:
            for record in tfrecords.read_records(stream):
                playlists += 1
                entries += number_of_values(tf.train.Example.FromString(record), feature)
    return Amount(playlists=playlists, entries=entries)


def number_of_values(example: tf.train.Example, feature: str) -> int:
    """How many values a feature has in an Example, 0 where it is missing."""
    found = example.features.feature
    if feature not in found:
        return 0
    kind = found[feature].WhichOneof("kind")
    return len(getattr(found[feature], kind).value) if kind else 0


class WriteAmounts(beam.PTransform):
    """Adds up ((split, what), (playlists, entries)), and writes the sums for `take_amounts`."""

    def __init__(self, folder: str) -> None:
        """Writes to a folder, local or remote, that nobody else writes to."""
        super().__init__()
        self._folder = folder

    def expand(self, amounts: beam.PCollection) -> Any:
        """Returns the files' names."""
        return (
            amounts
            | "Sum" >> beam.CombinePerKey(beam.combiners.TupleCombineFn(sum, sum))
            | "Json" >> beam.Map(json.dumps)
            | "Write" >> beam.io.WriteToText(os.path.join(self._folder, "amounts"))
        )


def take_amounts(folder: str) -> dict[str, dict[str, Amount]]:
    """Reads what `WriteAmounts` wrote and removes it.

    Returns:
        By split, and by what was counted.
    """
    found: dict[str, dict[str, Amount]] = {}
    for path in fileio.glob(os.path.join(folder, "*")):
        for line in io_utils.read_string_file(str(path)).splitlines():
            (split, what), (playlists, entries) = json.loads(line)
            found.setdefault(split, {})[what] = Amount(playlists=playlists, entries=entries)
    if fileio.exists(folder):
        fileio.rmtree(folder)
    return found
