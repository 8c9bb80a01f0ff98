"""Executor of the Holdout component."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

import apache_beam as beam
import tensorflow as tf
from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils

from components.example_files import pass_on
from components.holdout import examples as held_out_examples
from evaluation.scenarios import BY_NAME
from schema import artifacts, features
from schema.splits import FITTED, HELD_OUT

# Distinct tracks that a worker counts before it passes them on.
_MAX_COUNTED: Final = 1_000_000


class Executor(base_beam_executor.BaseBeamExecutor):
    """Passes on what is fitted to; withholds tracks of the rest, and joins how often they occur."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.Holdout`."""
        source = artifact_utils.get_single_instance(input_dict["examples"])
        training = artifact_utils.get_single_instance(output_dict["training"])
        held_out = artifact_utils.get_single_instance(output_dict["held_out"])
        for target, splits in ((training, FITTED), (held_out, HELD_OUT)):
            target.split_names = artifact_utils.encode_split_names(list(splits))
            target.span = source.span
            examples_utils.set_payload_format(target, examples_utils.get_payload_format(source))
            examples_utils.set_file_format(target, examples_utils.get_file_format(source))
        held_out.set_string_custom_property(
            artifacts.SUMMARY,
            f"tracks of {' and '.join(HELD_OUT)} withheld in {len(BY_NAME)} scenarios",
        )
        for split in FITTED:
            _copy_split(source, training, split)
        with self._make_beam_pipeline() as pipeline:
            counts = (
                [
                    pipeline | f"Read[{split}]" >> beam.io.ReadFromTFRecord(_pattern(source, split))
                    for split in FITTED
                ]
                | beam.Flatten()
                | "CountTracks" >> beam.ParDo(_CountTracks())
                | "SumCounts" >> beam.CombinePerKey(sum)  # type: ignore[arg-type]
            )
            for split in HELD_OUT:
                _ = (
                    pipeline
                    | f"Read[{split}]" >> beam.io.ReadFromTFRecord(_pattern(source, split))
                    | f"HoldOut[{split}]" >> beam.ParDo(_HoldOut(exec_properties["seed"]))
                    | f"JoinCounts[{split}]" >> _JoinCounts(counts)
                    | f"Serialize[{split}]"
                    >> beam.Map(lambda example: example.SerializeToString(deterministic=True))
                    | f"Write[{split}]"
                    >> beam.io.WriteToTFRecord(
                        os.path.join(
                            artifact_utils.get_split_uri([held_out], split), "data_tfrecord"
                        ),
                        file_name_suffix=".gz",
                    )
                )


def _pattern(artifact: types.Artifact, split: str) -> str:
    return os.path.join(artifact_utils.get_split_uri([artifact], split), "*.gz")


def _copy_split(source: types.Artifact, target: types.Artifact, split: str) -> None:
    """Passes on a split's files: nothing in them changes."""
    paths = tf.io.gfile.glob(_pattern(source, split))
    pass_on(paths, artifact_utils.get_split_uri([target], split))


class _HoldOut(beam.DoFn):
    """Serialised playlist to (pid, held-out example); counts what is left out."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._empty = beam.metrics.Metrics.counter("segue.holdout", "no_track_to_withhold")

    def process(self, element: bytes) -> Iterator[tuple[bytes, tf.train.Example]]:
        example = held_out_examples.hold_out(tf.train.Example.FromString(element), self._seed)
        if example is None:
            self._empty.inc()
        else:
            yield example.features.feature[features.PID].bytes_list.value[0], example


class _CountTracks(beam.DoFn):
    """Serialised playlists to (track URI, playlists that hold it), summed over each bundle."""

    def start_bundle(self) -> None:
        self._counts: dict[bytes, int] = {}

    def process(self, element: bytes) -> Iterable[tuple[bytes, int]]:
        values = tf.train.Example.FromString(element).features.feature[features.TRACK_URI]
        for uri in set(values.bytes_list.value):
            self._counts[uri] = self._counts.get(uri, 0) + 1
        if len(self._counts) >= _MAX_COUNTED:
            yield from self._counts.items()
            self._counts = {}

    def finish_bundle(self) -> Iterator[beam.utils.windowed_value.WindowedValue]:
        window = beam.transforms.window.GlobalWindow()
        for item in self._counts.items():
            yield beam.utils.windowed_value.WindowedValue(item, window.max_timestamp(), (window,))
        self._counts = {}


class _JoinCounts(beam.PTransform):
    """Joins the count of each withheld track to (pid, example) pairs; gives examples."""

    def __init__(self, counts: beam.PCollection) -> None:
        super().__init__()
        self._counts = counts

    def expand(self, held_out: beam.PCollection) -> beam.PCollection:
        wanted = held_out | "Withheld" >> beam.FlatMap(_withheld_tracks)
        counted = (
            {"pids": wanted, "counts": self._counts}
            | "JoinByTrack" >> beam.CoGroupByKey()
            | "CountsOfPlaylists" >> beam.FlatMap(_counts_of_playlists)
        )
        return (
            {"examples": held_out, "counts": counted}
            | "JoinByPlaylist" >> beam.CoGroupByKey()
            | "AddCounts" >> beam.FlatMap(_add_counts)
        )


def _withheld_tracks(item: tuple[bytes, tf.train.Example]) -> Iterator[tuple[bytes, bytes]]:
    pid, example = item
    for uri in example.features.feature[features.HOLDOUT_TRACK_URI].bytes_list.value:
        yield uri, pid


def _counts_of_playlists(
    item: tuple[bytes, dict[str, Any]],
) -> Iterator[tuple[bytes, tuple[bytes, int]]]:
    uri, joined = item
    count = sum(joined["counts"])
    if count:
        for pid in joined["pids"]:
            yield pid, (uri, count)


def _add_counts(item: tuple[bytes, dict[str, Any]]) -> Iterator[tf.train.Example]:
    _, joined = item
    counts = dict(joined["counts"])
    for example in joined["examples"]:
        yield held_out_examples.add_train_counts(example, counts)
