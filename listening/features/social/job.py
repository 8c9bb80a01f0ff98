"""Builds `social_graph` in a batch of Beam: tastes and ties by bucket, then rows by bucket."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Sequence
from typing import Final

import apache_beam as beam
import numpy as np
from apache_beam.options.pipeline_options import PipelineOptions

from listening.features import bucketed, partitions, sorting, window
from listening.features.catalogue import track_facts
from listening.features.finishing import Built, finish
from listening.features.social import tastes, ties
from listening.features.social.columns import social_rows
from listening.features.social.tastes import Tastes, similarities
from listening.features.window import Window
from schema.tables import WINDOWS

VIEW: Final = "social_graph"


@dataclasses.dataclass(frozen=True)
class SocialBuilt(Built):
    """What was built.

    Attributes:
        listeners: rows.
    """

    listeners: int


def build(
    events: str,
    features: str,
    tracks: str,
    as_of: datetime.datetime | None = None,
    follows: str | None = None,
    *,
    beam_args: Sequence[str] = ("--runner=DirectRunner",),
) -> SocialBuilt:
    """Builds the partition of a cut, in place of an earlier version.

    Tastes are the streams of the longest window by artist. Memory holds the tastes of two buckets
    of listeners and the ties of one.

    Args:
        events: a directory of landed events.
        features: the directory of features.
        tracks: the table of tracks, which says by whom they are.
        as_of: the cut, a whole hour of UTC; the beginning of the newest event's hour by default.
        follows: the table of follows; None: only events tell who follows whom.
        beam_args: of a runner that reaches the directories.

    Raises:
        InUseError: another command builds it.
        SeriousAnomalyError: the rows are not what the curated schema says.
        ValueError: no event from before the cut has landed, or an input cannot be read.
        OSError: `features` cannot be written to.
    """
    cut = as_of or window.default_cut(events)
    with partitions.building(features, VIEW, cut) as draft:
        heard = window.window(events, cut, WINDOWS[-1])
        everything = window.window(events, cut, None)
        track_facts(tracks)  # a table that cannot be read ends it here
        groups = [] if follows is None else [(follows, each) for each in ties.groups(follows)]
        sources = _Sources(heard, everything, tuple(groups), tracks)
        with window.read_from(events, everything):
            _run(sources, draft.scratch, beam_args)
        finished = finish(draft, bucketed.read_rows(draft.scratch))
    return SocialBuilt(draft.partition, draft.changed, finished.warnings, finished.rows)


@dataclasses.dataclass(frozen=True)
class _Sources:
    """What is read.

    Attributes:
        heard: the events of which streams are tastes.
        everything: the events of which follows are ties.
        groups: row groups of the table of follows, each with its path.
        tracks: the table of tracks.
    """

    heard: Window
    everything: Window
    groups: tuple[tuple[str, int], ...]
    tracks: str


def _run(sources: _Sources, scratch: str, args: Sequence[str]) -> None:
    heard, everything = sources.heard, sources.everything
    buckets = sorting.buckets_for(heard.rows)
    span = (heard.start, heard.end)
    as_list = beam.pvalue.AsList
    with beam.Pipeline(options=PipelineOptions(list(args))) as pipeline:
        streams = (
            pipeline
            | "Heard" >> beam.Create(heard.batches)
            | "SpreadHeard" >> beam.Reshuffle()
            | "SortStreams" >> beam.Map(_sort_streams, scratch, span, buckets)
        )
        told = (
            pipeline
            | "Follows" >> beam.Create(everything.batches)
            | "SpreadFollows" >> beam.Reshuffle()
            | "SortFollows" >> beam.Map(_sort_follows, scratch, heard.end, buckets)
        )
        known = (
            pipeline
            | "Ties" >> beam.Create(sources.groups)
            | "SpreadTies" >> beam.Reshuffle()
            | "SortTies" >> beam.Map(_sort_ties, scratch, heard.end, buckets)
        )
        numbers = pipeline | "Buckets" >> beam.Create(range(buckets)) | beam.Reshuffle()
        tasted = numbers | "Tastes" >> beam.Map(_taste, as_list(streams), scratch, sources.tracks)
        _ = numbers | "Rows" >> beam.Map(
            _rows, as_list(told), as_list(known), as_list(tasted), scratch
        )


def _sort_streams(files: Sequence[str], scratch: str, span: tuple[int, int], buckets: int) -> str:
    table = window.read_batch(files, span, tastes.COLUMNS, ["stream"])
    name = f"streams-{window.run_name(files)}"
    return sorting.write_run(scratch, name, table, "listener_id", buckets)


def _sort_follows(files: Sequence[str], scratch: str, end: int, buckets: int) -> str:
    name = f"follows-{window.run_name(files)}"
    return sorting.write_run(scratch, name, ties.of_events(files, end), "listener_id", buckets)


def _sort_ties(part: tuple[str, int], scratch: str, end: int, buckets: int) -> str:
    path, group = part
    table = ties.of_table(path, group, end)
    return sorting.write_run(scratch, f"ties-{group:06d}", table, "listener_id", buckets)


def _taste(bucket: int, runs: Sequence[str], scratch: str, tracks: str) -> tuple[int, str]:
    path = os.path.join(scratch, f"tastes-{bucket:05d}.npz")
    Tastes.of(sorting.read_bucket(runs, bucket), track_facts(tracks)).save(path)
    return bucket, path


def _rows(
    bucket: int,
    told: Sequence[str],
    known: Sequence[str],
    tasted: Sequence[tuple[int, str]],
    scratch: str,
) -> None:
    paths = dict(tasted)
    own = Tastes.load(paths[bucket])

    def alike(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        """Loads the tastes of one bucket after the other."""
        found = np.zeros(len(mine))
        if not len(mine):
            return found
        where = sorting.buckets_of_texts(theirs, len(paths))
        for other in np.unique(where).tolist():
            pairs = where == other
            tasted = own if other == bucket else Tastes.load(paths[other])
            found[pairs] = similarities(own, tasted, mine[pairs], theirs[pairs])
        return found

    table = sorting.read_bucket([*told, *known], bucket)
    bucketed.write_bucket(scratch, bucket, social_rows(table, alike))
