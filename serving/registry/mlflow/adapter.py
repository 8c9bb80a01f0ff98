"""The registry at MLflow's server."""

from __future__ import annotations

import contextlib
import pathlib
import tempfile
from collections.abc import Sequence
from typing import Final

import tensorflow as tf

from schema.registry import (
    CHAMPION,
    SERVING_VERSION_TAG,
    Alias,
    Move,
    RegisteredVersion,
    Registration,
)
from schema.tracking import key_of
from serving.registry.mlflow import flavour, tags
from serving.registry.mlflow.connection import Connection, Deadline, ExistsError
from serving.registry.mlflow.lock import Held, Lock
from serving.registry.mlflow.model import Model, read
from serving.registry.mlflow.runs import REPORT_PATH, Runs
from serving.registry.port import (
    Action,
    AliasMovedError,
    Registry,
    RegistryError,
    check_alias,
    check_same,
    gives,
    who,
)
from serving.release import now

#: Begins the URI of an artifact, by which MLflow's client finds it.
_RUNS: Final = "runs:/"
_COPIES: Final = ("metrics_file", "page")


class MlflowRegistry(Registry):
    """A registered model of MLflow, whose aliases are where MLflow's own client sees them.

    To put an alias on a version is the one step of a move; the tag that tells of it follows. Until
    it does, readers take the move from the lock, which says what its holder is about to do. A
    mover that was killed in between leaves the lock behind, and the next one writes the tag.

    Args:
        uri: mlflow+http://HOST:PORT or mlflow+https://HOST.
        model: the registered model.
        timeout: seconds for a call. An upload may take more, but it may not stand still for longer.
    """

    def __init__(self, uri: str, model: str, timeout: float) -> None:
        super().__init__(uri, model)
        self._timeout = timeout
        self._connection = Connection(uri)
        self._lock = Lock(self._connection, model)
        self._runs = Runs(self._connection, model, timeout)

    def register(
        self, registration: Registration, *, alias: Alias | None = None
    ) -> RegisteredVersion:
        """See `Registry.register`."""
        if registration.model != self.model:
            raise RegistryError(f"{registration.model} is registered elsewhere than {self.model}")
        version = registration.serving_version
        model = read(self._connection, self.model, self._deadline())
        uploaded = None
        if version not in model.versions:
            uploaded = self._upload(registration)
        elif not _gives(model, alias, version):
            check_same(known := model.versions[version], registration)
            return known
        move = _made(alias, version, "register") if alias else None
        deadline = self._deadline()
        with self._lock.held(move.model_dump_json() if move else "", deadline) as held:
            model = self._settled(held, deadline)
            if version in model.versions:
                check_same(model.versions[version], registration)
            elif uploaded is None:
                raise RegistryError(f"version {version} of {self.model} was just removed at MLflow")
            else:
                held.check()
                self._create(*uploaded, deadline)
                model = read(self._connection, self.model, deadline)
            if move is not None and _gives(model, alias, version):
                self._commit(held, model, move, deadline)
        return self.version(version)

    def versions(self) -> Sequence[RegisteredVersion]:
        """See `Registry.versions`."""
        found = read(self._connection, self.model, self._deadline()).versions
        return [found[number] for number in sorted(found)]

    def current(self, alias: Alias) -> RegisteredVersion | None:
        """See `Registry.current`."""
        model = read(self._connection, self.model, self._deadline())
        number = model.on(alias)
        return None if number is None else model.versions[number]

    def history(self) -> Sequence[Move]:
        """See `Registry.history`."""
        deadline = self._deadline()
        model = read(self._connection, self.model, deadline)
        if not model.unrecorded(None):
            return model.moves
        intent = tags.to_intent(self._lock.intent(deadline))
        # Its tag may have been written since.
        model = read(self._connection, self.model, deadline)
        return [*model.moves, *model.unrecorded(intent)]

    def read(self, copy: str) -> bytes:
        """See `Registry.read`."""
        run_id, _, path = copy.removeprefix(_RUNS).partition("/")
        return self._runs.download(run_id, path)

    def _move(
        self, alias: Alias, version: int, expected: int | None, action: Action, reason: str
    ) -> Move:
        deadline = self._deadline()
        move = _made(alias, version, action, reason)
        with self._lock.held(move.model_dump_json(), deadline) as held:
            model = self._settled(held, deadline)
            found = model.on(alias)
            if found != expected:
                raise AliasMovedError(alias, expected, found)
            if version not in model.versions:
                raise self._unknown(version)
            last = model.last(alias)
            if found == version and last is not None:  # all moves are recorded by now
                return last
            return self._commit(held, model, move, deadline)

    def _settled(self, held: Held, deadline: Deadline) -> Model:
        """The model, after moves that have no tag yet have got one; the lock is held."""
        model = read(self._connection, self.model, deadline)
        missing = model.unrecorded(tags.to_intent(held.left_behind))
        if not missing:
            return model
        held.check()
        for count, move in enumerate(missing, len(model.moves) + 1):
            self._record(move, count, deadline)
        return Model(model.versions, [*model.moves, *missing])

    def _commit(self, held: Held, model: Model, move: Move, deadline: Deadline) -> Move:
        """Puts an alias on a version that is there, and tells of it in the history."""
        number = str(model.versions[move.version].number)
        made = move.model_copy(update={"former": model.on(alias := check_alias(move.alias))})
        held.check()
        # The lock is left behind if one of the two fails, for whoever comes next to see to it.
        with held.left_if_unsure():
            self._connection.call(
                lambda client: client.set_registered_model_alias(self.model, alias, number),
                deadline,
            )
            self._record(made, len(model.moves) + 1, deadline)
        return made

    def _record(self, move: Move, count: int, deadline: Deadline) -> None:
        name, value = tags.of_move(move, count)
        self._connection.call(
            lambda client: client.set_registered_model_tag(self.model, name, value), deadline
        )

    def _upload(self, registration: Registration) -> tuple[Registration, str]:
        """Puts the model and the report among the artifacts of a run.

        Returns:
            The registration with the registry's copies, and the run's ID.

        Raises:
            RegistryError: a file cannot be read.
        """
        for file in (registration.metrics_file, registration.page, registration.saved_model):
            if file and not tf.io.gfile.exists(file):
                raise RegistryError(f"{file} is not there")
        version = registration.serving_version
        key = key_of(registration.lineage.run, version)
        run_id = self._runs.open(key, registration.lineage.run or str(version))
        copies = {}
        for field in _COPIES:
            if file := getattr(registration, field):
                self._runs.upload_file(run_id, file, REPORT_PATH)
                name = file.rpartition("/")[2]
                copies[field] = f"{_RUNS}{run_id}/{REPORT_PATH}/{name}"
        self._runs.upload(run_id, registration.saved_model, f"{flavour.MODEL_PATH}/{version}")
        with tempfile.TemporaryDirectory() as folder:
            flavour.write(pathlib.Path(folder), version, run_id)
            self._runs.upload(run_id, folder, flavour.MODEL_PATH)
        self._runs.log(
            run_id,
            metrics=tags.metrics(registration.metrics),
            tags={
                **registration.lineage.tags(),
                SERVING_VERSION_TAG: str(version),
            },
        )
        self._runs.end(run_id)
        return registration.model_copy(update=copies), run_id

    def _create(self, registration: Registration, run_id: str, deadline: Deadline) -> None:
        with contextlib.suppress(ExistsError):
            self._connection.call(
                lambda client: client.create_registered_model(self.model), deadline
            )
        self._connection.call(
            lambda client: client.create_model_version(
                self.model,
                f"{_RUNS}{run_id}/{flavour.MODEL_PATH}",
                run_id,
                tags=tags.of_registration(registration, who()),
                await_creation_for=0,
            ),
            deadline,
        )

    def _deadline(self) -> Deadline:
        return Deadline(self._timeout)


def _gives(model: Model, alias: Alias | None, version: int) -> bool:
    """Whether a registration puts an alias on a version."""
    return alias is not None and gives(model.moves, alias, version, model.on(CHAMPION))


def _made(alias: Alias, version: int, action: Action, reason: str = "") -> Move:
    """A move that is made now; where the alias was is told when that is known."""
    return Move(alias=alias, version=version, at=now(), by=who(), action=action, reason=reason)
