"""Withheld tracks in a file, and a submission's per-playlist rows on them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pydantic

from evaluation.metrics import DEPTH, Recommendations
from evaluation.metrics.registry import FROM_LISTS, evaluate
from evaluation.submission.errors import SubmissionError
from evaluation.submission.files import open_text
from schema import rows as columns
from schema import strict_json
from schema.track_uris import canonical


class Withheld(pydantic.BaseModel):
    """The tracks that were withheld of a playlist; other fields are passed over."""

    model_config = pydantic.ConfigDict(frozen=True)

    holdouts: list[str] = pydantic.Field(min_length=1)
    scenario: str = "all"


_HOLDOUTS = pydantic.TypeAdapter(dict[str, Withheld])


def read_holdouts(path: str | Path) -> dict[str, Withheld]:
    """Withheld tracks by pid.

    Args:
        path: JSON `{pid: {"scenario": str, "holdouts": [track_uri, ...]}}`, gzipped or not;
            `scenario` may be absent.

    Raises:
        SubmissionError: it cannot be read or has another shape.
    """
    try:
        with open_text(path) as handle:
            found = _HOLDOUTS.validate_python(strict_json.loads(handle.read()))
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        what = f"playlist {where}: {first['msg']}" if where else first["msg"]
        raise SubmissionError(f"{path}: {what}; {_EXPECTED}") from None
    except SubmissionError:
        raise
    except OSError as error:
        raise SubmissionError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (EOFError, zlib.error) as error:
        raise SubmissionError(f"{path}: cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise SubmissionError(f"{path}: cannot be read as JSON: {error}; {_EXPECTED}") from error
    if not found:
        raise SubmissionError(f"{path}: holds no playlist; {_EXPECTED}")
    return found


def score(
    recommended: Mapping[str, Sequence[str]], holdouts: Mapping[str, Withheld], model: str
) -> pd.DataFrame:
    """Per-playlist rows of a submission, one for each playlist that it answers.

    Args:
        recommended: as `read_submission` returns it.
        holdouts: as `read_holdouts` returns it; those of other playlists do not count.
        model: the name for the column `model`.

    Raises:
        SubmissionError: none of the submission's playlists has withheld tracks.
    """
    pids = [pid for pid in holdouts if pid in recommended]
    if not pids:
        raise SubmissionError(
            f"none of the {len(recommended)} playlists of {model} has withheld tracks"
        )
    table = np.full((len(pids), DEPTH), "", dtype=object)
    for i, pid in enumerate(pids):
        table[i, : len(recommended[pid])] = recommended[pid]
    withheld = [[canonical(uri) for uri in holdouts[pid].holdouts] for pid in pids]
    batch = Recommendations.from_ids(table, withheld)
    return pd.DataFrame(
        {
            columns.MODEL: model,
            columns.PID: pids,
            columns.SCENARIO: [holdouts[pid].scenario for pid in pids],
            columns.HOLDOUT_HASH: [columns.holdout_hash(uris) for uris in withheld],
            columns.NUM_HOLDOUTS: batch.num_relevant,
            **evaluate(batch, FROM_LISTS),
        }
    )


_EXPECTED = 'expected {"PID": {"scenario": NAME, "holdouts": [TRACK_URI, ...]}, ...}'
