"""Submission files of the RecSys Challenge 2018 as per-playlist rows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from evaluation.metrics import DEPTH, Recommendations
from evaluation.metrics.registry import FROM_LISTS, evaluate
from schema import rows as columns


class SubmissionError(ValueError):
    """A file that cannot be scored; the message names file, line and cause."""


def read_submission(path: str | Path) -> dict[str, list[str]]:
    """Recommendations by pid.

    Lines that start with "#" and the line of `team_info` are passed over; every other line is
    `pid, track_uri, ...`, best first.

    Args:
        path: a CSV file, gzipped where it ends in .gz.

    Raises:
        SubmissionError: the file cannot be read, a playlist has more than 500 recommendations or
            one twice, or occurs twice itself.
    """
    recommended: dict[str, list[str]] = {}
    try:
        with _open(path) as lines:
            for number, line in enumerate(lines, 1):
                text = line.strip()
                if not text or text.startswith(("#", "team_info")):
                    continue
                pid, *uris = [field.strip() for field in text.split(",")]
                uris = [uri for uri in uris if uri]
                problem = None
                if len(uris) > DEPTH:
                    problem = f"{len(uris)} recommendations, at most {DEPTH} are allowed"
                elif len(set(uris)) != len(uris):
                    problem = "a track is recommended twice"
                elif pid in recommended:
                    problem = f"playlist {pid} occurs twice"
                if problem:
                    raise SubmissionError(f"{path}:{number}: {problem}")
                recommended[pid] = uris
    except (OSError, UnicodeDecodeError, EOFError) as error:
        raise SubmissionError(f"{path}: cannot be read: {error}") from error
    return recommended


def read_holdouts(path: str | Path) -> dict[str, dict[str, Any]]:
    """Scenario and withheld tracks by pid.

    Args:
        path: JSON `{pid: {"scenario": str, "holdouts": [track_uri, ...]}}`, gzipped where it ends
            in .gz.

    Raises:
        SubmissionError: it cannot be read or has another shape.
    """
    try:
        with _open(path) as handle:
            holdouts = json.load(handle)
    except (OSError, ValueError, EOFError) as error:
        raise SubmissionError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(holdouts, dict) or not holdouts:
        raise SubmissionError(f"{path}: must map pids to withheld tracks, and does not")
    for pid, row in holdouts.items():
        if not isinstance(row, dict) or not isinstance(row.get("holdouts"), list):
            raise SubmissionError(f"{path}: playlist {pid} has no list `holdouts`")
    return holdouts


def score(
    recommended: dict[str, list[str]], holdouts: dict[str, dict[str, Any]], model: str
) -> pd.DataFrame:
    """Per-playlist rows of a submission, one for every playlist with withheld tracks.

    A playlist that the submission leaves out counts as one without any hit.

    Args:
        recommended: as `read_submission` returns it.
        holdouts: as `read_holdouts` returns it.
        model: the name for the column `model`.
    """
    table = np.full((len(holdouts), DEPTH), "", dtype=object)
    for i, pid in enumerate(holdouts):
        uris = recommended.get(pid, [])
        table[i, : len(uris)] = uris
    batch = Recommendations.from_ids(table, [row["holdouts"] for row in holdouts.values()])
    return pd.DataFrame(
        {
            columns.MODEL: model,
            columns.PID: list(holdouts),
            columns.SCENARIO: [str(row.get("scenario", "all")) for row in holdouts.values()],
            columns.HOLDOUT_HASH: [
                columns.holdout_hash(map(str, row["holdouts"])) for row in holdouts.values()
            ],
            columns.NUM_HOLDOUTS: batch.num_relevant,
            **evaluate(batch, FROM_LISTS),
        }
    )


def _open(path: str | Path) -> IO[str]:
    if str(path).endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8")
    return open(path, encoding="utf-8")
