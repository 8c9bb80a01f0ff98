"""Whether what an ingest gave may be used."""

from __future__ import annotations

import math
from typing import Final

from components.ingest.errors import IngestError
from components.ingest.manifest import IngestResult
from components.ingest.options import IngestOptions
from schema.splits import DECIDING, TRAIN, SplitConfig

_NAMED: Final = 3  # files that a message names


def check(
    result: IngestResult, options: IngestOptions, rejects: str, *, may_be_empty: bool = False
) -> None:
    """Refuses a result from which too much is missing.

    Args:
        result: what an ingest gave.
        options: what may be missing.
        rejects: where its rejects are listed, as a pattern.
        may_be_empty: whether slices that hold no playlist are no fault, as of one span of several.

    Raises:
        IngestError: when no playlist can be used, or more was set aside than is allowed.
    """
    if not result.playlists and (result.rejects or not may_be_empty):
        raise IngestError(_without_playlists(result, rejects))
    if len(result.unreadable) > options.max_unreadable_files:
        raise IngestError(
            f"{len(result.unreadable)} of {result.files} files cannot be read, more than the "
            f"{options.max_unreadable_files} allowed: {_files(result)}; mend them, take them out "
            f"of the input, or go on without them: {_allowing(result, options)}"
        )
    if result.reject_share > options.max_reject_share:
        about = "about " if result.unreadable else ""
        raise IngestError(
            f"{about}{result.rejected:.0f} of {result.playlists + result.rejected:.0f} records "
            f"cannot be used ({result.reject_share:.1%}, more than the "
            f"{options.max_reject_share:.1%} allowed): {_reasons(result)}; see {rejects}, or "
            f"allow more: {_allowing(result, options)}"
        )


def check_splits(result: IngestResult, split: SplitConfig) -> None:
    """Refuses a result from which no model can be trained, or none judged.

    Args:
        result: what an ingest gave.
        split: the buckets of each split.

    Raises:
        IngestError: when train or the split that decides the blessing has no playlist.
    """
    for name, why in ((TRAIN, "nothing can be learnt"), (DECIDING, "no model can be judged")):
        if result.splits.get(name):
            continue
        counts = ", ".join(f"{key} {count:,}" for key, count in result.splits.items())
        total = sum(split.buckets.values())
        raise IngestError(
            f"no playlist fell into the {name} split, so {why} (playlists by split: "
            f"{counts}); add playlists, or give {name} a larger share: --set split.{name}=N "
            f"(now {split.buckets[name]} of {total} buckets)"
        )


def _without_playlists(result: IngestResult, rejects: str) -> str:
    if not result.rejects:
        return "the input has no playlists"
    files = f"{_files(result)}; " if result.unreadable else ""
    return f"no playlist can be used ({_reasons(result)}): {files}see {rejects}"


def _reasons(result: IngestResult) -> str:
    most_first = sorted(result.rejects.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {reason}" for reason, count in most_first)


def _files(result: IngestResult) -> str:
    named = [f"{path} ({why})" for path, why in list(result.unreadable.items())[:_NAMED]]
    more = len(result.unreadable) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _allowing(result: IngestResult, options: IngestOptions) -> str:
    """Returns the options of a command with which the result would pass."""
    settings = []
    if len(result.unreadable) > options.max_unreadable_files:
        settings.append(f"--set ingest.max_unreadable_files={len(result.unreadable)}")
    if result.reject_share > options.max_reject_share:
        # Upwards, so that it suffices, and to a hundredth.
        share = math.ceil(result.reject_share * 100) / 100
        settings.append(f"--set ingest.max_reject_share={share:g}")
    return " ".join(settings)
