"""What a family must declare."""

from __future__ import annotations

from models.families import Family
from models.families.search_space import Choice, Dimension, around, merged


def check_declaration(family: Family) -> None:
    """Checks a family's parameters and its search space, without fitting anything.

    Raises:
        AssertionError: naming what is wrong.
        ValueError: if the family refuses its own defaults, `test_params` or a corner of its search
            space.
    """
    params = family.params({})
    accepted = type(params)
    assert params.model_config.get("frozen"), "Params must be frozen."
    assert params.model_config.get("extra") == "forbid", "Params must forbid unknown keys."
    for name, field in accepted.model_fields.items():
        assert field.description, f"{name} lacks a description."
    values = params.model_dump(mode="json")
    assert accepted(**values) == params, "Params must survive JSON."
    family.params(family.test_params)
    space = family.search_space(params)
    widened, configured = around(space, values)
    assert len(widened) == len(space), "A dimension of the search space is off by default."
    assert widened == space, "The defaults lie outside the search space."
    assert set(configured) == {dimension.name for dimension in space}
    for corner in (0, 1, -1):
        point = {dimension.name: _corners(dimension)[corner] for dimension in space}
        found = family.params(merged(values, point)).model_dump(mode="json")
        assert around(space, found)[1] == point, "A tuned value is not what was set."


def _corners(dimension: Dimension) -> list[float]:
    """The ends of a dimension and something in between."""
    if isinstance(dimension, Choice):
        return list(dimension.values)
    return [dimension.low, (dimension.low + dimension.high) / 2, dimension.high]
