"""What is true of experiments: of each arm, what was to be expected of what it showed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sample.listeners.reactions import OUTCOMES, Reactions
from schema.events import Impression


class Arm:
    """Sums over what an arm showed.

    Attributes:
        listeners: who was shown something.
        impressions: how many there were.
        found: float64 [outcomes], how many of each came.
        expected: float64 [outcomes], how many were to be expected.
        without_effect: float64 [outcomes], how many if the arm's effect were 0.
    """

    def __init__(self) -> None:
        self.listeners: set[str] = set()
        self.impressions = 0
        self.found, self.expected, self.without_effect = np.zeros((3, len(OUTCOMES)))

    def summary(self, effect: float) -> dict[str, Any]:
        """What is known of the arm; outcomes are means over its listeners."""
        sums = {
            "found": self.found,
            "expected": self.expected,
            "expected_without_effect": self.without_effect,
        }
        means = {
            name: dict(zip(OUTCOMES, (each / len(self.listeners)).tolist(), strict=True))
            for name, each in sums.items()
        }
        return {
            "effect": effect,
            "listeners": len(self.listeners),
            "impressions": self.impressions,
            **means,
        }


class Effects:
    """Sums over experiments."""

    def __init__(self) -> None:
        self._arms: dict[tuple[str, str], Arm] = {}

    def add(self, shown: Iterable[Impression], reactions: Reactions) -> None:
        """Takes impressions and what came of them; those of no experiment do not count."""
        for row, each in enumerate(shown):
            if each.experiment and each.arm:
                arm = self._arms.setdefault((each.experiment, each.arm), Arm())
                arm.listeners.add(each.listener_id)
                arm.impressions += 1
                arm.found += reactions.found[row]
                arm.expected += reactions.expected[row]
                arm.without_effect += reactions.without_effect[row]

    def summary(self, effects: Mapping[str, float]) -> dict[str, dict[str, Any]]:
        """What is known of each arm, by experiment.

        Args:
            effects: of arms, by name; 0 for those that it lacks.
        """
        found: dict[str, dict[str, Any]] = {}
        for (experiment, name), arm in sorted(self._arms.items()):
            found.setdefault(experiment, {})[name] = arm.summary(effects.get(name, 0.0))
        return found
