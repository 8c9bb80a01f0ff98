"""What a paired test says."""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar, Final, Literal

from schema.documents import PairedTest

#: Skewness of the differences by the root of their number, on the side against the claim, up to
#: which the studentised bootstrap may claim: 2 at 100 playlists (docs/evaluation.md).
MAX_SKEW: Final = 0.2
#: With fewer resamples a bound of 95% rests on a handful of them.
MIN_RESAMPLES: Final = 999

Alternative = Literal["better", "worse", "two-sided"]


@dataclasses.dataclass(frozen=True)
class ComparisonOptions:
    """How differences are tested.

    Attributes:
        alternative: the hypothesis against "no difference". `better` by default: design and gate
            claim an improvement before the data is seen. `worse` asks for a regression.
        alpha: the accepted rate of false claims, after Holm's correction.
        confidence: of the two-sided interval of the mean difference.
        resamples: of the bootstrap, 999 or more.
        power: how often the smallest detectable difference is found.
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
        if self.resamples < MIN_RESAMPLES:
            raise ValueError(f"resamples is {self.resamples}; it must be {MIN_RESAMPLES} or more")


class TestResult(PairedTest):
    """A paired comparison of two models in one metric, as it goes into metrics.json."""

    __test__: ClassVar[bool] = False  # not a test of pytest's

    alternative: Alternative
    n: int
    confidence: float
    alpha: float
    significant: bool

    def adjusted(self, p_adjusted: float | None) -> TestResult:
        """The result after a correction for the family that it belongs to."""
        shown = p_adjusted is not None and p_adjusted < self.alpha
        skewed = shown and self._too_skewed() and not self._holds_for_any_law(p_adjusted)
        caution = ""
        if skewed:
            caution = (
                f"with a skewness of {self.skewness:+.1f} {self.n} playlists are too few to know "
                "the mean, so nothing is claimed"
            )
        elif shown and (self.rank_biserial or 0.0) * (self.mean_difference or 0.0) < 0:
            caution = "few large differences outweigh many small ones on the other side"
        return self.model_copy(
            update={
                "p_adjusted": p_adjusted,
                "significant": shown and not skewed,
                "caution": caution,
            }
        )

    def _holds_for_any_law(self, p_adjusted: float | None) -> bool:
        if self.any_law_p_value is None or not self.p_value or p_adjusted is None:
            return False
        return self.any_law_p_value * p_adjusted / self.p_value < self.alpha

    def _too_skewed(self) -> bool:
        """Whether the long tail lies against the claim, too far out for so many playlists."""
        if self.skewness is None or self.mean_difference is None or not self.test.startswith("stu"):
            return False
        against = -math.copysign(1.0, self.mean_difference) * self.skewness
        return against > MAX_SKEW * math.sqrt(self.n)
