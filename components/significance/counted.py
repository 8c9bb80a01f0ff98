"""How many playlists and entries each model was scored on."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from schema.documents import Amount, SplitCounts, StageCounts
from schema.rows import LENGTH, MODEL, SPLIT


def stages(rows: pd.DataFrame, splits: Sequence[str]) -> list[StageCounts]:
    """Counts the rows of each model, the same playlists in each.

    Args:
        rows: one a model and held-out playlist.
        splits: of the held-out playlists; one without any has no rows.
    """
    found = []
    for model in rows[MODEL].unique():
        lines = {}
        for split in splits:
            lengths = rows.loc[(rows[MODEL] == model) & (rows[SPLIT] == split), LENGTH]
            read = Amount(playlists=len(lengths), entries=int(lengths.sum()))
            lines[split] = SplitCounts(read=read)
        found.append(StageCounts(stage=f"Significance of {model}", splits=lines))
    return found
