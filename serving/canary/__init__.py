"""Watches a canary beside the stable version, and promotes it or rolls it back.

`watch` asks both versions the same (`asking`), pair by pair; `decision` judges the pairs by the
thresholds of `options`.
"""

__all__ = ["asking", "decision", "options", "playlists", "watch"]
