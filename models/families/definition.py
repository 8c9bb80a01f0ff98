"""What a model family declares of itself; without TensorFlow, so that it is read quickly."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pydantic

from models.families.search_space import SearchSpace

if TYPE_CHECKING:
    # TensorFlow takes seconds to import, which checking a configuration need not wait for.
    from models.contract import Fit, TrainingData
    from models.warm_start import Start


class FitFunction(Protocol):
    """Trains one family."""

    def __call__(self, data: TrainingData, params: Any, seed: int, workdir: str) -> Fit:
        """Fits a model.

        Args:
            data: to learn from. A family that chooses how long to train does so on the playlists
                of stop, which `models.data.holding_out.set_aside` sets aside; what it returns is
                fitted to all of `data.train`.
            params: of the family's `params_type`.
            seed: of everything random: the same seed gives the same model.
            workdir: a directory of the family's own, for checkpoints and the like.
        """


class FitFromFunction(Protocol):
    """Trains one family from the weights of a served model."""

    def __call__(
        self, data: TrainingData, params: Any, seed: int, workdir: str, start: Start
    ) -> Fit:
        """Fits a model; as `FitFunction`, but for where it starts.

        The served model was fitted to playlists of stop: nothing may be chosen by them here.

        Args:
            data: to learn from.
            params: of the family's `params_type`.
            seed: of everything random: the same seed and start give the same model.
            workdir: a directory of the family's own, for checkpoints and the like.
            start: the served model, of the same family or one of `Family.starts_from`.

        Raises:
            models.warm_start.MisfitError: if its weights do not fit.
        """


def imported(path: str) -> Callable[..., Fit]:
    """Makes a `FitFunction` or a `FitFromFunction` that imports its code when it is called.

    Args:
        path: "module:function".
    """
    module, _, function = path.partition(":")

    def fit(*arguments: Any, **named: Any) -> Fit:
        found: Callable[..., Fit] = getattr(importlib.import_module(module), function)
        return found(*arguments, **named)

    return fit


def _nothing_to_tune(params: Any) -> SearchSpace:
    del params
    return ()


@dataclasses.dataclass(frozen=True)
class Family:
    """A model family.

    Attributes:
        name: that a configuration calls it by.
        params_type: its hyperparameters, a frozen pydantic model that forbids unknown keys.
        fit: trains it; `imported` keeps its imports until then.
        fit_from: trains it from a served model; None where it always starts from scratch.
        starts_from: other families whose served models it can start from.
        search_space: names what tuning may change, given the configured parameters.
        built_on: families that it extends: with these among the baselines, a run shows what it
            adds.
        is_baseline: whether candidates are compared with it by default.
        dot_product: whether its scores, or those of its first stage, are dot products, which an
            index can search.
        personal: whether its recommendations depend on the playlist.
        reads_trend: whether it reads the side table of tracks that trend, where there is one.
        takes_cold: whether tracks that no playlist holds may be added to what it has learnt, by
            audio embeddings: its scores are dot products and it has no second stage.
        test_params: hyperparameters that fit quickly to a few hundred playlists, for tests.
    """

    name: str
    params_type: type[pydantic.BaseModel]
    fit: FitFunction
    fit_from: FitFromFunction | None = None
    starts_from: tuple[str, ...] = ()
    search_space: Callable[[Any], SearchSpace] = _nothing_to_tune
    built_on: tuple[str, ...] = ()
    is_baseline: bool = False
    dot_product: bool = False
    personal: bool = True
    reads_trend: bool = False
    takes_cold: bool = False
    test_params: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def params(self, values: Mapping[str, Any]) -> pydantic.BaseModel:
        """Checks hyperparameters.

        Args:
            values: hyperparameters by name; those left out take their default.

        Raises:
            ValueError: naming every key that is wrong, and what it accepts.
        """
        try:
            return self.params_type(**values)
        except pydantic.ValidationError as error:
            problems = []
            for problem in error.errors():
                key = ".".join(("models", self.name, *map(str, problem["loc"])))
                if problem["type"] == "extra_forbidden":
                    known = ", ".join(self.params_type.model_fields)
                    problems.append(f"{key}: no such parameter; choose from {known}")
                else:
                    problems.append(f"{key}: {problem['msg']}, not {problem['input']!r}")
            raise ValueError(f"{'; '.join(problems)}.") from error
