"""The suite sees what it must see."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pydantic
import pytest
import tensorflow as tf

from models.conformance import check_declaration, check_family
from models.contract import Fit, Query, Scorer, TrainingData
from models.families import Family, family
from models.families.search_space import Real

POPULARITY = family("popularity")


class Flawed(Scorer):
    """Scores by popularity, but for a flaw."""

    def __init__(self, counts: np.ndarray, flaw: str):
        super().__init__(name="flawed")
        self._counts = tf.constant(counts, tf.float32)
        self._flaw = flaw

    def score(self, query: Query) -> tf.Tensor:
        rows = query.track_ids.nrows()
        scores = tf.tile(self._counts[tf.newaxis], [rows, 1])
        if self._flaw == "batch":
            # The first of those that are scored at once gets another order.
            scores *= tf.where(tf.range(rows) == 0, -1.0, 1.0)[:, tf.newaxis]
        return scores if self._flaw != "nan" else scores / 0.0 * 0.0


def flawed(flaw: str) -> Family:
    def fit(data: TrainingData, params: Any, seed: int, workdir: str) -> Fit:
        return Fit(Flawed(data.catalogue.counts, flaw))

    return dataclasses.replace(POPULARITY, fit=fit)


@pytest.mark.parametrize(
    ("flaw", "check"),
    [("nan", "seeds_are_never_recommended"), ("batch", "answers_do_not_depend_on_the_batch")],
)
def test_a_flaw_is_named(tmp_path: pathlib.Path, flaw: str, check: str) -> None:
    with pytest.raises(AssertionError, match=f"popularity: {check}: "):
        check_family(flawed(flaw), str(tmp_path))


class Params(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")
    rate: float = pydantic.Field(default=0.5, le=1, description="of learning")


class Undescribed(Params):
    depth: int = 3


class Changeable(Params):
    model_config = pydantic.ConfigDict(frozen=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"params_type": Undescribed}, "depth lacks a description"),
        ({"params_type": Changeable}, "must be frozen"),
        ({"test_params": {"rat": 1}}, r"models\.popularity\.rat: no such parameter"),
        ({"search_space": lambda params: (Real("rate", 0.6, 0.9),)}, "outside the search space"),
        ({"search_space": lambda params: (Real("rate", 0.1, 2.0),)}, r"models\.popularity\.rate"),
    ],
)
def test_a_wrong_declaration_is_named(change: dict[str, Any], message: str) -> None:
    declared = dataclasses.replace(POPULARITY, params_type=Params)
    check_declaration(declared)
    with pytest.raises((AssertionError, ValueError), match=message):
        check_declaration(dataclasses.replace(declared, **change))
