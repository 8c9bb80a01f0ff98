"""Exports a fitted scorer as a SavedModel with the signatures that every family shares.

Signatures: `serving_default` (titles and tracks), `serving_examples` (serialised raw examples),
`track_metadata` (names of tracks). Stock TensorFlow ops only.
"""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any, Final

import pydantic
import tensorflow as tf

from models.contract import Catalogue, Scorer
from models.queries import QueryBuilder
from models.recommender import Recommender
from models.vocabularies import Vocabularies

#: What is known of a model, within its SavedModel.
METADATA_PATH: Final = os.path.join("assets.extra", "segue.json")


class ExportOptions(pydantic.BaseModel):
    """How a model is exported, whatever its family."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    rows_per_step: int = pydantic.Field(
        default=8,
        ge=1,
        le=1024,
        description="Playlists scored at once: more is faster for big batches, "
        "slower for single playlists.",
    )


def export(
    scorer: Scorer,
    catalogue: Catalogue,
    vocabularies: Vocabularies,
    directory: str,
    metadata: dict[str, Any],
    *,
    options: ExportOptions | None = None,
) -> None:
    """Writes a SavedModel; it depends on no other file and may be moved.

    Args:
        scorer: what was fitted.
        catalogue: its tracks.
        vocabularies: behind its ids.
        directory: where to write, also on a remote file system.
        metadata: written to `METADATA_PATH`; JSON types only.
        options: how.
    """
    options = options or ExportOptions()
    with tempfile.TemporaryDirectory() as assets:
        queries = QueryBuilder(vocabularies, catalogue.artist_ids, assets)
        recommender = Recommender(scorer, catalogue, queries, options.rows_per_step)
        signatures = {
            "serving_default": recommender.serving_default,
            "serving_examples": recommender.serving_examples,
            "track_metadata": recommender.track_metadata,
        }
        tf.saved_model.save(recommender, directory, signatures)
    path = os.path.join(directory, METADATA_PATH)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as handle:
        handle.write(json.dumps(metadata, indent=1, allow_nan=False))
