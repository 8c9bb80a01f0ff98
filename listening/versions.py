"""Folders that are replaced whole: a slot holds numbered versions, of which the highest counts.

A version is built beside its slot and renamed into it, so it is whole or not there; the one before
stays readable until the new one stands.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

_VERSION: Final = re.compile(r"version-(\d{6})")
_PARTIAL: Final = ".partial-"
_TRIES: Final = 5
_Found = TypeVar("_Found")


def newest(slot: str) -> tuple[int, str] | None:
    """The number and the folder of the version that counts; None where there is none."""
    numbers = [number for number, _ in _versions(slot)]
    return (max(numbers), _folder(slot, max(numbers))) if numbers else None


@contextlib.contextmanager
def partial(home: str) -> Iterator[str]:
    """Gives a folder in which a version is built; what is left of it goes at the end.

    Args:
        home: the folder of slots.
    """
    folder = os.path.join(home, f"{_PARTIAL}{uuid.uuid4().hex}")
    try:
        os.makedirs(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def place(slot: str, draft: str) -> tuple[int, str, bool]:
    """Makes a folder the version of a slot that counts.

    Where it holds what the version before holds, byte by byte, that one stays. A kill at any moment
    leaves one of both.

    Args:
        slot: made where it is missing.
        draft: on the same file system.

    Returns:
        The number, the folder, and whether it differs from what was there before.
    """
    before = newest(slot)
    if before is not None and _same(before[1], draft):
        return (*before, False)
    for name in names(draft):
        _sync(os.path.join(draft, name))
    _sync(draft)
    os.makedirs(slot, exist_ok=True)
    number = 1 if before is None else before[0] + 1
    folder = _folder(slot, number)
    os.rename(draft, folder)
    _sync(slot)
    _sync(os.path.dirname(slot))
    _clear_slot(slot)
    return number, folder, True


def clear(home: str, slots: re.Pattern[str]) -> None:
    """Removes what was cut short, and versions that newer ones have replaced.

    Args:
        home: the folder of slots.
        slots: what their names look like.
    """
    for name in names(home):
        if name.startswith(_PARTIAL):
            shutil.rmtree(os.path.join(home, name), ignore_errors=True)
        elif slots.fullmatch(name):
            _clear_slot(os.path.join(home, name))


def retried(once: Callable[[], _Found]) -> _Found:
    """Reads again where a newer version took the place of what was read."""
    for _ in range(_TRIES - 1):
        with contextlib.suppress(FileNotFoundError):
            return once()
    return once()


def names(folder: str) -> list[str]:
    """What lies in a folder, nothing where it is none."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _clear_slot(slot: str) -> None:
    versions = sorted(_versions(slot))
    for _, name in versions[:-1]:
        # Under another name first, so that no reader finds half of it.
        leaving = os.path.join(os.path.dirname(slot), f"{_PARTIAL}{uuid.uuid4().hex}")
        os.rename(os.path.join(slot, name), leaving)
        shutil.rmtree(leaving)


def _same(one: str, other: str) -> bool:
    found = sorted(names(one))
    return found == sorted(names(other)) and all(
        filecmp.cmp(os.path.join(one, name), os.path.join(other, name), shallow=False)
        for name in found
    )


def _folder(slot: str, number: int) -> str:
    return os.path.join(slot, f"version-{number:06d}")


def _versions(slot: str) -> Iterator[tuple[int, str]]:
    for name in names(slot):
        if match := _VERSION.fullmatch(name):
            yield int(match[1]), name


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
