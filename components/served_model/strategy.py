"""Resolves the latest blessed model other than the candidate itself."""

from __future__ import annotations

import ml_metadata as mlmd
from tfx import types
from tfx.dsl.components.common import resolver
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)

_CANDIDATE = "candidate"
_MODEL = "model"
_BLESSING = "model_blessing"


class ServedModelStrategy(resolver.ResolverStrategy):
    """TFX's LatestBlessedModelStrategy, blind to the candidate.

    When nothing changed, the candidate comes from the cache and is the latest blessed model. To
    compare it with itself would say nothing and would push it once more. Left out, the resolver
    finds what it found the first time, and the rest of the run is cached too.
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]] | None:
        """Resolves the model and its blessing.

        Args:
            store: the metadata store.
            input_dict: `candidate`, and all there are of `model` and `model_blessing`.

        Returns:
            The candidate as it came; the model and its blessing, or empty lists.
        """
        candidates = input_dict[_CANDIDATE]
        own = {artifact.id for artifact in candidates}
        others = [model for model in input_dict[_MODEL] if model.id not in own]
        resolved = LatestBlessedModelStrategy().resolve_artifacts(
            store, {_MODEL: others, _BLESSING: input_dict[_BLESSING]}
        )
        return {_CANDIDATE: candidates, **(resolved or {_MODEL: [], _BLESSING: []})}
