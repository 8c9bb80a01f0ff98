"""Executor of the Holdout component."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

import apache_beam as beam
import tensorflow as tf
from tfx import types
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils

from components import counts
from components.example_files import pass_on
from components.holdout import choosing
from components.holdout import examples as held_out_examples
from components.holdout.options import HoldoutOptions
from components.holdout.train_counts import BATCH, CountTracks
from evaluation.scenarios import is_drawn
from schema import artifacts, features
from schema.documents import Amount, RunCounts, SplitCounts, StageCounts
from schema.splits import DECIDING, FITTED, HELD_OUT

# What is counted of each split, by how it is told.
_AMOUNTS: Final = "amounts"
_READ: Final = "read"
_WRITTEN: Final = "written"
_WITHOUT_TRACKS: Final = "without a track to withhold"
_NOT_DRAWN: Final = "not drawn"
_REPEATS: Final = "repeats"
_LEFT_OUT: Final = (*choosing.OTHERS, _NOT_DRAWN, _WITHOUT_TRACKS, _REPEATS)
# ((split, what), (playlists, entries))
_Counted = tuple[tuple[str, str], tuple[int, int]]


class Executor(base_beam_executor.BaseBeamExecutor):
    """Passes on what is fitted to; withholds tracks of the rest, and joins how often they occur."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.Holdout`.

        Raises:
            CountsError: if a playlist or an entry got lost before this component, or within it.
            ValueError: if the split that decides has nobody of those who are to be held out.
        """
        source = artifact_utils.get_single_instance(input_dict["examples"])
        training = artifact_utils.get_single_instance(output_dict["training"])
        held_out = artifact_utils.get_single_instance(output_dict["held_out"])
        until_here, seed = counts.read(source), exec_properties["seed"]
        options = HoldoutOptions.model_validate_json(exec_properties["options"])
        shares = {split: _share(until_here, split, options.max_playlists) for split in HELD_OUT}
        for target, splits in ((training, FITTED), (held_out, HELD_OUT)):
            target.split_names = artifact_utils.encode_split_names(list(splits))
            target.span = source.span
            examples_utils.set_payload_format(target, examples_utils.get_payload_format(source))
            examples_utils.set_file_format(target, examples_utils.get_file_format(source))
        if spans := source.get_string_custom_property(artifacts.SPANS):
            training.set_string_custom_property(artifacts.SPANS, spans)
        held_out.set_string_custom_property(
            artifacts.SUMMARY,
            choosing.summary(options),
        )
        for split in FITTED:
            _copy_split(source, training, split)
        amounts, folder = [], os.path.join(held_out.uri, "amounts")
        with self._make_beam_pipeline() as pipeline:
            tracks = []
            for split in FITTED:
                # What was passed on, so that a file that was not shows.
                found = (
                    pipeline
                    | f"Read[{split}]" >> beam.io.ReadFromTFRecord(_pattern(training, split))
                    | f"Batch[{split}]" >> beam.BatchElements(*BATCH)
                    | f"CountTracks[{split}]"
                    >> beam.ParDo(CountTracks((split, _READ), _AMOUNTS)).with_outputs(
                        _AMOUNTS, main="tracks"
                    )
                )
                tracks.append(found["tracks"])
                amounts.append(found[_AMOUNTS])
            track_counts = (
                tracks | beam.Flatten() | "SumCounts" >> beam.CombinePerKey(sum)  # type: ignore[arg-type]
            )
            for split in HELD_OUT:
                records = pipeline | f"Read[{split}]" >> beam.io.ReadFromTFRecord(
                    _pattern(source, split)
                )
                share: Any = shares[split]
                if share < 1 and options.of != "playlists":
                    # The counts of a split do not say how many of them are to be held out.
                    share = beam.pvalue.AsSingleton(
                        records | f"Share[{split}]" >> choosing.DrawnShare(options)
                    )
                parted = records | f"HoldOut[{split}]" >> beam.ParDo(
                    _HoldOut(split, seed, options), share
                ).with_outputs(_AMOUNTS, main="examples")
                joined = parted["examples"] | f"JoinCounts[{split}]" >> _JoinCounts(track_counts)
                amounts += [
                    parted[_AMOUNTS],
                    joined | f"Count[{split}]" >> beam.Map(_written, split),
                ]
                _ = (
                    joined
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
            _ = amounts | "Amounts" >> beam.Flatten() | counts.WriteAmounts(folder)
        stage = _stage(counts.take_amounts(folder))
        choosing.raise_if_nobody(stage.splits[DECIDING], options)
        withheld = until_here.followed_by(stage)
        for target in (training, held_out):
            counts.write(target, withheld)


def _share(until_here: RunCounts, split: str, most: int | None) -> float:
    """Which share of a split's playlists are drawn."""
    _, there = until_here.written(split)
    return choosing.drawn(there.playlists, most)


def _stage(amounts: Mapping[str, Mapping[str, Amount]]) -> StageCounts:
    """What was read, and where it went, by split."""
    splits = {}
    for split in (*FITTED, *HELD_OUT):
        found = amounts.get(split, {})
        read = found.get(_READ, Amount())
        left_out = {what: found[what] for what in _LEFT_OUT if what in found}
        written = read if split in FITTED else found.get(_WRITTEN, Amount())
        splits[split] = SplitCounts(read=read, written=written, left_out=left_out)
    return StageCounts(stage="Holdout", splits=splits)


def _written(example: tf.train.Example, split: str) -> _Counted:
    values = example.features.feature
    # A listener's seeds are there with repeats; a track counts once, as in rows of Significance.
    seeds = values[features.NUM_SEEDS].int64_list.value[0]
    withheld = len(values[features.HOLDOUT_TRACK_URI].bytes_list.value)
    return (split, _WRITTEN), (1, seeds + withheld)


def _pattern(artifact: types.Artifact, split: str) -> str:
    return os.path.join(artifact_utils.get_split_uri([artifact], split), "*.gz")


def _copy_split(source: types.Artifact, target: types.Artifact, split: str) -> None:
    """Passes on a split's files: nothing in them changes."""
    paths = tf.io.gfile.glob(_pattern(source, split))
    pass_on(paths, artifact_utils.get_split_uri([target], split))


class _HoldOut(beam.DoFn):
    """Serialised playlist to (pid, held-out example); counts what it read and left out."""

    def __init__(self, split: str, seed: int, options: HoldoutOptions) -> None:
        self._split = split
        self._seed = seed
        self._options = options

    def process(self, element: bytes, share: float) -> Iterator[Any]:
        playlist = tf.train.Example.FromString(element)
        entries = counts.number_of_values(playlist, features.TRACK_URI)
        yield self._counted(_READ, 1, entries)
        if (other := choosing.other(playlist, self._options)) is not None:
            yield self._counted(other, 1, entries)
            return
        pid = playlist.features.feature[features.PID].bytes_list.value[0]
        if share < 1 and not is_drawn(pid, self._seed, share):
            yield self._counted(_NOT_DRAWN, 1, entries)
            return
        example = held_out_examples.hold_out(playlist, self._seed)
        if example is None:
            yield self._counted(_WITHOUT_TRACKS, 1, entries)
            return
        distinct = len(set(playlist.features.feature[features.TRACK_URI].bytes_list.value))
        if distinct < entries:
            yield self._counted(_REPEATS, 0, entries - distinct)
        yield pid, example

    def _counted(self, what: str, playlists: int, entries: int) -> beam.pvalue.TaggedOutput:
        return beam.pvalue.TaggedOutput(_AMOUNTS, ((self._split, what), (playlists, entries)))


class _JoinCounts(beam.PTransform):
    """Joins the count of each withheld track to (pid, example) pairs; gives examples."""

    def __init__(self, track_counts: beam.PCollection) -> None:
        super().__init__()
        self._counts = track_counts

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
