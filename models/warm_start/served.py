"""Reads the weights and vocabularies of an exported model, without running any of it."""

from __future__ import annotations

import functools
import os
from collections.abc import Sized
from typing import Final

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

from schema import checksums
from schema.model_card import ModelCard

_GRAPH: Final = "_CHECKPOINTABLE_OBJECT_GRAPH"
_VALUE: Final = "VARIABLE_VALUE"


class MisfitError(ValueError):
    """The weights of a served model do not fit what is to be trained; says why, in words."""


class ServedWeights:
    """The variables of a SavedModel by the attributes that lead to them, and its vocabularies."""

    def __init__(self, directory: str):
        """Opens a model.

        Args:
            directory: of a SavedModel that Segue exported, local or remote.

        Raises:
            MisfitError: if it has no readable card, or a file of it is missing or damaged.
        """
        try:
            self.card = ModelCard.read(directory)
        except ValueError as error:
            raise MisfitError(f"it has no readable model card: {error}") from error
        flaw = checksums.flaw(directory)
        if flaw is not None:
            raise MisfitError(f"it is damaged: {flaw}")
        self._assets = os.path.join(directory, "assets")
        try:
            self._reader = tf.train.load_checkpoint(
                os.path.join(directory, "variables", "variables")
            )
            self._graph = trackable_object_graph_pb2.TrackableObjectGraph.FromString(
                self._reader.get_tensor(_GRAPH)
            )
        except (tf.errors.OpError, ValueError, IndexError) as error:
            raise MisfitError(f"its weights cannot be read: {error}") from error

    @functools.cached_property
    def tracks(self) -> list[bytes]:
        """URIs by id."""
        return self._lines("tracks.txt")

    @functools.cached_property
    def artists(self) -> list[bytes]:
        """URIs or names by id."""
        return self._lines("artists.txt")

    @functools.cached_property
    def title_ngrams(self) -> list[bytes]:
        """Character n-grams by id."""
        return self._lines("title_ngrams.txt")

    def has(self, *path: str) -> bool:
        """Whether there is a variable where these attributes lead from the exported module."""
        return self._key(path) is not None

    def table(self, *path: str) -> np.ndarray:
        """A variable, by the attributes that lead to it from the exported module.

        Raises:
            MisfitError: if there is none, or its bytes are damaged.
        """
        key = self._key(path)
        if key is None:
            raise MisfitError(f"it has no weights {'.'.join(path)}")
        try:
            return self._reader.get_tensor(key)
        except (tf.errors.OpError, ValueError, IndexError) as error:
            raise MisfitError(f"its weights cannot be read: {error}") from error

    def vectors(
        self,
        path: tuple[str, ...],
        names: Sized,
        dimensions: int,
        *,
        transposed: bool = False,
    ) -> np.ndarray:
        """A table of one vector for each name.

        Args:
            path: of attributes.
            names: by id; an empty vocabulary has one row in TensorFlow, which is left out.
            dimensions: d, as configured now.
            transposed: whether the variable has a column for each name.

        Returns:
            float32 [len(names), d].

        Raises:
            MisfitError: if there is no such table, or it has another shape.
        """
        table = self.table(*path)
        if transposed:
            table = table.T
        if not len(names):
            table = table[:0]
        if table.ndim != 2 or table.shape[1] != dimensions:
            found = table.shape[1] if table.ndim == 2 else "no"
            raise MisfitError(f"its vectors have {found} dimensions, and {dimensions} are wanted")
        if len(table) != len(names):
            raise MisfitError(
                f"its {path[-1]} has {len(table):,} vectors and its vocabulary {len(names):,} names"
            )
        if not np.isfinite(table).all():
            raise MisfitError(f"its {path[-1]} has vectors that are not finite")
        return table

    def _key(self, path: tuple[str, ...]) -> str | None:
        node = self._graph.nodes[0]
        for name in path:
            found = [child.node_id for child in node.children if child.local_name == name]
            if not found:
                return None
            node = self._graph.nodes[found[0]]
        keys = [part.checkpoint_key for part in node.attributes if part.name == _VALUE]
        return keys[0] if keys else None

    def _lines(self, name: str) -> list[bytes]:
        path = os.path.join(self._assets, name)
        # An empty vocabulary has no file.
        if not tf.io.gfile.exists(path):
            return []
        with tf.io.gfile.GFile(path, "rb") as handle:
            return handle.read().split(b"\n")[:-1]
