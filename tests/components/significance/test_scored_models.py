"""Which models are scored beside each other."""

from __future__ import annotations

import pytest
from tfx.types import standard_artifacts

from components.significance.executor import SERVED, models_to_score
from schema.documents import ServedModel


def model(uri: str) -> list[standard_artifacts.Model]:
    made = standard_artifacts.Model()
    made.uri = uri
    return [made]


@pytest.mark.parametrize(
    ("comparison", "is_scored"),
    [("made", True), ("none", False), ("same", False), ("not_made", False)],
)
def test_the_served_model_is_scored_where_it_is_compared_with(
    comparison: str, is_scored: bool
) -> None:
    given = {
        "candidate": model("/a/two_tower"),
        "baseline_als": model("/a/als"),
        "baseline_popularity": model("/a/popularity"),
        "served": model("/a/served"),
    }
    found = models_to_score(given, "two_tower", ServedModel(comparison=comparison))
    assert {name: artifact.uri for name, artifact in found.items()} == {
        "two_tower": "/a/two_tower",
        "als": "/a/als",
        "popularity": "/a/popularity",
        **({SERVED: "/a/served"} if is_scored else {}),
    }
