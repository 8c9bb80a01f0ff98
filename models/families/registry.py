"""Finds model families by name: each is a folder here with a `params.py` and a `model.py`.

To add one, add a folder with `Params`, a frozen pydantic model, in `params.py` and
`fit(data, params, seed, workdir) -> Fit` in `model.py`, then name it in the configuration. With
`search_space(params) -> SearchSpace` in `search_space.py` it can be tuned as well.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pydantic

from models import families
from models.families.search_space import SearchSpace

if TYPE_CHECKING:
    # TensorFlow takes seconds to import, which checking a configuration need not wait for.
    from models.contract import Fit, TrainingData


class FitFunction(Protocol):
    """Trains one family."""

    def __call__(self, data: TrainingData, params: Any, seed: int, workdir: str) -> Fit:
        """Fits to `data.train`; `workdir` is the family's own, for checkpoints and the like."""


class Family(NamedTuple):
    """A model family.

    Attributes:
        name: its folder under `models/`.
        params_type: its hyperparameters.
        fit: trains it.
    """

    name: str
    params_type: type[pydantic.BaseModel]
    fit: FitFunction

    def params(self, values: Mapping[str, Any]) -> pydantic.BaseModel:
        """Checks hyperparameters.

        Raises:
            ValueError: naming every key that is wrong and what it accepts.
        """
        return check_params(self.name, values)


def names() -> list[str]:
    """The families there are, by name."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(families.__path__)
        if module.ispkg
        and all(
            importlib.util.find_spec(f"models.families.{module.name}.{part}")
            for part in ("params", "model")
        )
    )


def params_type(name: str) -> type[pydantic.BaseModel]:
    """The hyperparameters of a family; quick, since it does not import the model itself.

    Raises:
        ValueError: if there is no such family, naming those there are.
    """
    if name not in names():
        raise ValueError(f"There is no model family {name!r}; choose from {', '.join(names())}.")
    return importlib.import_module(f"models.families.{name}.params").Params


def check_params(name: str, values: Mapping[str, Any]) -> pydantic.BaseModel:
    """Checks a family's hyperparameters.

    Args:
        name: the family.
        values: hyperparameters by name; those left out take their default.

    Raises:
        ValueError: naming the family or every key that is wrong, and what it accepts.
    """
    accepted = params_type(name)
    try:
        return accepted(**values)
    except pydantic.ValidationError as error:
        problems = []
        for problem in error.errors():
            key = ".".join(("models", name, *map(str, problem["loc"])))
            if problem["type"] == "extra_forbidden":
                known = ", ".join(accepted.model_fields)
                problems.append(f"{key}: no such parameter; choose from {known}")
            else:
                problems.append(f"{key}: {problem['msg']}, not {problem['input']!r}")
        raise ValueError(f"{'; '.join(problems)}.") from error


def search_space(name: str, params: pydantic.BaseModel) -> SearchSpace:
    """What tuning may change of a family; quick, since it does not import the model itself.

    Args:
        name: the family.
        params: what is configured of it.

    Returns:
        The dimensions, none where there is nothing to tune.

    Raises:
        ValueError: if there is no such family, naming those there are.
    """
    params_type(name)
    module = f"models.families.{name}.search_space"
    if importlib.util.find_spec(module) is None:
        return ()
    return importlib.import_module(module).search_space(params)


def family(name: str) -> Family:
    """Loads a family.

    Raises:
        ValueError: if there is no such family, naming those there are.
    """
    accepted = params_type(name)
    return Family(name, accepted, importlib.import_module(f"models.families.{name}.model").fit)
