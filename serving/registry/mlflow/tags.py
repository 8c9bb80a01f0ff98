"""What MLflow keeps of versions and moves, as its tags: written and read here alone.

A version's lineage has a tag for each thing, so that MLflow's own page and client show and filter
it. All the rest of it is one tag of JSON. A registered model has a tag for each move of an alias.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Final

import pydantic

from schema.registry import (
    CONTENT_TAG,
    SERVING_VERSION_TAG,
    Lineage,
    Move,
    RegisteredVersion,
    Registration,
)
from serving.registry.port import RegistryError

#: The rest of a version, as the JSON of a `Registration`.
REGISTRATION_TAG: Final = "segue.registration"
#: Who registered it.
BY_TAG: Final = "segue.registered_by"
_FAMILY: Final = "model.family"
_NOT_IN_NAMES: Final = re.compile(r"[^/\w.\- :]")
_LONGEST: Final = 6000
#: Begins the names of the tags of moves, which are numbered from 1.
_MOVE: Final = "segue.move."


def of_registration(registration: Registration, by: str) -> dict[str, str]:
    """The tags of a version.

    Args:
        registration: the version; its files are the registry's copies.
        by: who registers it.
    """
    tags = {
        SERVING_VERSION_TAG: str(registration.serving_version),
        CONTENT_TAG: registration.content,
        _FAMILY: registration.family,
        BY_TAG: by,
        REGISTRATION_TAG: registration.model_dump_json(),
        **registration.lineage.tags(),
    }
    return {name: value for name, value in tags.items() if value}


def to_version(
    tags: Mapping[str, str], number: int, registered_ms: int, aliases: Iterable[str]
) -> RegisteredVersion:
    """A version as its tags have it.

    Args:
        tags: of the version; it has SERVING_VERSION_TAG.
        number: MLflow's own.
        registered_ms: when, in milliseconds since 1970.
        aliases: those that are on it.

    Raises:
        RegistryError: the tags were not written here.
    """
    try:
        rest = Registration.model_validate_json(tags.get(REGISTRATION_TAG, "{}"))
        return RegisteredVersion(
            **{
                **dict(rest),
                "serving_version": int(tags[SERVING_VERSION_TAG]),
                "content": tags.get(CONTENT_TAG, ""),
                "lineage": Lineage.of(tags),
            },
            number=number,
            registered_at=_iso(registered_ms),
            registered_by=tags.get(BY_TAG, ""),
            aliases=sorted(aliases),
        )
    except (ValueError, pydantic.ValidationError) as error:
        raise RegistryError(
            f"version {number} at MLflow has tags that cannot be read: {error}"
        ) from error


def of_move(move: Move, count: int) -> tuple[str, str]:
    """The tag of a move, as name and value.

    Args:
        move: the move.
        count: which one it is of all, from 1.
    """
    return f"{_MOVE}{count:06d}", move.model_dump_json()


def to_moves(tags: Mapping[str, str]) -> list[Move]:
    """The moves among the tags of a registered model, in their order.

    Raises:
        RegistryError: one cannot be read.
    """
    moves = []
    for name in sorted(name for name in tags if name.startswith(_MOVE)):
        try:
            moves.append(Move.model_validate_json(tags[name]))
        except pydantic.ValidationError as error:
            raise RegistryError(f"the tag {name} at MLflow cannot be read: {error}") from error
    return moves


def to_intent(text: str) -> Move | None:
    """The move that a lock tells of; None where it tells of none."""
    try:
        return Move.model_validate_json(text) if text else None
    except pydantic.ValidationError:
        return None


def mlflow_name(name: str) -> str:
    """A name as MLflow lets a metric or a parameter be named.

    recall@500 is recall_at_500, and als/title+first1/ndcg is als/title_first1/ndcg.
    """
    return _NOT_IN_NAMES.sub("_", name.replace("@", "_at_"))


def metrics(values: Mapping[str, float | None]) -> dict[str, float]:
    """Metrics by MLflow's names; without those that have no value."""
    return {mlflow_name(name): value for name, value in values.items() if value is not None}


def parameters(values: Mapping[str, str]) -> dict[str, str]:
    """Parameters by MLflow's names; it takes no longer values."""
    return {mlflow_name(name): value[:_LONGEST] for name, value in values.items()}


def _iso(milliseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return moment.isoformat(timespec="seconds")
