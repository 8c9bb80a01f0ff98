"""The click model: what a listener does with a track in a slot, and with what chance.

A slot is examined or not, by its position alone; an examined track attracts or not, by the taste
alone. With a = taste . track, between -1 and 1:

    P(examined | position k from 0) = (1 + k) ** -0.7
    P(attracted | a)                = expit(-2.5 + 4 a), times 1 + the arm's effect, at most 1
    P(click)                        = P(examined) P(attracted)
    P(skip | click)                 = expit(logit(skip_rate) - 3 (a - 0.5))
    P(save | click, no skip)        = expit(-2.5 + 3 (a - 0.5))

A click starts the track: it becomes a stream, or a skip. Slots do not depend on each other. This is
the position-based model of Craswell et al., "An experimental comparison of click position-bias
models" (WSDM 2008), whose examination falls with a power of the position as in Joachims et al.,
"Unbiased learning-to-rank with biased feedback" (WSDM 2017).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.special import expit, logit


@dataclasses.dataclass(frozen=True)
class Chances:
    """The chances of N slots, each float64 [N].

    Attributes:
        examined: that the slot is looked at.
        attracted: that the track attracts whoever looks.
        skip: that what was clicked is skipped.
        save: that what was clicked and not skipped is saved.
    """

    examined: np.ndarray
    attracted: np.ndarray
    skip: np.ndarray
    save: np.ndarray

    @property
    def click(self) -> np.ndarray:
        """That the track is clicked."""
        return self.examined * self.attracted


@dataclasses.dataclass(frozen=True)
class ClickModel:
    """The parameters of the model.

    Attributes:
        position_bias: the exponent with which examination falls.
        attraction: of a track for which a is 0: a logit.
        slope: by how much the logit of attraction grows with a.
        usual: the a at which a skip is as likely as the listener's rate says.
        later_slope: by how much the logits of skips fall, and those of saves grow, with a.
        save: of a track as usual: a logit.
    """

    position_bias: float = 0.7
    attraction: float = -2.5
    slope: float = 4.0
    usual: float = 0.5
    later_slope: float = 3.0
    save: float = -2.5

    def chances(
        self,
        position: np.ndarray,
        affinity: np.ndarray,
        skip_rate: np.ndarray,
        effect: np.ndarray | float = 0.0,
    ) -> Chances:
        """The chances of slots.

        Args:
            position: int [N], from 0.
            affinity: float64 [N], taste . track; NaN for a track that nobody knows, which attracts
                nobody.
            skip_rate: float64 [N], of the listener.
            effect: by what share the arm makes tracks more attractive: float64 [N], or one for all.
        """
        known = np.nan_to_num(affinity, nan=-1.0)
        attracted = np.minimum(expit(self.attraction + self.slope * known) * (1 + effect), 1.0)
        further = self.later_slope * (known - self.usual)
        return Chances(
            examined=(1.0 + position) ** -self.position_bias,
            attracted=np.where(np.isnan(affinity), 0.0, attracted),
            skip=expit(logit(skip_rate) - further),
            save=expit(self.save + further),
        )
