"""Fits a family: from scratch, or from a served model where there is one that fits."""

from __future__ import annotations

import logging
from typing import NamedTuple

import pydantic

from models.contract import Fit, TrainingData
from models.data import Vocabularies
from models.families import Family
from models.warm_start import MisfitError, ServedWeights, Start
from schema.model_card import StartCard

_logger = logging.getLogger(__name__)


class Task(NamedTuple):
    """What a family's `fit` is given.

    Attributes:
        data: to learn from.
        params: of the family.
        seed: of everything random.
        workdir: for checkpoints.
    """

    data: TrainingData
    params: pydantic.BaseModel
    seed: int
    workdir: str


def fit(
    family: Family, task: Task, vocabularies: Vocabularies, base_model: str | None
) -> tuple[Fit, StartCard | None]:
    """Fits from the model that WarmStart has found, if it has, and else from scratch.

    Args:
        family: to fit.
        task: what it is given.
        vocabularies: behind the ids of the data.
        base_model: where WarmStart puts a model; None: nothing is to be started from.

    Returns:
        The fit, and for the card what it started from; None where that was not asked for.

    Raises:
        ValueError: if WarmStart has left no word there, or the family refuses the data.
    """
    if base_model is None:
        return family.fit(*task), None
    started = StartCard.read_beside(base_model)
    if started.start == "served":
        try:
            return _fit_from(family, task, vocabularies, base_model, started)
        except MisfitError as error:
            started = started.model_copy(update={"start": "scratch", "reason": str(error)})
    served = f", not from version {started.version}" if started.version else ""
    _logger.warning("Training starts from scratch%s: %s.", served, started.reason)
    return family.fit(*task), started


def _fit_from(
    family: Family, task: Task, vocabularies: Vocabularies, base_model: str, started: StartCard
) -> tuple[Fit, StartCard]:
    served = ServedWeights(base_model)
    card = served.card
    if family.fit_from is None:
        raise MisfitError(f"{family.name} always starts from scratch")
    if card.family not in (family.name, *family.starts_from):
        raise MisfitError(f"it is a model of the family {card.family}, and not {family.name}")
    found = family.fit_from(*task, Start(served, vocabularies))
    earlier = [split for split in card.splits if split is not None]
    return found, started.model_copy(
        update={
            "updates": 1 + (card.start.updates if card.start else 0),
            "splits": [split for at, split in enumerate(earlier) if split not in earlier[:at]],
            "growth": found.growth,
            "data_end": card.data_end,
            "undated_playlists": card.undated_playlists,
        }
    )
