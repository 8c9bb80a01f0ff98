"""A lock between hosts, which the database of MLflow's server keeps.

MLflow puts an alias wherever it is told; it cannot be told "only if it is there". But a registered
model of a name can be created once: whoever creates MODEL.lock holds the lock. Nobody compares
clocks. A holder that was killed leaves the lock behind; one who has seen the same holder for
LEASE seconds by its own clock takes it for dead, and renames the lock after it. A name is there
once, so that of two who do so one succeeds, and neither can take a later holder's lock away by
mistake. A holder gives up by itself after half of that time.

What is not held: a request that a holder sent in time, and that the server carries out only after
the lock was taken from that holder, LEASE / 2 seconds later or more.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections.abc import Iterator
from typing import Final

from serving.registry.mlflow.connection import (
    REQUEST_SECONDS,
    Connection,
    Deadline,
    ExistsError,
    MissingError,
)
from serving.registry.port import RegistryError, RegistryUnavailableError, who

_LOG = logging.getLogger(__name__)

#: Seconds after which a holder is taken for dead.
LEASE: Final = 20.0
_POLL_SECONDS: Final = 0.1

_OWNER: Final = "lock.owner"
_BY: Final = "lock.by"
_INTENT: Final = "lock.intent"


class Held:
    """A lock that is held.

    Attributes:
        left_behind: what a former holder, who was taken for dead, was about to do; "" for none.
    """

    def __init__(self, since: float, lease: float, left_behind: str = "") -> None:
        self.left_behind = left_behind
        self._since = since
        self._lease = lease
        #: Whether the lock stays when it is not held any more.
        self.stays = False

    @contextlib.contextmanager
    def left_if_unsure(self) -> Iterator[None]:
        """Leaves the lock behind if what is done within may be done by half."""
        self.stays = True
        try:
            yield
        except (ExistsError, MissingError):  # a plain no
            self.stays = False
            raise
        self.stays = False

    def check(self) -> None:
        """Makes sure that nobody can have taken it.

        Raises:
            RegistryUnavailableError: it was held for too long.
        """
        if not self.is_safe():
            raise RegistryUnavailableError(
                "the registry's server took too long while the lock was held; nothing was changed"
            )

    def is_safe(self) -> bool:
        """Whether nobody can have taken it."""
        return clock() - self._since < self._lease / 2


class Lock:
    """The lock of a registered model.

    Args:
        connection: to the server.
        model: the registered model.
        lease: seconds after which a holder is taken for dead.
    """

    def __init__(self, connection: Connection, model: str, lease: float = LEASE) -> None:
        self.name = f"{model}.lock"
        self._model = model
        self._connection = connection
        self._lease = lease
        #: How long a holder is watched before it is taken for dead.
        self._watch = lease

    @contextlib.contextmanager
    def held(self, intent: str, deadline: Deadline) -> Iterator[Held]:
        """Holds the lock.

        Args:
            intent: what is about to be done, for whoever would find the lock left behind.
            deadline: until when to wait for another holder.

        Raises:
            RegistryUnavailableError: another one holds it, or the server does not answer.
        """
        owner, started = uuid.uuid4().hex, clock()
        try:
            held = self._acquire(owner, intent, deadline)
        except RegistryUnavailableError:
            # The server may have created it, and the answer was lost.
            self._release_unsure(owner, started)
            raise
        try:
            yield held
        finally:
            if not held.stays:
                self._release(owner, held)

    def intent(self, deadline: Deadline) -> str:
        """What the holder is about to do; "" where nobody holds it."""
        with contextlib.suppress(MissingError):
            return self._look(deadline).get(_INTENT, "")
        return ""

    def _acquire(self, owner: str, intent: str, deadline: Deadline) -> Held:
        left_behind = ""
        seen, since = "", 0.0
        while True:
            started = clock()
            with contextlib.suppress(ExistsError):
                self._create(owner, intent, deadline)
                return Held(started, self._lease, left_behind)
            try:
                tags = self._look(deadline)
            except MissingError:
                continue
            holder, by = tags.get(_OWNER, ""), tags.get(_BY, "somebody")
            if holder == owner:  # a try whose answer was lost
                return Held(started, self._lease, left_behind)
            if holder != seen:
                seen, since = holder, clock()
            elif clock() - since > self._watch:
                if self._set_aside(holder, deadline):
                    _LOG.warning("%s was left behind by %s and is taken away", self.name, by)
                    left_behind = tags.get(_INTENT, "")
                continue
            if deadline.left() < _POLL_SECONDS:
                raise RegistryUnavailableError(
                    f"{self._connection.uri}: {by} is changing {self._model}; where that was "
                    f"killed, whoever waits for {self._watch:g} s takes its lock away"
                )
            time.sleep(_POLL_SECONDS)

    def _create(self, owner: str, intent: str, deadline: Deadline) -> None:
        tags = {_OWNER: owner, _BY: who(), _INTENT: intent}
        self._connection.call(
            lambda client: client.create_registered_model(self.name, tags), deadline
        )

    def _look(self, deadline: Deadline) -> dict[str, str]:
        return self._connection.call(
            lambda client: client.get_registered_model(self.name), deadline
        ).tags

    def _set_aside(self, owner: str, deadline: Deadline) -> bool:
        """Renames the lock of an owner; whether it was this call that did."""
        try:
            self._connection.call(
                lambda client: client.rename_registered_model(self.name, f"{self.name}.{owner}"),
                deadline,
            )
        except (ExistsError, MissingError):
            return False
        return True

    def _release(self, owner: str, held: Held) -> None:
        deadline = Deadline(REQUEST_SECONDS)
        try:
            if held.is_safe():
                self._connection.call(
                    lambda client: client.delete_registered_model(self.name), deadline
                )
            else:  # it may be another one's by now
                self._set_aside(owner, deadline)
        except MissingError:
            pass
        except RegistryUnavailableError as error:
            _LOG.warning("%s stays until somebody takes it away: %s", self.name, error)

    def _release_unsure(self, owner: str, started: float) -> None:
        """Releases the lock if it is there after all: the answer to its creation may be lost."""
        with contextlib.suppress(RegistryError):
            if self._look(Deadline(1.0)).get(_OWNER) == owner:
                self._release(owner, Held(started, self._lease))


def clock() -> float:
    """Seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
