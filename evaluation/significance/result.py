"""What a paired test says."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal

from schema.documents import PairedTest

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


class TestResult(PairedTest):
    """A paired comparison of two models in one metric, as it goes into metrics.json."""

    __test__: ClassVar[bool] = False  # not a test of pytest's

    alternative: Alternative
    n: int
    confidence: float
    alpha: float
    significant: bool

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
        significant = shown and self.mean_agrees()
        return self.model_copy(
            update={"p_adjusted": p_adjusted, "significant": significant, "caution": caution}
        )

    def _interval_has_zero(self) -> bool:
        if self.ci_low is None or self.ci_high is None:
            return False
        return self.ci_low <= 0 <= self.ci_high
