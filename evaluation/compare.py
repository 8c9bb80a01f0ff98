"""Two models, two runs or two submissions on the same withheld tracks."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from evaluation.rows import is_accuracy, metric_columns, of_split
from evaluation.significance.family import paired_tests
from evaluation.significance.result import ComparisonOptions, TestResult
from evaluation.submission import read_holdouts, read_submission, score
from evaluation.summary import summarise
from schema import files
from schema import rows as columns
from schema.documents import METRICS_FILE, ComparisonMetrics, ModelSummary, SharedPlaylists


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What comparing A with B found. A is what B is measured against.

    Attributes:
        a: name of the first.
        b: name of the second, which is tested against the first.
        models: summaries by name, as the `models` of metrics.json, over the shared playlists.
        tests: B against A by metric, over all playlists and by scenario.
        shared: playlists that both have.
        only_a: playlists left out since B lacks them.
        only_b: and the other way round.
        rows: of both, the shared playlists only.
        unjudged: playlists that a submission answers though no withheld tracks of them are known.
        unanswered: playlists with withheld tracks that neither submission answers.
        caution: what the pairing rests on, where the withheld tracks themselves are not known.
    """

    a: str
    b: str
    models: dict[str, ModelSummary]
    tests: list[TestResult]
    shared: int
    only_a: int
    only_b: int
    rows: pd.DataFrame
    unjudged: int = 0
    unanswered: int = 0
    caution: str | None = None

    @property
    def document(self) -> ComparisonMetrics:
        """For metrics.json."""
        return ComparisonMetrics(
            models=self.models,
            tests=[*self.tests],
            playlists=SharedPlaylists(
                shared=self.shared,
                only_a=self.only_a,
                only_b=self.only_b,
                unjudged=self.unjudged,
                unanswered=self.unanswered,
                caution=self.caution,
            ),
        )


def save(found: Comparison, directory: str | Path) -> None:
    """Writes a comparison as `metrics.json` and `per_playlist.parquet`, as a run's report has them.

    Args:
        found: the comparison.
        directory: made where it is missing.
    """
    directory = Path(directory)
    files.write_text(directory / METRICS_FILE, found.document.to_json())
    with files.replacing(directory / columns.ROWS_FILE) as partial:
        found.rows.to_parquet(partial, index=False)


def compare_rows(
    a: pd.DataFrame,
    b: pd.DataFrame,
    *,
    name_a: str = "A",
    name_b: str = "B",
    model_a: str | None = None,
    model_b: str | None = None,
    split: str | None = None,
    metrics: Sequence[str] | None = None,
    options: ComparisonOptions | None = None,
) -> Comparison:
    """Compares a model of one table of rows with a model of another, or of the same.

    Only playlists that both have, with the same scenario and the same withheld tracks, are
    compared: others would not be the same question. Rows of an earlier version do not say which
    tracks were withheld; there the number of them must do, and the comparison says so.

    Args:
        a: per-playlist rows.
        b: per-playlist rows.
        name_a: what to call the first.
        name_b: what to call the second.
        model_a: which model of `a`; not needed where it has one only.
        model_b: which model of `b`.
        split: whose playlists count, all by default.
        metrics: which to compare, by default all of accuracy that both have.
        options: how to test; two-sided by default, since neither is the candidate.

    Raises:
        ValueError: a model is not there or not named where there are several, the two have the
            same name, or no playlist in common.
    """
    if name_a == name_b:
        raise ValueError(f"both are called {name_a!r}: give them different names")
    sides = []
    for rows, name, model in ((a, name_a, model_a), (b, name_b, model_b)):
        side = of_split(only_model(rows, name, model), split).copy()
        side[columns.MODEL] = name
        side[columns.PID] = side[columns.PID].map(_text)
        sides.append(side)
    keys, caution = _keys(a, b, name_a, name_b)
    shared = sides[0][keys].merge(sides[1][keys], on=keys)[columns.PID]
    if shared.empty:
        raise ValueError(f"{name_a} and {name_b} have no playlist with the same withheld tracks")
    both = pd.concat([side[side[columns.PID].isin(shared)] for side in sides], ignore_index=True)
    if metrics is None:
        metrics = [
            name for name in metric_columns(both) if name in a and name in b and is_accuracy(name)
        ]
    return Comparison(
        a=name_a,
        b=name_b,
        models=summarise(both),
        tests=paired_tests(
            both,
            name_b,
            [name_a],
            metrics,
            options=options or ComparisonOptions(alternative="two-sided"),
        ),
        shared=len(shared),
        only_a=len(sides[0]) - len(shared),
        only_b=len(sides[1]) - len(shared),
        rows=both,
        caution=caution,
    )


def compare_submissions(
    a: str | Path,
    b: str | Path,
    holdouts: str | Path,
    *,
    name_a: str | None = None,
    name_b: str | None = None,
    options: ComparisonOptions | None = None,
) -> Comparison:
    """Compares two submission files of the challenge's format on the same withheld tracks.

    Playlists that only one of them answers are left out.

    Args:
        a: CSV file.
        b: CSV file.
        holdouts: see `read_holdouts`.
        name_a: the file's name by default.
        name_b: the file's name by default.
        options: see `compare_rows`.

    Raises:
        SubmissionError: a file cannot be read, or none of its playlists has withheld tracks.
        ValueError: they share no playlist that has.
    """
    withheld, answers = read_holdouts(holdouts), [read_submission(path) for path in (a, b)]
    name_a, name_b = name_a or Path(a).name, name_b or Path(b).name
    if name_a == name_b:
        name_a, name_b = f"A: {name_a}", f"B: {name_b}"
    found = compare_rows(
        score(answers[0], withheld, name_a),
        score(answers[1], withheld, name_b),
        name_a=name_a,
        name_b=name_b,
        options=options,
    )
    answered = answers[0].keys() | answers[1].keys()
    return dataclasses.replace(
        found,
        unjudged=len(answered - withheld.keys()),
        unanswered=len(withheld.keys() - answered),
    )


def only_model(rows: pd.DataFrame, name: str, model: str | None) -> pd.DataFrame:
    """Picks the rows of one model.

    Args:
        rows: per-playlist rows.
        name: whose they are, for messages.
        model: which; not needed where there is one only.

    Raises:
        ValueError: there are no rows, or the model is not among them or not named where there are
            several.
    """
    known = [str(found) for found in rows[columns.MODEL].unique()]
    if not known:
        raise ValueError(f"{name} has no playlist that was evaluated")
    if model is None and len(known) == 1:
        model = known[0]
    if model is None:
        raise ValueError(f"{name} has several models, name one of: {', '.join(known)}")
    if model not in known:
        raise ValueError(f"{name} has no model {model!r}; it has: {', '.join(known)}")
    return rows[rows[columns.MODEL] == model]


def _keys(
    a: pd.DataFrame, b: pd.DataFrame, name_a: str, name_b: str
) -> tuple[list[str], str | None]:
    """The columns by which rows are the same question, and a caution or None."""
    if columns.HOLDOUT_HASH in a and columns.HOLDOUT_HASH in b:
        return [columns.PID, columns.SCENARIO, columns.HOLDOUT_HASH], None
    known = [c for c in (columns.PID, columns.SCENARIO, columns.NUM_HOLDOUTS) if c in a and c in b]
    sides = [(a, name_a), (b, name_b)]
    lacking = [name for rows, name in sides if columns.HOLDOUT_HASH not in rows]
    return known, (
        f"paired by {', '.join(known)} only: the rows of {' and '.join(lacking)} have no "
        f"{columns.HOLDOUT_HASH}, so other tracks may have been withheld; run again to be sure"
    )


def _text(pid: object) -> str:
    """Pids are bytes in Examples and text in files."""
    return pid.decode("utf-8", "replace") if isinstance(pid, bytes) else str(pid)
