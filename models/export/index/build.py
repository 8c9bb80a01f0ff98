"""Builds what a model is searched with, and refuses an index that finds too little."""

from __future__ import annotations

import logging
from typing import Any, Final, NamedTuple

import numpy as np
import tensorflow as tf

from models.contract import DotProductScorer, Query, Scorer
from models.export.index import recall
from models.export.index.options import IndexOptions
from models.export.index.partitions import default_count, partition
from models.export.index.retriever import IndexRetriever
from models.export.index.sampling import Sample, embed
from models.export.index.search import PartitionedIndex
from models.export.retrieval import BruteForce, Retriever

# Of the way from min_recall to 1, how far probes are chosen to go, since other queries differ.
_MARGIN: Final = 0.1
# Recall is always reported for so many of the best tracks, and for all that are recommended.
_REPORTED_DEPTH: Final = 100
# Queries that brute force's time is measured on.
_TIMED: Final = 11


class LowRecallError(ValueError):
    """An index finds too few of the tracks that brute force finds."""


class Built(NamedTuple):
    """What a model is searched with.

    Attributes:
        retriever: to search with.
        facts: how it was built and what was measured, JSON types only; empty where no index was
            asked for.
    """

    retriever: Retriever
    facts: dict[str, Any]


def build(
    scorer: Scorer,
    options: IndexOptions,
    queries: Query | None,
    count: int,
    seed: int,
    *,
    rows_per_step: int = 1,
) -> Built:
    """Builds the configured index and measures it.

    Args:
        scorer: whose candidates are searched.
        options: how.
        queries: to measure recall on, and to choose the number of probes by.
        count: K, how many tracks are recommended.
        seed: of k-means.
        rows_per_step: playlists that the exported function scores at once, for what is timed.

    Returns:
        The index; or brute force, where that is configured, or the scores are not dot products, or
        recall is too low and `on_low_recall` allows it.

    Raises:
        LowRecallError: if recall is below `min_recall`, or there is nothing to measure it on.
        ValueError: if a candidate's vector is not finite.
    """
    if options.kind == "brute_force":
        return Built(BruteForce(scorer), {})
    if not isinstance(scorer, DotProductScorer):
        return _without(scorer, f"the scores of {scorer.name} are not dot products", {})
    # No more than are recommended can be found.
    depth = min(options.recall_depth, count)
    options = options.model_copy(update={"recall_depth": depth})
    vectors = scorer.candidate_embeddings().numpy()
    sample = embed(scorer, _empty() if queries is None else queries)
    if len(sample.vectors) < 2:
        return _refuse(scorer, options, "There are no playlists to measure the index on.", {})
    retriever, facts = _measured(
        scorer, vectors, sample, options, count=count, seed=seed, rows_per_step=rows_per_step
    )
    found = facts[_key(depth)]
    if found < options.min_recall:
        reason = (
            f"The index finds {found:.1%} of brute force's best {depth}, and "
            f"export.index.min_recall is {options.min_recall:.1%}. "
            + _advice(options, facts["partitions"])
        )
        return _refuse(scorer, options, reason, facts)
    # Only a warning, since times depend on what else the machine is doing.
    if facts["ms_per_query"] >= facts["brute_force_ms_per_query"]:
        logging.warning(
            "The index takes %.1f ms a query with %d of %d partitions, and brute force %.1f ms.",
            facts["ms_per_query"],
            facts["probes"],
            facts["partitions"],
            facts["brute_force_ms_per_query"],
        )
    return Built(retriever, facts)


def _measured(
    scorer: DotProductScorer,
    vectors: np.ndarray,
    sample: Sample,
    options: IndexOptions,
    *,
    count: int,
    seed: int,
    rows_per_step: int,
) -> tuple[IndexRetriever, dict[str, Any]]:
    """Builds an index and measures what it finds and how long it takes.

    Args:
        scorer: whose candidates are searched.
        vectors: float32 [N, d], of the candidates.
        sample: Q queries. Where the number of probes is not configured, every other query chooses
            it, more are taken if the rest needs them, and only the rest is measured on.
        options: how to build it.
        count: K, how many tracks are recommended.
        seed: of k-means.
        rows_per_step: playlists that the exported function scores at once.

    Returns:
        The index, and its facts for the model card: recall from 0 to 1, times in milliseconds.
    """
    partitions = partition(vectors, options.partitions or default_count(len(vectors)), seed)
    depths = sorted({min(_REPORTED_DEPTH, count), options.recall_depth, count})
    truth = recall.find_truth(vectors, sample, depths[-1])
    probes = options.probes
    if probes is None:
        # Chosen on every other query, so that the rest can show whether it is enough; more only
        # where the rest needs more, so that chance alone refuses no index.
        choose, check = slice(0, None, 2), slice(1, None, 2)
        aim = options.min_recall + _MARGIN * (1 - options.min_recall)
        probes = max(
            recall.fewest_probes(
                partitions, sample.vectors[part], truth.part(part, options.recall_depth), aim
            )
            for part in (choose, check)
        )
        truth, sample = truth.part(check), sample.part(check)
    index = PartitionedIndex(vectors, partitions, probes, options.shortlist, options.precision)
    retriever = IndexRetriever(scorer, index)
    answers = recall.ask(retriever, sample, count, None, rows_per_step)
    brute_force = recall.ask(BruteForce(scorer), sample, count, _TIMED, rows_per_step)
    recalls = {
        _key(depth): round(
            recall.recall(vectors, sample, truth.part(slice(None), depth), answers), 4
        )
        for depth in depths
    }
    return retriever, {
        "kind": options.kind,
        "partitions": len(partitions),
        "probes": index.probes,
        "shortlist": index.shortlist,
        "precision": options.precision,
        "queries": len(sample.vectors),
        **recalls,
        "ms_per_query": round(1000 * answers.seconds, 3),
        "brute_force_ms_per_query": round(1000 * brute_force.seconds, 3),
    }


def _key(depth: int) -> str:
    return f"recall@{depth}"


def _advice(options: IndexOptions, partitions: int) -> str:
    if options.probes is not None and options.probes < partitions:
        return "Raise export.index.probes, or leave it out to have it chosen."
    return "Raise export.index.shortlist or export.index.recall_queries."


def _refuse(scorer: Scorer, options: IndexOptions, reason: str, facts: dict[str, Any]) -> Built:
    if options.on_low_recall == "fail":
        raise LowRecallError(
            f"{reason} With export.index.on_low_recall=brute_force the model is exported without."
        )
    return _without(scorer, reason, facts)


def _without(scorer: Scorer, reason: str, refused: dict[str, Any]) -> Built:
    logging.warning("No index, but brute force: %s", reason)
    facts: dict[str, Any] = {"kind": "brute_force", "reason": reason}
    if refused:
        facts["refused"] = refused
    return Built(BruteForce(scorer), facts)


def _empty() -> Query:
    rows = tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.int64), tf.zeros([0], tf.int64))
    return Query.of_playlists(rows, rows, rows, rows)
