"""Answers queries from an index, and by brute force those that are more than a dot product."""

from __future__ import annotations

import tensorflow as tf

from models.contract import DotProductScorer, Query
from models.export.index.added import with_additions
from models.export.index.search import PartitionedIndex
from models.export.retrieval import BruteForce, Retriever


class IndexRetriever(Retriever):
    """Searches an index for the vectors of queries."""

    def __init__(self, scorer: DotProductScorer, index: PartitionedIndex):
        """Puts the parts together.

        Args:
            scorer: makes vectors of queries.
            index: of its candidates.
        """
        super().__init__(name="index_retriever")
        self._scorer = scorer
        self._index = index
        self._brute_force = BruteForce(scorer)

    def best(self, query: Query, rows: tf.Tensor, count: int) -> tuple[tf.Tensor, tf.Tensor]:
        """See `Retriever`; the index may miss some of the best."""
        asked = Query(*(part[:rows] for part in query))
        vectors = self._scorer.query_embedding(asked)
        found = self._index.search(vectors, asked.hidden_ids, count)
        added = self._scorer.additions(asked)
        if added is not None:
            plain = found
            found = tf.cond(
                tf.size(added.ids.flat_values) > 0,
                lambda: with_additions(plain, self._scorer, vectors, added, asked.hidden_ids),
                lambda: plain,
            )
        searched = self._scorer.is_dot_product(asked)
        exact = tf.cond(
            tf.reduce_all(searched),
            lambda: found,
            lambda: self._brute_force.best(query, rows, count),
        )
        searched = searched[:, tf.newaxis]
        return tf.where(searched, found[0], exact[0]), tf.where(searched, found[1], exact[1])
