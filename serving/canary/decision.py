"""Judges a canary by pairs of requests: the same playlist, asked of both versions.

A threshold is kept or broken only where that is shown, at the rate of errors `alpha`; otherwise
more requests are needed. Shares are compared by the pairs in which one version alone failed: the
exact binomial bounds of both kinds of pairs, `alpha` / 2 each. Latencies are compared by the bounds
of their quantiles that ranks give, whatever the latencies' law, `alpha` / 2 each. A promotion needs
every threshold to be kept, which takes no correction. A rollback needs one that is broken, and may
come early: its `alpha` is shared among the thresholds and the looks at them.
"""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from serving.canary.options import CanaryOptions

Decision = Literal["promoted", "rolled_back", "undecided"]
Outcome = Literal["kept", "broken", "open"]

#: Thresholds that may lead to a rollback.
_THRESHOLDS: Final = 4
#: Beyond this many requests nobody is told how many would do.
_MOST_NEEDED: Final = 10**7


class Reply(NamedTuple):
    """What a request came to.

    Attributes:
        fault: what was wrong, "" where it was answered well.
        empty: whether it was answered well, with no track.
        milliseconds: how long it took; None where it was refused, which takes no time to speak of.
    """

    fault: str = ""
    empty: bool = False
    milliseconds: float | None = None


class Pair(NamedTuple):
    """One playlist, asked of both versions.

    Attributes:
        stable: the stable version's reply.
        canary: the canary's.
        overlap: share of the longer answer's tracks that both gave; None unless both gave some.
    """

    stable: Reply
    canary: Reply
    overlap: float | None = None


@dataclasses.dataclass(frozen=True)
class Check:
    """A threshold, and what was seen of it.

    Attributes:
        name: what is compared.
        outcome: "open" where it is shown neither that it is kept nor that it is broken.
        stable: the stable version's share or milliseconds.
        canary: the canary's.
        allowed: what the canary's may be.
        low: least that the canary's is beyond what is allowed, which is less than 0 within it.
        high: most that it is.
        text: all of it in words, with the thresholds' names and values.
    """

    name: str
    outcome: Outcome
    stable: float
    canary: float
    allowed: float
    low: float
    high: float
    text: str


def looks(options: CanaryOptions) -> tuple[int, ...]:
    """After how many pairs it is looked whether to roll back: few, then twice as many each time."""
    counts = []
    count = options.min_requests
    while count < options.requests:
        counts.append(count)
        count *= 2
    return (*counts, options.requests)


def judge(pairs: Sequence[Pair], options: CanaryOptions) -> tuple[Check, ...]:
    """Compares two versions.

    Args:
        pairs: what was asked, without the warm-up.
        options: the thresholds.

    Returns:
        Errors, empty answers, p50, p99, and whether the stable version is sound; the last is
        never "broken".
    """
    strict = options.alpha / (_THRESHOLDS * len(looks(options)))

    def share(name: str, threshold: str, of: Callable[[Reply], bool]) -> Check:
        seen = np.array([[of(pair.stable), of(pair.canary)] for pair in pairs], bool).reshape(-1, 2)
        return _share(name, threshold, seen, strict, options)

    def latency(name: str, quantile: float, threshold: str) -> Check:
        seen = (
            [pair.stable.milliseconds for pair in pairs],
            [pair.canary.milliseconds for pair in pairs],
        )
        return _latency(name, quantile, threshold, seen, strict=strict, options=options)

    return (
        share("errors", "max_more_errors", lambda reply: bool(reply.fault)),
        share("empty answers", "max_more_empty", lambda reply: reply.empty),
        latency("p50", 0.5, "max_p50_ratio"),
        latency("p99", 0.99, "max_p99_ratio"),
        _soundness([pair.stable for pair in pairs], options),
    )


def decide(checks: Sequence[Check]) -> Decision:
    """What the checks come to when the watch is over."""
    outcomes = {check.outcome for check in checks}
    if "broken" in outcomes:
        return "rolled_back"
    return "promoted" if outcomes == {"kept"} else "undecided"


def faults(replies: Iterable[Reply]) -> dict[str, int]:
    """How often each fault came, the most frequent first."""
    found = collections.Counter(reply.fault for reply in replies if reply.fault)
    return dict(found.most_common())


def _share(
    name: str, threshold: str, seen: np.ndarray, strict: float, options: CanaryOptions
) -> Check:
    """Compares how often something happened: `seen`, bool [pairs, (stable, canary)]."""
    count = len(seen)
    limit = float(getattr(options, threshold))
    more, less = (int(np.sum(seen[:, a] & ~seen[:, b])) for a, b in ((1, 0), (0, 1)))

    of_more, of_less = (_binomial(each, count, strict) for each in (more, less))
    low = of_more[0] - of_less[1] - limit
    of_more, of_less = (_binomial(each, count, options.alpha) for each in (more, less))
    high = of_more[1] - of_less[0] - limit
    outcome = _outcome(low, high, count, options)
    needed = _needed(more / max(count, 1), less / max(count, 1), limit, options)
    stable, canary = seen.mean(axis=0).tolist() if count else (0.0, 0.0)
    text = (
        f"{name}: {canary:.2%} of the canary's {count:,} requests, {stable:.2%} of the stable "
        f"version's; canary.{threshold}={limit:g} allows {stable + limit:.2%}"
    )
    return Check(
        name,
        outcome,
        stable,
        canary,
        stable + limit,
        low,
        high,
        text + _said(outcome, count, needed),
    )


def _latency(
    name: str,
    quantile: float,
    threshold: str,
    seen: tuple[list[float | None], list[float | None]],
    *,
    strict: float,
    options: CanaryOptions,
) -> Check:
    """Compares a quantile of the milliseconds of both."""
    stable, canary = ([each for each in side if each is not None] for side in seen)
    ratio, slack = float(getattr(options, threshold)), options.latency_slack_ms
    count = min(len(stable), len(canary))
    low = (
        _quantile(canary, quantile, strict)[0] - ratio * _quantile(stable, quantile, strict)[1]
    ) - slack
    best, worst = (_quantile(side, quantile, options.alpha) for side in (stable, canary))
    high = worst[1] - ratio * best[0] - slack
    outcome = _outcome(low, high, count, options)
    # Below this count a quantile has no upper bound at all.
    least = math.ceil(math.log(options.alpha / 2) / math.log(quantile))
    needed = least if count < least else 4 * count
    of_stable, of_canary = (
        float(np.quantile(side, quantile)) if side else 0.0 for side in (stable, canary)
    )
    allowed = ratio * of_stable + slack
    text = (
        f"{name}: {of_canary:.1f} ms, {of_stable:.1f} ms of the stable version; "
        f"canary.{threshold}={ratio:g} with canary.latency_slack_ms={slack:g} allows "
        f"{allowed:.1f} ms"
    )
    return Check(
        name,
        outcome,
        of_stable,
        of_canary,
        allowed,
        low,
        high,
        text + _said(outcome, count, needed),
    )


def _soundness(stable: Sequence[Reply], options: CanaryOptions) -> Check:
    """Whether there is something to compare with: a threshold on what was seen, no test."""
    share = sum(bool(reply.fault) or reply.empty for reply in stable) / max(len(stable), 1)
    limit = options.max_stable_failures
    sound = share <= limit
    text = (
        f"stable version: {share:.2%} of its requests failed or were answered by nothing; "
        f"canary.max_stable_failures={limit:g} allows {limit:.2%}"
    )
    if not sound:
        text += f": too many to compare with ({_list(faults(stable)) or 'empty answers'})"
    outcome: Outcome = "kept" if sound else "open"
    return Check("stable version", outcome, share, share, limit, share - limit, share - limit, text)


def _needed(more: float, less: float, limit: float, options: CanaryOptions) -> float:
    """About how many pairs show whether a difference of shares is within a limit."""
    margin = abs(more - less - limit)
    if not margin:
        return math.inf
    spread = math.sqrt(more * (1 - more)) + math.sqrt(less * (1 - less))
    normal = (float(stats.norm.isf(options.alpha / 2)) * spread / margin) ** 2
    # Where nothing of the kind has happened, the exact bound counts.
    return max(normal, -math.log(options.alpha / 2) / margin, options.min_requests)


def _outcome(low: float, high: float, count: int, options: CanaryOptions) -> Outcome:
    if count < options.min_requests:
        return "open"
    if low > 0:
        return "broken"
    return "kept" if high <= 0 else "open"


def _said(outcome: Outcome, count: int, needed: float) -> str:
    if outcome != "open":
        return f": {outcome}"
    if needed <= count:  # an estimate, which was too low
        needed = 2 * count
    of_each = f"; about {needed:,.0f} requests to each may show it"
    return f": not shown to be kept or broken{of_each if needed <= _MOST_NEEDED else ''}"


def _binomial(count: int, of: int, alpha: float) -> tuple[float, float]:
    """Exact bounds of a share, each wrong at a rate of alpha / 2."""
    if not of:
        return 0.0, 1.0
    low, high = proportion_confint(count, of, alpha, method="beta")
    return float(low), float(high)


def _quantile(values: Sequence[float], quantile: float, alpha: float) -> tuple[float, float]:
    """Bounds of a quantile by ranks, each wrong at a rate of alpha / 2."""
    if not values:
        return 0.0, math.inf
    ranked = sorted(values)
    # How many of the values lie below the quantile is binomial.
    least, most = stats.binom.ppf([alpha / 2, 1 - alpha / 2], len(ranked), quantile).astype(int)
    return ranked[least - 1] if least else 0.0, ranked[most] if most < len(ranked) else math.inf


def _list(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} x {fault}" for fault, count in list(counts.items())[:3])
