"""What a registry says beside what lies and is served at the destination.

An alias is a decision and lives in the registry; a label is what servers were told and lives in the
release record. Where they differ, what is served is what servers were told: a registry may have
been restored from yesterday, or not been told yet.
"""

from __future__ import annotations

import dataclasses

from schema.layout import MODEL_NAME
from schema.registry import CHALLENGER, CHAMPION, RegisteredVersion
from serving.protocol import version_files
from serving.registry.places import TIMEOUT, open_registry
from serving.registry.port import Registry, RegistryError
from serving.release import Served, look


@dataclasses.dataclass(frozen=True)
class Resolved:
    """What is served, and what the registry has to do with it.

    Attributes:
        served: the version that servers of the destination serve, or, where no release has told
            them, the champion.
        by: "registry", "release record" or "destination": who names it.
        note: how the registry differs, or why it was not asked, in words; "" where it agrees.
    """

    served: Served
    by: str
    note: str


def resolve(
    base_path: str, record_path: str, uri: str, model: str, *, timeout: float = TIMEOUT
) -> Resolved:
    """Looks up what is served, by the registry where there is one, else by the destination.

    Args:
        base_path: the model's directory of versions, local or remote.
        record_path: the release record; it is missing where nothing was released yet.
        uri: of the registry, "" for none.
        model: the registered model.
        timeout: seconds that it may take to answer.

    Raises:
        ConfigError: the record cannot be read, or the URI names no registry.
        ServingError: the base path cannot be listed.
    """
    found = look(base_path, record_path, MODEL_NAME)
    by = "release record" if found.pinned else "destination"
    if not uri:
        return Resolved(found, by, "")
    try:
        with open_registry(uri, model, timeout=timeout) as registry:
            champion = registry.current(CHAMPION)
    except RegistryError as error:
        return Resolved(found, by, f"the registry was not asked: {error}")
    if champion is None:
        return Resolved(found, by, "")
    version = champion.serving_version
    note = ""
    if problem := trouble(champion, found):
        note = f"the registry's champion cannot be served: {problem}"
    elif found.pinned and found.version != version:
        note = (
            f"the registry's champion is version {version}, but the release record names version "
            f"{found.version}, which servers obey"
        )
    if note:
        return Resolved(found, by, note)
    served = dataclasses.replace(found, version=version, path=found.versions[version])
    return Resolved(served, "registry", "")


def trouble(version: RegisteredVersion, found: Served) -> str:
    """Why a registered version cannot be served from the destination, "" where it can."""
    number = version.serving_version
    path = found.versions.get(number)
    if path is None:
        return f"version {number} is gone from the destination"
    if not version_files.is_whole(path):
        return f"version {number} holds no {version_files.MODEL_FILE}"
    if version.content and version_files.content(path) != version.content:
        return f"version {number} is another model than the one that was registered"
    return ""


@dataclasses.dataclass(frozen=True)
class Standing:
    """The aliases beside what is served.

    Attributes:
        champion: the version that is to be served; None for none.
        challenger: the one that is to be tried; None for none.
        registered: the numbers of all versions.
        served: what is served at the destination; None where there is no destination to look at.
        unregistered: the versions at the destination that the registry does not know.
        differences: what does not agree, in words, and what to do.
    """

    champion: RegisteredVersion | None
    challenger: RegisteredVersion | None
    registered: tuple[int, ...]
    served: Served | None
    unregistered: tuple[int, ...] = ()
    differences: tuple[str, ...] = ()


def standing(registry: Registry, served: Served | None) -> Standing:
    """Compares a registry with the destination.

    Args:
        registry: the registry.
        served: what is served there, as of `serving.release.look`; None without a destination.

    Raises:
        RegistryError: it cannot be asked.
    """
    champion, challenger = registry.current(CHAMPION), registry.current(CHALLENGER)
    known = tuple(each.serving_version for each in registry.versions())
    if served is None:
        return Standing(champion, challenger, known, None)
    whole = [each for each, path in served.versions.items() if version_files.is_whole(path)]
    unregistered = tuple(sorted({*whole} - {*known}))
    told = []
    for alias, version in ((CHAMPION, champion), (CHALLENGER, challenger)):
        problem = trouble(version, served) if version else ""
        if problem:
            told.append(f"{alias}: {problem}: put it back, or move the alias")
    if champion and champion.serving_version != served.version:
        told.append(_elsewhere(champion.serving_version, served))
    if served.version in unregistered:
        told.append(
            f"version {served.version} is served, but not registered: "
            f"`segue registry register {served.path}`"
        )
    return Standing(champion, challenger, known, served, unregistered, tuple(told))


def _elsewhere(champion: int, served: Served) -> str:
    if served.version is None:
        return f"version {champion} is the champion, but nothing is served"
    if served.pinned:
        return (
            f"the label stable is on version {served.version}, not on the champion, version "
            f"{champion}: `segue release promote {champion}` moves the label, "
            f"`segue registry promote {served.version}` the alias"
        )
    return (
        f"servers without a release take the newest, version {served.version}, not the champion, "
        f"version {champion}: `segue release promote {champion}` tells them"
    )
