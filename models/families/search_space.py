"""What tuning may change: a family's parameters, each with a range.

A `Family` that can be tuned has a function `search_space(params) -> SearchSpace`: given the
configured parameters it names those that have an effect beside them.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Collection, Mapping
from typing import Any, TypeAlias


@dataclasses.dataclass(frozen=True)
class Real:
    """A number between two bounds.

    Attributes:
        name: the parameter, with dots where it is nested, such as "start.alpha".
        low: the least value.
        high: the greatest value.
        log: whether factors rather than differences count, as they do for penalties and rates.
    """

    name: str
    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"{self.name}: {self.low} to {self.high} is not a range")
        if self.log and self.low <= 0:
            raise ValueError(f"{self.name}: a range of factors starts above 0, not at {self.low}")

    def including(self, value: float) -> Real:
        """The range, widened where it lacks a value."""
        return dataclasses.replace(self, low=min(self.low, value), high=max(self.high, value))


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of several whole numbers, ascending: neighbours are alike.

    Attributes:
        name: as that of `Real`.
        values: to choose from.
    """

    name: str
    values: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.values) < 2 or list(self.values) != sorted(set(self.values)):
            raise ValueError(f"{self.name}: {self.values} are not two or more ascending numbers")

    def including(self, value: int) -> Choice:
        """The choice, with one more value where it lacks it."""
        return dataclasses.replace(self, values=tuple(sorted({*self.values, value})))


Dimension: TypeAlias = Real | Choice
SearchSpace: TypeAlias = tuple[Dimension, ...]


def around(
    space: SearchSpace, params: Mapping[str, Any], fixed: Collection[str] = ()
) -> tuple[SearchSpace, dict[str, Any]]:
    """Fits a space to what is configured, which must be one of its points.

    Args:
        space: the dimensions.
        params: all parameters of the family, nested.
        fixed: names of dimensions to leave out.

    Returns:
        The dimensions, widened where they lack the configured value, and the configured value of
        each by name. A dimension of factors that is configured to be 0, which is off, is left out.
    """
    kept: list[Dimension] = []
    values: dict[str, Any] = {}
    for dimension in space:
        value = _get(params, dimension.name)
        off = isinstance(dimension, Real) and dimension.log and value <= 0
        if dimension.name not in fixed and not off:
            kept.append(dimension.including(value))
            values[dimension.name] = value
    return tuple(kept), values


def merged(params: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Puts values of a search into a family's parameters.

    Args:
        params: parameters, nested; they are not changed.
        values: by name, with dots where they are nested.

    Returns:
        The parameters with these values instead of their own.
    """
    result = copy.deepcopy(dict(params))
    for name, value in values.items():
        *path, last = name.split(".")
        section = result
        for part in path:
            section = section.setdefault(part, {})
        section[last] = value
    return result


def tuned_values(hyperparameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a search has found, of the configuration that TFX hands to the Trainer.

    Args:
        hyperparameters: KerasTuner's configuration of `HyperParameters`; None without a search.

    Returns:
        The best value of each tuned parameter, by its name with dots.
    """
    return dict((hyperparameters or {}).get("values", {}))


def _get(params: Mapping[str, Any], name: str) -> Any:
    value: Any = params
    for part in name.split("."):
        value = value[part]
    return value
