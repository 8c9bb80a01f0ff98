"""Exports a fitted scorer as a SavedModel with the signatures that every family shares.

Signatures: `serving_default` (titles and tracks), `serving_examples` (serialised raw examples),
`serving_listener` (histories), `track_metadata` (names of tracks); where scores are dot products,
`playlist_vectors` and `track_vectors`. Stock TensorFlow ops only.
"""

from __future__ import annotations

import tempfile

import tensorflow as tf

from models.contract import Catalogue, DotProductScorer, Query, Ranker, Scorer
from models.data import Vocabularies
from models.export.index import build
from models.export.options import ExportOptions
from models.export.queries import QueryBuilder
from models.export.recommender import Recommender, num_recommendations
from models.export.retrieval import Reranked
from models.export.vectors import VectorRecommender
from models.export.warmup import warmup_requests, write_warmup
from schema import checksums, signatures
from schema.model_card import IndexCard, ModelCard


def export(
    scorer: Scorer,
    catalogue: Catalogue,
    vocabularies: Vocabularies,
    directory: str,
    card: ModelCard,
    *,
    ranker: Ranker | None = None,
    options: ExportOptions | None = None,
    index_queries: Query | None = None,
    seed: int = 0,
) -> None:
    """Writes a SavedModel; it depends on no other file and may be moved.

    Args:
        scorer: what was fitted.
        catalogue: its tracks.
        vocabularies: behind its ids.
        directory: where to write, also on a remote file system.
        card: the model's description; that of its index is added.
        ranker: of what the scorer finds best, if there is a second stage.
        options: how.
        index_queries: to choose and measure an index by; needed to build one.
        seed: of the index.

    Raises:
        LowRecallError: if an index finds too little.
        ValueError: if the catalogue is empty, or an index meets vectors that are not finite.
    """
    options = options or ExportOptions()
    count = num_recommendations(catalogue)
    if ranker is not None:
        count = max(count, min(ranker.depth, len(catalogue)))
    built = build.build(
        scorer,
        options.index,
        index_queries,
        count,
        seed,
        rows_per_step=options.rows_per_step,
    )
    retriever = built.retriever
    if ranker is not None:
        retriever = Reranked(retriever, ranker, len(catalogue))
    if built.facts:
        card = card.model_copy(update={"index": IndexCard.model_validate(built.facts)})
    with tempfile.TemporaryDirectory() as assets:
        queries = QueryBuilder(vocabularies, catalogue.artist_ids, assets)
        made = VectorRecommender if isinstance(scorer, DotProductScorer) else Recommender
        recommender = made(scorer, catalogue, queries, options.rows_per_step, retriever)
        served = {
            signatures.SERVING_DEFAULT: recommender.serving_default,
            signatures.SERVING_EXAMPLES: recommender.serving_examples,
            signatures.SERVING_LISTENER: recommender.serving_listener,
            signatures.TRACK_METADATA: recommender.track_metadata,
        }
        if isinstance(recommender, VectorRecommender):
            served |= {
                signatures.PLAYLIST_VECTORS: recommender.playlist_vectors,
                signatures.TRACK_VECTORS: recommender.track_vectors,
            }
        tf.saved_model.save(recommender, directory, served)
    card.write(directory)
    checksums.write(directory)
    if options.warmup:
        write_warmup(directory, warmup_requests(catalogue))
