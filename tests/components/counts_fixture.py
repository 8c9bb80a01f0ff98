"""Examples with counts beside them, as the stage before leaves them."""

from components import counts
from schema.documents import Amount, RunCounts, SplitCounts, StageCounts


def counted(examples, stage="ImportExampleGen", **splits):
    """Writes that a stage wrote (playlists, entries) of each split."""
    lines = {
        split: SplitCounts(written=Amount(playlists=playlists, entries=entries))
        for split, (playlists, entries) in splits.items()
    }
    counts.write(examples, RunCounts(stages=[StageCounts(stage=stage, splits=lines)]))
    return examples


def written(examples):
    """What the last stage wrote of each split, as (playlists, entries)."""
    last = counts.read(examples).stages[-1]
    return {s: (line.written.playlists, line.written.entries) for s, line in last.splits.items()}
