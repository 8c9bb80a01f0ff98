"""Names of the files that an ingest writes."""

from __future__ import annotations


def playlists_name(split: str, index: int, shards: int) -> str:
    """Name of a shard's file of a split's Examples."""
    return f"playlists-{split}-{index:05d}-of-{shards:05d}.tfrecord.gz"


def playlists_pattern(split: str) -> str:
    """Pattern of the names of all files of a split's Examples."""
    return f"playlists-{split}-*-of-*.tfrecord.gz"


def rejects_name(index: int, shards: int) -> str:
    """Name of a shard's file of rejects."""
    return f"rejects-{index:05d}-of-{shards:05d}.jsonl"


def duplicates_name(index: int, shards: int) -> str:
    """Name of a shard's file of duplicates, which are rejects too."""
    return f"rejects-duplicates-{index:05d}-of-{shards:05d}.jsonl"
