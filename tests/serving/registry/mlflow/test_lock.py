"""The lock that MLflow's database keeps, with a stand-in for the database."""

from __future__ import annotations

import concurrent.futures
import threading
import types

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST

from serving.registry import RegistryUnavailableError
from serving.registry.mlflow import lock as locks
from serving.registry.mlflow.connection import Connection, Deadline
from serving.registry.mlflow.lock import Lock

LEASE = 0.4


class Names:
    """Registered models by name: each of MLflow's calls is one step, as in its database."""

    def __init__(self) -> None:
        self.models: dict[str, dict[str, str]] = {}
        self.lost_answers = 0
        self._step = threading.Lock()

    def create_registered_model(self, name: str, tags: dict[str, str]) -> None:
        with self._step:
            if name in self.models:
                raise MlflowException("there", error_code=RESOURCE_ALREADY_EXISTS)
            self.models[name] = dict(tags)
        if self.lost_answers:
            self.lost_answers -= 1
            raise MlflowException("API request failed: read timed out")

    def get_registered_model(self, name: str) -> types.SimpleNamespace:
        with self._step:
            return types.SimpleNamespace(tags=dict(self._one(name)))

    def rename_registered_model(self, name: str, new_name: str) -> None:
        with self._step:
            tags = self._one(name)
            if new_name in self.models:
                raise MlflowException("there", error_code=RESOURCE_ALREADY_EXISTS)
            self.models[new_name] = tags
            del self.models[name]

    def delete_registered_model(self, name: str) -> None:
        with self._step:
            self._one(name)
            del self.models[name]

    def _one(self, name: str) -> dict[str, str]:
        if name not in self.models:
            raise MlflowException("not there", error_code=RESOURCE_DOES_NOT_EXIST)
        return self.models[name]


@pytest.fixture
def names() -> Names:
    return Names()


def lock(names: Names, lease: float = LEASE) -> Lock:
    return Lock(Connection("mlflow+http://127.0.0.1:1", names), "segue", lease)  # type: ignore[arg-type]


def test_it_tells_what_is_about_to_be_done_and_goes(names: Names) -> None:
    one = lock(names)
    with one.held("to do", Deadline(5)):
        assert one.intent(Deadline(5)) == "to do"
        assert set(names.models) == {"segue.lock"}
    assert names.models == {}
    assert one.intent(Deadline(5)) == ""


def test_one_at_a_time(names: Names) -> None:
    inside, most = [0], [0]

    def work(_: int) -> None:
        with lock(names, lease=60).held("", Deadline(60)):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    assert most == [1]
    assert names.models == {}


def test_what_a_dead_holder_left_is_told_to_one_of_those_who_wait(names: Names) -> None:
    dead = lock(names).held("to do", Deadline(5))
    dead.__enter__()
    told = []

    def work(_: int) -> None:
        with lock(names).held("", Deadline(60)) as held:
            told.append(held.left_behind)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert sorted(told) == ["", "", "", "to do"]
    assert "segue.lock" not in names.models


def test_a_holder_who_is_late_takes_nobodys_lock(names: Names) -> None:
    late = lock(names).held("", Deadline(5))
    held = late.__enter__()
    with lock(names, LEASE).held("", Deadline(60)):
        assert not held.is_safe()
        with pytest.raises(RegistryUnavailableError, match="too long"):
            held.check()
        late.__exit__(None, None, None)
        assert "segue.lock" in names.models
    assert "segue.lock" not in names.models


def test_who_waits_in_vain_is_told_by_whom(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "who", lambda: "you@there")
    with (
        lock(names, lease=60).held("", Deadline(5)),
        pytest.raises(RegistryUnavailableError, match="you@there is changing segue"),
        lock(names, lease=60).held("", Deadline(0.3)),
    ):
        pass


def test_a_lock_whose_answer_was_lost_does_not_stay(names: Names) -> None:
    names.lost_answers = 1
    with (
        pytest.raises(RegistryUnavailableError, match="timed out"),
        lock(names).held("", Deadline(5)),
    ):
        pass
    assert names.models == {}


def test_it_stays_where_something_may_be_half_done(names: Names) -> None:
    one = lock(names)
    with (
        pytest.raises(RegistryUnavailableError),
        one.held("to do", Deadline(5)) as held,
        held.left_if_unsure(),
    ):
        raise RegistryUnavailableError("read timed out")
    assert one.intent(Deadline(5)) == "to do"
    with lock(names).held("", Deadline(60)) as after:
        assert after.left_behind == "to do"
