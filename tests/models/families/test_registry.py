from __future__ import annotations

import pydantic
import pytest

from models.families import registry


def test_finds_the_families() -> None:
    assert {"als", "item_knn", "popularity"} <= set(registry.names())


@pytest.mark.parametrize("name", registry.names())
def test_families_keep_the_contract(name: str) -> None:
    family = registry.family(name)
    assert callable(family.fit)
    params = family.params({})
    assert params.model_config["frozen"]
    assert params.model_config["extra"] == "forbid"
    assert all(field.description for field in type(params).model_fields.values())
    assert type(params)(**params.model_dump(mode="json")) == params


@pytest.mark.parametrize("name", ["alss", "", "contract", "als.model", "../als"])
def test_unknown_families_are_named_with_those_there_are(name: str) -> None:
    with pytest.raises(ValueError, match="choose from") as caught:
        registry.family(name)
    assert repr(name) in str(caught.value)
    assert all(family in str(caught.value) for family in registry.names())


def test_params_are_converted() -> None:
    params = registry.family("als").params({"factors": 16, "regularization": 3})
    assert isinstance(params, pydantic.BaseModel)
    assert params.model_dump()["regularization"] == 3.0


def test_wrong_params_name_themselves_and_what_is_accepted() -> None:
    with pytest.raises(ValueError, match=r"models\.als\.alpha") as caught:
        registry.family("als").params({"factor": 3, "alpha": "high", "iterations": 0})
    message = str(caught.value)
    assert "factor: no such parameter; choose from factors, regularization" in message
    assert "alpha: Input should be a valid number" in message
    assert "iterations: Input should be greater than or equal to 1, not 0" in message
