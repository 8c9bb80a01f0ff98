"""How much of what brute force finds an index finds too, and how long both take."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

import numpy as np
import tensorflow as tf

from models.contract import Query
from models.export.index.partitions import Partitions
from models.export.index.sampling import Sample
from models.export.retrieval import Retriever
from models.rows import pad

# Numbers that a block of scores may hold.
_BLOCK_NUMBERS: Final = 1 << 24
# Equal scores that are summed in another order differ by a share of the best.
_TOLERANCE: Final = 1e-5


class Truth(NamedTuple):
    """The best D tracks of Q queries, best first.

    Attributes:
        ids: int64 [Q, D].
        scores: float32 [Q, D], -inf where fewer than D candidates remain.
    """

    ids: np.ndarray
    scores: np.ndarray

    def part(self, queries: slice, depth: int | None = None) -> Truth:
        """Some queries, and the first `depth` of their tracks."""
        return Truth(self.ids[queries, :depth], self.scores[queries, :depth])


class Answers(NamedTuple):
    """What a retriever answers.

    Attributes:
        ids: int32 [Q, K].
        seconds: median time of a query that is asked alone.
    """

    ids: np.ndarray
    seconds: float


def find_truth(vectors: np.ndarray, sample: Sample, depth: int) -> Truth:
    """Scores every track.

    Args:
        vectors: float32 [N, d].
        sample: Q queries.
        depth: how many of the best tracks to keep.

    Returns:
        D = min(depth, N) tracks that are not seeds, for each query.
    """
    number, depth = len(sample.vectors), min(depth, len(vectors))
    owners = sample.query.track_ids.value_rowids().numpy()
    seeds = sample.query.track_ids.flat_values.numpy()
    ids = np.zeros((number, 0), np.int64)
    scores = np.zeros((number, 0), np.float32)
    step = max(1, _BLOCK_NUMBERS // max(1, number))
    for start in range(0, len(vectors), step):
        block = sample.vectors @ vectors[start : start + step].T
        inside = (seeds >= start) & (seeds < start + step)
        block[owners[inside], seeds[inside] - start] = -np.inf
        block_ids = np.broadcast_to(np.arange(start, start + block.shape[1]), block.shape)
        scores = np.concatenate([scores, block], axis=1)
        ids = np.concatenate([ids, block_ids], axis=1)
        if scores.shape[1] > depth:
            kept = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
            scores = np.take_along_axis(scores, kept, axis=1)
            ids = np.take_along_axis(ids, kept, axis=1)
    order = np.argsort(-scores, axis=1)
    return Truth(np.take_along_axis(ids, order, axis=1), np.take_along_axis(scores, order, axis=1))


def fewest_probes(partitions: Partitions, vectors: np.ndarray, truth: Truth, recall: float) -> int:
    """The fewest partitions, the same number for all queries, that hold enough of the best.

    Args:
        partitions: of the candidates.
        vectors: float32 [Q, d], the queries.
        truth: what should be found.
        recall: mean share of it that is enough.

    Returns:
        A number from 1 to P.
    """
    held = partitions.ids >= 0
    owner = np.empty(np.count_nonzero(held), np.int64)
    owner[partitions.ids[held]] = np.nonzero(held)[0]
    there = np.isfinite(truth.scores)
    weights = there / np.maximum(there.sum(axis=1), 1)[:, np.newaxis]
    gained = np.zeros(len(partitions))
    for query, ids, weight in zip(vectors, truth.ids, weights, strict=True):
        promise = partitions.promise(query[np.newaxis])[0]
        rank = np.empty(len(promise), np.int64)
        rank[np.argsort(-promise, kind="stable")] = np.arange(len(promise))
        np.add.at(gained, rank[owner[ids]], weight)
    reached = np.cumsum(gained) / max(1, len(vectors))
    return min(int(np.searchsorted(reached, recall)) + 1, len(partitions))


def ask(
    retriever: Retriever,
    sample: Sample,
    count: int,
    queries: int | None = None,
    rows_per_step: int = 1,
) -> Answers:
    """Asks one query at a time, as a server without batching does.

    Args:
        retriever: whom to ask.
        sample: Q queries.
        count: K, how many tracks.
        queries: how many of them to ask; all if None.
        rows_per_step: to how many a query is padded, as the exported function does.

    Returns:
        The answers.
    """

    @tf.function(input_signature=list(Query.spec(1)), autograph=False)
    def best(*parts: tf.RaggedTensor) -> tf.Tensor:
        padded = Query(*pad(parts, rows_per_step - 1))
        return retriever.best(padded, tf.constant(1), count)[1]

    ids, seconds = [], []
    number = len(sample.vectors) if queries is None else min(queries, len(sample.vectors))
    best(*sample.part(slice(1)).query)  # Builds the graph.
    for index in range(number):
        query = sample.part(slice(index, index + 1)).query
        start = time.perf_counter()
        ids.append(best(*query).numpy()[0])
        seconds.append(time.perf_counter() - start)
    return Answers(np.stack(ids), float(np.median(seconds)))


def recall(vectors: np.ndarray, sample: Sample, truth: Truth, answers: Answers) -> float:
    """The mean share of the best tracks that are among as many of the answer.

    Another track counts as well if its score is as high as that of the last of the best.

    Args:
        vectors: float32 [N, d].
        sample: Q queries.
        truth: what should be found.
        answers: to all of them.

    Returns:
        From 0 to 1; 1 where there was nothing to find.
    """
    shares = []
    for query, scores, ids in zip(sample.vectors, truth.scores, answers.ids, strict=True):
        there = scores[np.isfinite(scores)]
        if not len(there):
            continue
        found = vectors[ids[: len(there)]] @ query
        least = there.min() - _TOLERANCE * np.abs(there).max()
        shares.append(np.count_nonzero(found >= least) / len(there))
    return float(np.mean(shares)) if shares else 1.0
