"""Resolves the data that new data has to be like: the last other data that DataGate let pass."""

from __future__ import annotations

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.components.common import resolver
from tfx.orchestration.portable.mlmd import event_lib

_CURRENT = "current"
_STATISTICS = "statistics"
_COMPARISON = "comparison"


class LastPassedStrategy(resolver.ResolverStrategy):
    """Finds the statistics that DataGate let pass last, other than those of this run.

    Data that was stopped is not a reference, or a second run on it would be compared with itself
    and pass. Nor are this run's own statistics, which are in the store already where the data
    passed before: left out, an unchanged run resolves what it resolved the first time, and stays
    cached.
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Resolves the statistics and what DataGate wrote when it let them pass.

        Args:
            store: the metadata store.
            input_dict: `current`, the statistics of this run; all there are of `statistics`; and
                DataGate's output `comparison`, which only an execution that succeeded leaves.

        Returns:
            `current` as it came; one artifact each of `statistics` and `comparison`, or none where
            no other data has passed.
        """
        own = {artifact.id for artifact in input_dict[_CURRENT]}
        others = {each.id: each for each in input_dict[_STATISTICS] if each.id not in own}
        comparisons = {each.id: each for each in input_dict[_COMPARISON]}
        passed = {
            event.execution_id: comparisons[event.artifact_id]
            for event in store.get_events_by_artifact_ids(list(comparisons))
            if event.type == metadata_store_pb2.Event.OUTPUT  # type: ignore[attr-defined]
        }
        judged = {
            event.execution_id: others[event.artifact_id]
            for event in store.get_events_by_execution_ids(list(passed))
            if event_lib.is_valid_input_event(event, _STATISTICS) and event.artifact_id in others
        }
        resolved: dict[str, list[types.Artifact]] = {_STATISTICS: [], _COMPARISON: []}
        if judged:
            last = max(judged)
            resolved = {_STATISTICS: [judged[last]], _COMPARISON: [passed[last]]}
        return {_CURRENT: input_dict[_CURRENT], **resolved}
