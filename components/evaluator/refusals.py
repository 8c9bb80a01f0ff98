"""Why the standard Evaluator refused a model, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow_model_analysis as tfma

from evaluation.findings import Finding, told
from evaluation.metrics.registry import find

#: A slice: columns and values as text, nothing for all playlists.
Slice = tuple[tuple[str, str], ...]


def refusals(evaluation: str) -> list[str]:
    """What Evaluator found against a model that it did not bless.

    TFMA refuses too where the served model's value is 0, since there is no share of it. Where
    nothing was lost to it either, there is nothing to say.

    Args:
        evaluation: Evaluator's output directory.

    Returns:
        A sentence for each of the worst findings, the worst first, and one that counts the others.
    """
    result = tfma.load_validation_result(evaluation)
    values = {
        tuple((name, str(value)) for name, value in key): outputs[""][""]
        for key, outputs in tfma.load_eval_result(evaluation).slicing_metrics
    }
    found = (
        Finding(finding.share, f"Evaluator: {finding.text}.")
        for finding in _findings(result, values)
    )
    return told(found, "Evaluator: and {} more, none of them worse.")


def _findings(result: Any, values: Mapping[Slice, Mapping[str, Any]]) -> Iterator[Finding]:
    for missing in result.missing_slices:
        by = ", ".join(missing.feature_keys)
        yield Finding(math.inf, f"nothing was measured{' by ' if by else ''}{by}")
    for validation in result.metric_validations_per_slice:
        where = tuple(
            (key.column, _text(getattr(key, key.WhichOneof("kind"))))
            for key in validation.slice_key.single_slice_keys
        )
        for failure in validation.failures:
            name = failure.metric_key.name
            if failure.message:
                # TFMA breaks its lines.
                text = f"{_label(where)}: {name}: {' '.join(failure.message.split())}"
                yield Finding(math.inf, text.rstrip("."))
            elif failure.metric_key.is_diff:
                finding = _lost(failure, where, _value(values[where][name]))
                if finding:
                    yield finding
            else:
                yield _missed(failure, where)


def _lost(failure: Any, where: Slice, value: float) -> Finding | None:
    """What the candidate lost to the served model."""
    name = failure.metric_key.name
    difference = failure.metric_value.double_value.value
    served = value - difference
    loss = -difference if find(name).higher_is_better else difference
    limit = abs(failure.metric_threshold.change_threshold.relative.value)
    if math.isclose(served, 0.0, abs_tol=1e-12):
        if loss <= 0:
            return None
        share, lost = math.inf, "got worse by more than percent can say"
    else:
        share = loss / abs(served)
        lost = f"lost {share:.1%}"
    text = (
        f"{_label(where)} {lost} (at most {limit:.1%} is allowed): "
        f"{name} {value:.4f} against the served model's {served:.4f}"
    )
    return Finding(share - limit, text)


def _missed(failure: Any, where: Slice) -> Finding:
    """Where the candidate misses what is asked of it, whatever is served."""
    name = failure.metric_key.name
    value = failure.metric_value.double_value.value
    threshold = failure.metric_threshold.value_threshold
    higher = find(name).higher_is_better
    limit = threshold.lower_bound.value if higher else threshold.upper_bound.value
    share = abs(value - limit) / limit if limit else math.inf
    by = f", by {share:.1%}" if math.isfinite(share) else ""
    says = "misses the floor" if higher else "exceeds the ceiling"
    text = f"{_label(where)}: {name} {value:.4f} {says} of {limit:g}{by}"
    return Finding(math.inf if math.isnan(value) else share, text)


def _label(where: Slice) -> str:
    if not where:
        return "all playlists"
    return ", ".join(f"{name.removesuffix('_bucket')} {value}" for name, value in where)


def _value(value: Mapping[str, Any]) -> float:
    """TFMA's value, with or without an interval."""
    found = value["boundedValue"]["value"] if "boundedValue" in value else value["doubleValue"]
    return float(found)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
