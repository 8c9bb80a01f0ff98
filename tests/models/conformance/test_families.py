"""Every family keeps the contract: the checks that are offered to others, one test each."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import families
from models.conformance import (
    CHECKS,
    Exported,
    Fitted,
    check_answer,
    check_declaration,
    export,
    fit,
)
from models.conformance.exported import TRACKS
from models.conformance.playlists import uri
from models.families import Family

FAMILIES = [families.family(name) for name in families.own()]
#: Their first stage is that of another family, with and without an index.
ONLY_INDEXED = ("explore_heavy", "personalization_deep")


def variants(family: Family) -> set[bool]:
    """Whether its models search an index, by each way in which it is tested."""
    return {True} if family.name in ONLY_INDEXED else {False, family.dot_product}


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Fitted]:
    return functools.cache(
        lambda name: fit(families.family(name), str(tmp_path_factory.mktemp(name)))
    )


@pytest.fixture(
    scope="module",
    params=[(one, indexed) for one in FAMILIES for indexed in sorted(variants(one))],
    ids=lambda param: param[0].name + ("-index" if param[1] else ""),
)
def exported(
    request: pytest.FixtureRequest,
    fitted: Callable[[str], Fitted],
    tmp_path_factory: pytest.TempPathFactory,
) -> Exported:
    family, indexed = request.param
    return export(fitted(family.name), str(tmp_path_factory.mktemp(family.name)), indexed)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_exported_models(exported: Exported, check: Callable[[Exported], None]) -> None:
    check(exported)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.text(max_size=40),
    seeds=st.lists(st.sampled_from([*TRACKS[:40], "", "x", "spotify:track:", uri(10**6)])),
)
def test_any_query(exported: Exported, name: str, seeds: list[str]) -> None:
    uris, scores = exported.many.ask_one(name, seeds)
    check_answer(seeds, uris, scores)
    assert len(uris) == 500


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_declarations(family) -> None:
    check_declaration(family)
