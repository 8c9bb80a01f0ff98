"""Makes the lists of a day in a batch of Beam, a bucket of listeners at a time."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.utils.shared import Shared

from listening.features import model_time, sorting
from listening.recommending import audience, publishing
from listening.recommending.inputs import Inputs, inputs
from listening.recommending.model import find
from listening.recommending.publishing import Published
from listening.recommending.tracks import Tracks
from listening.recommending.work import Order, Worker
from schema.model_card import METADATA_PATH, ModelCard

#: Buckets are worked on in other processes than the one that asks.
_ELSEWHERE: Final = "--direct_running_mode=multi_processing"
#: What a process leaves that cannot load what lists are made of.
_REFUSED: Final = "refused-"


@dataclasses.dataclass(frozen=True)
class Recommended:
    """What came of it: each row that was read got lists or was set aside.

    Attributes:
        published: the day.
        changed: whether it differs from what lay there before.
        read: rows of the audience.
        written: listeners who got a list, one at least.
        set_aside: rows that did not, by reason.
        lists: by policy.
        empty: listeners for whom a policy found nothing, by policy.
        answered: listeners by the model that answered.
        notes: what somebody ought to know.
    """

    published: Published
    changed: bool
    read: int
    written: int
    set_aside: Mapping[str, int]
    lists: Mapping[str, int]
    empty: Mapping[str, int]
    answered: Mapping[str, int]
    notes: tuple[str, ...]


def recommend(
    listeners: str,
    out: str,
    features: str,
    order: Order,
    day: datetime.date | None = None,
    *,
    beam_args: Sequence[str] = ("--runner=DirectRunner",),
) -> Recommended:
    """Makes and publishes the lists of a day, in place of an earlier version.

    Memory holds the table of tracks, the models and a bucket of listeners.

    Args:
        listeners: an audience, as `audience.table_of` takes it.
        out: where days are published.
        features: the directory of features.
        order: what is wanted.
        day: the day; that of the newest listening history's cut by default.
        beam_args: of a runner that reaches the directories.

    Raises:
        InUseError: another command publishes there.
        ValueError: an input cannot be used; the message says which.
        OSError: an input cannot be read, or `out` cannot be written to.
    """
    order = dataclasses.replace(
        order, models={name: find(path) for name, path in order.models.items()}
    )
    found = inputs(features, day)
    notes = (*_ages(order, found), *_notes(order, found))
    table = audience.table_of(listeners, found.cut)
    work = _Work(order, found, Shared())
    # In this process the steps find it loaded, and what is wrong with a model is told as it is.
    elsewhere = _ELSEWHERE in beam_args
    loaded = None if elsewhere else work.worker()
    if elsewhere:
        Tracks.check(order.tracks)
    with publishing.publishing(out, found.day) as draft:
        read, buckets, runs, aside = audience.sort(table, draft.scratch)
        try:
            _run(_Bucket(work, runs, draft.scratch), buckets if runs else 0, beam_args)
        except Exception as error:
            if not found.there():
                raise ValueError(f"{features} changed while it was read: try again") from error
            if elsewhere:
                raise ValueError(_told(draft.scratch, error)) from error
            raise
        finally:
            del loaded
            work.let_go()
        asides = pa.concat_tables([aside, *_parts(draft.scratch, "aside-")])
        draft.write(_parts(draft.scratch, "lists-"), asides, found.cut)
        tallies = _tallies(draft.scratch)
    reasons = Counter(asides.column("reason").to_pylist())
    return Recommended(
        published=draft.published,
        changed=draft.changed,
        read=read,
        written=read - reasons.total(),
        set_aside=dict(sorted(reasons.items())),
        lists={policy.name: tallies["lists"][policy.name] for policy in order.policies},
        empty={policy.name: tallies["empty"][policy.name] for policy in order.policies},
        answered=dict(sorted(tallies["answered"].items())),
        notes=notes,
    )


def on_processes(count: int) -> tuple[str, ...]:
    """Beam's arguments for so many processes on this machine; one is the caller's own."""
    if count == 1:
        return ("--runner=DirectRunner",)
    return ("--runner=DirectRunner", _ELSEWHERE, f"--direct_num_workers={count}")


def _ages(order: Order, found: Inputs) -> list[str]:
    """Refuses models that know of what lists of a cut may not; says where nobody can tell."""
    paths = sorted(set(order.models.values()))
    told = [model_time.known_by(path, _card(path), found.cut) for path in paths]
    return [each for each in told if each is not None]


def _card(model: str) -> ModelCard:
    """What is said of a model; nothing of one that was exported elsewhere."""
    there = os.path.exists(os.path.join(model, METADATA_PATH))
    return ModelCard.read(model) if there else ModelCard(family="")


def _notes(order: Order, found: Inputs) -> Iterator[str]:
    if found.segments is None:
        if named := sorted(filter(None, order.models)):
            raise ValueError(
                f"the model of {named[0]} needs segments: segue segments build writes them"
            )
        yield "there are no segments: what is popular is so for everybody"
    else:
        there = set(found.segments.table().column("segment").unique().to_pylist())
        for segment in sorted(filter(None, order.models)):
            if segment not in there:
                yield f"nobody is in the segment {segment}"
    if found.social is None:
        yield "there is no social_graph: nobody follows anybody"


class _Work:
    """What a bucket needs, loaded once in a process."""

    def __init__(self, order: Order, found: Inputs, handle: Shared) -> None:
        self._order, self._found, self._handle = order, found, handle

    def worker(self) -> Worker:
        """It, loaded where it is not yet."""
        worker: Worker = self._handle.acquire(lambda: Worker(self._order, self._found), "worker")
        return worker

    def let_go(self) -> None:
        """Drops what this process has: TensorFlow wants its models gone before Python ends."""
        self._handle.acquire(_Nothing, "nothing")


class _Nothing:
    """What is kept in place of a worker."""


class _Bucket:
    """Makes the lists of a bucket."""

    def __init__(self, work: _Work, runs: Sequence[str], scratch: str) -> None:
        self._work, self._runs, self._scratch = work, runs, scratch

    def __call__(self, bucket: int) -> None:
        try:
            worker = self._work.worker()
        except (ValueError, OSError) as error:
            path = os.path.join(self._scratch, f"{_REFUSED}{bucket:05d}.txt")
            with open(path, "w", encoding="utf-8") as file:
                file.write(str(error))
            raise
        rows, again = audience.once_each(sorting.read_bucket(self._runs, bucket))
        lists, nothing, tally = worker.lists(rows)
        aside = pa.concat_tables([again, nothing])
        for kind, table in (("lists", lists), ("aside", aside)):
            pq.write_table(table, os.path.join(self._scratch, f"{kind}-{bucket:05d}.parquet"))
        path = os.path.join(self._scratch, f"tally-{bucket:05d}.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(tally, file)


def _run(bucket: _Bucket, buckets: int, args: Sequence[str]) -> None:
    with beam.Pipeline(options=PipelineOptions(list(args))) as pipeline:
        _ = (
            pipeline
            | "Buckets" >> beam.Create(range(buckets))
            | "SpreadBuckets" >> beam.Reshuffle()
            | "Lists" >> beam.Map(bucket)
        )


def _told(scratch: str, error: Exception) -> str:
    """What another process found wrong, in its words; otherwise what Beam's error ends with."""
    for name in sorted(os.listdir(scratch)):
        if name.startswith(_REFUSED):
            with open(os.path.join(scratch, name), encoding="utf-8") as file:
                return file.read()
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"no lists, since a process failed: {lines[-1] if lines else type(error).__name__}"


def _parts(scratch: str, kind: str) -> Iterator[pa.Table]:
    """What buckets wrote, in their order."""
    for name in sorted(name for name in os.listdir(scratch) if name.startswith(kind)):
        yield pq.read_table(os.path.join(scratch, name))


def _tallies(scratch: str) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {name: Counter() for name in ("lists", "empty", "answered")}
    for name in os.listdir(scratch):
        if name.startswith("tally-"):
            with open(os.path.join(scratch, name), encoding="utf-8") as file:
                for kind, counts in json.load(file).items():
                    found[kind].update(counts)
    return found
