"""A registered model of MLflow as it is at one time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion, RegisteredModel

from schema.registry import ALIASES, SERVING_VERSION_TAG, Alias, Move, RegisteredVersion
from serving.registry.mlflow import tags
from serving.registry.mlflow.connection import Connection, Deadline, MissingError
from serving.registry.port import RegistryError

_PAGE: Final = 200
_BY_OTHER_MEANS: Final = "moved at MLflow by other means"


@dataclasses.dataclass(frozen=True)
class Model:
    """What MLflow has of a model.

    Attributes:
        versions: by serving version.
        moves: of aliases, those that have a tag.
    """

    versions: Mapping[int, RegisteredVersion]
    moves: Sequence[Move]

    def on(self, alias: Alias) -> int | None:
        """The serving version that an alias is on."""
        found = (number for number, each in self.versions.items() if alias in each.aliases)
        return next(found, None)

    def last(self, alias: Alias) -> Move | None:
        """The last move of an alias that has a tag."""
        return next((move for move in reversed(self.moves) if move.alias == alias), None)

    def unrecorded(self, intent: Move | None) -> list[Move]:
        """The moves that aliases show and no tag tells of.

        Args:
            intent: what the holder of the lock is about to do, or did.
        """
        found = []
        for alias in ALIASES:
            version, last = self.on(alias), self.last(alias)
            former = None if last is None else last.version
            if version is None or version == former:
                continue
            if intent is not None and (intent.alias, intent.version) == (alias, version):
                found.append(intent.model_copy(update={"former": former}))
            else:
                found.append(
                    Move(alias=alias, former=former, version=version, reason=_BY_OTHER_MEANS)
                )
        return found


def read(connection: Connection, name: str, deadline: Deadline) -> Model:
    """Asks MLflow for a model; an empty one where there is none.

    Raises:
        RegistryUnavailableError: it does not answer.
        RegistryError: what it has cannot be read, or an alias is on a version that is not ours.
    """
    try:
        registered = connection.call(lambda client: client.get_registered_model(name), deadline)
    except MissingError:
        return Model({}, [])
    # After the aliases, so that the versions that they are on are among them.
    listed = connection.call(lambda client: list(_versions(client, name)), deadline)
    aliases = _by_number(registered)
    versions: dict[int, RegisteredVersion] = {}
    for each in listed:
        number = int(each.version)
        if SERVING_VERSION_TAG not in each.tags:
            on = sorted(set(aliases.get(number, [])) & set(ALIASES))
            if on:
                raise RegistryError(
                    f"{on[0]} is on version {number} of {name} at MLflow, which was not registered "
                    f"by Segue: it has no tag {SERVING_VERSION_TAG}"
                )
            continue
        version = tags.to_version(
            each.tags, number, each.creation_timestamp, aliases.get(number, [])
        )
        versions.setdefault(version.serving_version, version)
    return Model(versions, tags.to_moves(registered.tags))


def _versions(client: MlflowClient, name: str) -> Iterator[ModelVersion]:
    token = None
    while True:
        page = client.search_model_versions(
            f"name = '{name}'",
            max_results=_PAGE,
            order_by=["version_number ASC"],
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return


def _by_number(registered: RegisteredModel) -> dict[int, list[str]]:
    """The aliases by the number of their version."""
    found: dict[int, list[str]] = {}
    for alias, number in registered.aliases.items():
        found.setdefault(int(number), []).append(alias)
    return found
