"""What a paired test says."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar, Literal

Alternative = Literal["better", "worse", "two-sided"]


@dataclasses.dataclass(frozen=True)
class Options:
    """How differences are tested.

    Attributes:
        alternative: the hypothesis against "no difference". `better` by default: design and gate
            claim an improvement before the data is seen. `worse` asks for a regression.
        alpha: the accepted rate of false claims, after Holm's correction.
        confidence: of the two-sided interval of the mean difference.
        resamples: of the bootstrap; 0 leaves the interval out, where only the test matters.
        power: the chance of being seen that the smallest detectable difference has.
        seed: of the bootstrap.
    """

    alternative: Alternative = "better"
    alpha: float = 0.05
    confidence: float = 0.95
    resamples: int = 9999
    power: float = 0.8
    seed: int = 0

    def __post_init__(self) -> None:
        if self.alternative not in ("better", "worse", "two-sided"):
            raise ValueError(
                f"alternative is {self.alternative!r}; it may be better, worse or two-sided"
            )
        for name in ("alpha", "confidence", "power"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be between 0 and 1")
        if self.resamples < 0:
            raise ValueError(f"resamples is {self.resamples}; it must be 0 or more")


@dataclasses.dataclass(frozen=True)
class TestResult:
    """A paired comparison of two models in one metric.

    Differences are candidate minus baseline, in the metric's own unit, in every field: for a metric
    of which less is better, an improvement is negative. None is a value that cannot be computed.

    Attributes:
        metric: its name.
        higher_is_better: the metric's direction.
        candidate: the model of which something is claimed.
        baseline: the model it is compared with.
        scenario: whose playlists were compared, None for all.
        test: "paired t-test", "Wilcoxon signed-rank", "McNemar chi-square", "McNemar exact" or
            "none" where there was nothing to test.
        reason: why that test, in words.
        alternative: what the p-value is evidence for.
        n: pairs.
        dropped: pairs left out since a value could not be computed.
        statistic: t, sum of ranks or chi-square, as SciPy or statsmodels give it.
        p_value: of the alternative.
        p_adjusted: after Holm's correction over the family that was tested.
        effect_name: "d_z", "rank_biserial", "cohens_g" or "none".
        effect: the effect size that belongs to the test.
        d_z: Cohen's d_z, mean over standard deviation of the differences, whatever the test.
        mean_difference: candidate minus baseline.
        confidence: of the two-sided interval of the mean difference.
        ci_low: its lower end.
        ci_high: and upper end.
        ci_method: "BCa bootstrap", or what took its place and why.
        minimum_detectable: the smallest mean difference that this many playlists would have shown
            with the chosen power.
        alpha: of the decision.
        significant: whether the alternative is shown: p_adjusted < alpha, and the mean difference
            points the same way.
        caution: where ranks and mean do not say the same, how to read them; else "".
    """

    __test__: ClassVar[bool] = False  # not a test of pytest's

    metric: str
    higher_is_better: bool
    candidate: str
    baseline: str
    scenario: str | None
    test: str
    reason: str
    alternative: Alternative
    n: int
    dropped: int
    statistic: float | None
    p_value: float | None
    p_adjusted: float | None
    effect_name: str
    effect: float | None
    d_z: float | None
    mean_difference: float | None
    confidence: float
    ci_low: float | None
    ci_high: float | None
    ci_method: str
    minimum_detectable: float | None
    alpha: float
    significant: bool
    caution: str = ""

    def mean_agrees(self) -> bool:
        """Whether the mean difference points where the alternative does."""
        if self.mean_difference is None:
            return False
        gain = self.mean_difference if self.higher_is_better else -self.mean_difference
        return {"better": gain > 0, "worse": gain < 0, "two-sided": gain != 0}[self.alternative]

    def adjusted(self, p_adjusted: float | None) -> TestResult:
        """The result after a correction for the family that it belongs to."""
        shown = p_adjusted is not None and p_adjusted < self.alpha
        caution = ""
        if shown and not self.mean_agrees():
            caution = "ranks and mean point opposite ways, so nothing is claimed"
        elif shown and self.test.startswith("Wilcoxon") and self._interval_has_zero():
            caution = "shown by the ranks; the interval of the mean does not exclude zero"
        return dataclasses.replace(
            self,
            p_adjusted=p_adjusted,
            significant=shown and self.mean_agrees(),
            caution=caution,
        )

    def _interval_has_zero(self) -> bool:
        if self.ci_low is None or self.ci_high is None:
            return False
        return self.ci_low <= 0 <= self.ci_high

    def to_dict(self) -> dict[str, Any]:
        """For JSON: numbers, strings, booleans and None, never NaN or infinity."""
        return {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in dataclasses.asdict(self).items()
        }
