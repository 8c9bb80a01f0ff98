"""The port of registries: what each of them does, and what may go wrong."""

from __future__ import annotations

import abc
import getpass
import platform
from collections.abc import Sequence
from types import TracebackType
from typing import Literal

from schema.registry import ALIASES, Alias, Move, RegisteredVersion, Registration
from serving.protocol import ConfigError

Action = Literal["register", "promote", "rollback"]


class RegistryError(RuntimeError):
    """A registry did not do what it was asked; the message says why."""


class RegistryUnavailableError(RegistryError):
    """It does not answer, or not in time, or cannot be read or written; later it may."""


class UnknownVersionError(RegistryError):
    """No such version is registered."""


class OtherContentError(RegistryError):
    """Another model is registered as the same serving version."""


class NothingBeforeError(RegistryError):
    """There is no version that an alias could go back to."""


class AliasMovedError(RegistryError):
    """An alias is not where whoever wants to move it believes it to be.

    Attributes:
        alias: the alias.
        expected: the serving version that it was to be on, None for none.
        found: the one that it is on.
    """

    def __init__(self, alias: str, expected: int | None, found: int | None) -> None:
        self.alias, self.expected, self.found = alias, expected, found
        super().__init__(
            f"{alias} is on {_version(found)}, not on {_version(expected)}: somebody has moved it"
        )


class Registry(abc.ABC):
    """One registered model: its versions, two aliases, and every move of them.

    Each adapter passes `tests/serving/registry/test_registries.py`. Versions are named by their
    serving version throughout. All methods raise RegistryUnavailableError where the registry
    cannot be asked, within the timeout that it was opened with; nothing is half done then, or the
    next call of any process sees to it.

    Attributes:
        uri: what it was opened with.
        model: the registered model.
    """

    def __init__(self, uri: str, model: str) -> None:
        self.uri = uri
        self.model = model

    @abc.abstractmethod
    def register(
        self, registration: Registration, *, alias: Alias | None = None
    ) -> RegisteredVersion:
        """Makes a version known, and keeps a copy of its metrics and page.

        The same version again changes nothing, and completes what was cut short. The alias is
        given unless the version has had it before, by any move, or is the champion.

        Args:
            registration: the version; its model is that of the registry.
            alias: what is put on it, wherever that was.

        Raises:
            OtherContentError: the serving version is registered with another content.
            RegistryError: the files that are to be kept cannot be read.
        """

    @abc.abstractmethod
    def versions(self) -> Sequence[RegisteredVersion]:
        """All versions with their aliases, by serving version; none before the first."""

    @abc.abstractmethod
    def current(self, alias: Alias) -> RegisteredVersion | None:
        """The version that an alias is on, None where it is on none."""

    @abc.abstractmethod
    def history(self) -> Sequence[Move]:
        """The moves of all aliases in the order in which they were made."""

    @abc.abstractmethod
    def read(self, copy: str) -> bytes:
        """The content of a copy that the registry keeps.

        Args:
            copy: `metrics_file` or `page` of one of its versions.
        """

    @abc.abstractmethod
    def _move(
        self, alias: Alias, version: int, expected: int | None, action: Action, reason: str
    ) -> Move:
        """Puts an alias on a version, if it is where it is expected to be.

        Whether it is, and the move with its entry in the history, are one step for everybody else:
        of two that expect the same, one gets AliasMovedError. An alias that is on the version
        already, and expected there, stays, and no entry is made.

        Args:
            alias: the alias.
            version: the serving version.
            expected: the serving version that it must be on, None for none.
            action: for the history.
            reason: for the history.

        Raises:
            AliasMovedError: it is on another one.
            UnknownVersionError: the version is not registered.
        """

    def version(self, serving_version: int) -> RegisteredVersion:
        """One version.

        Raises:
            UnknownVersionError: it is not registered.
        """
        for each in self.versions():
            if each.serving_version == serving_version:
                return each
        raise self._unknown(serving_version)

    def promote(
        self, alias: Alias, version: int, *, expected: int | None, reason: str = ""
    ) -> Move:
        """Puts an alias on a version.

        Args:
            alias: the alias.
            version: the serving version.
            expected: the serving version that it must be on, None for none.
            reason: why, for the history.

        Raises:
            AliasMovedError: it is on another one.
            UnknownVersionError: the version is not registered.
        """
        return self._move(alias, version, expected, "promote", reason)

    def rollback(self, alias: Alias, *, expected: int, reason: str = "") -> Move:
        """Puts an alias back on the version that it was on before.

        Args:
            alias: the alias.
            expected: the serving version that it must be on.
            reason: why, for the history.

        Raises:
            AliasMovedError: it is on another one.
            NothingBeforeError: it was on no other version before.
            UnknownVersionError: the version before is not registered any more.
        """
        before = before_in(self.history(), alias)
        if before is None:
            found = self.current(alias)
            there = None if found is None else found.serving_version
            if there != expected:
                raise AliasMovedError(alias, expected, there)
            raise NothingBeforeError(f"{alias} was on no version before {_version(expected)}")
        return self._move(alias, before, expected, "rollback", reason)

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Gives back what the registry holds open."""

    def __enter__(self) -> Registry:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _unknown(self, version: int) -> UnknownVersionError:
        return UnknownVersionError(
            f"version {version} of {self.model} is not registered at {self.uri}: "
            "`segue registry register` does that"
        )


def check_same(known: RegisteredVersion, registration: Registration) -> None:
    """Makes sure that a version that is registered holds what is to be registered.

    Raises:
        OtherContentError: it does not.
    """
    if registration.content and known.content and registration.content != known.content:
        raise OtherContentError(
            f"version {known.serving_version} of {known.model} is registered already, with another "
            "content"
        )


def before_in(history: Sequence[Move], alias: Alias) -> int | None:
    """The version that a rollback would put an alias on, by its history; None without one.

    A rollback drops the moves that it leaves: after 1, 2 and back to 1, nothing is before 1.
    """
    stack: list[int] = []
    for move in history:
        if move.alias != alias:
            continue
        if move.action == "rollback":
            while stack and stack[-1] != move.version:
                stack.pop()
        if not stack or stack[-1] != move.version:
            stack.append(move.version)
    return stack[-2] if len(stack) > 1 else None


def gives(history: Sequence[Move], alias: Alias, version: int, champion: int | None) -> bool:
    """Whether a registration puts an alias on a version; see `Registry.register`."""
    had = any(move.alias == alias and move.version == version for move in history)
    return not had and version != champion


def check_alias(alias: str) -> Alias:
    """An alias from outside.

    Raises:
        ConfigError: there is none of that name.
    """
    for known in ALIASES:
        if known == alias:
            return known
    raise ConfigError(f"there is no alias {alias!r}; choose from {', '.join(ALIASES)}")


def who() -> str:
    """Who registers and moves: a user and a host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a user without a name
        user = "unknown"
    return f"{user}@{platform.node()}"


def _version(number: int | None) -> str:
    return "no version" if number is None else f"version {number}"
