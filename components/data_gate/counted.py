"""How many playlists and entries the statistics of a run are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schema.documents import Amount, SplitCounts, StageCounts
from schema.features import TRACK_URI


def stage(statistics: Mapping[str, Any]) -> StageCounts:
    """Reads them off.

    Args:
        statistics: TFDV's DatasetFeatureStatistics by split.
    """
    splits = {}
    for split, dataset in statistics.items():
        entries = [
            int(getattr(feature, feature.WhichOneof("stats")).common_stats.tot_num_values)
            for feature in dataset.features
            if TRACK_URI in (feature.name, ".".join(feature.path.step))
        ]
        playlists = int(dataset.num_examples)
        # None where they are of other features only.
        seen = entries[0] if entries else None if playlists else 0
        splits[split] = SplitCounts(read=Amount(playlists=playlists, entries=seen))
    return StageCounts(stage="StatisticsGen", splits=splits)
