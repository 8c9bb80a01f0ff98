"""What is served: looked up in the directory of versions and in the release record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import tensorflow as tf

from serving.protocol import ConfigError, version_files
from serving.release.record import Release, read_releases


@dataclasses.dataclass(frozen=True)
class Served:
    """What servers of a directory of versions serve.

    Attributes:
        version: the version; None where nothing is served.
        path: its directory; None where nothing is served, or it cannot be.
        pinned: whether the release record names it: servers stay with it whatever is pushed.
        problem: why the version that the record names cannot be served, in words; else None.
        versions: all that are there, whole or not: directory by version.
        release: the last one of the record; None before the first.
    """

    version: int | None
    path: str | None
    pinned: bool
    problem: str | None
    versions: Mapping[int, str]
    release: Release | None = None


def look(base_path: str, record_path: str, model: str) -> Served:
    """Looks up what is served: the stable version of the record, else the newest whole one.

    Args:
        base_path: the model's directory of versions, local or on any file system of TensorFlow.
        record_path: the release record; it is missing where nothing was released yet.
        model: the model's name in the record.

    Raises:
        ConfigError: the record cannot be read, or is of another model.
        ServingError: the base path cannot be listed.
    """
    there = version_files.list_versions(base_path) if tf.io.gfile.exists(base_path) else {}
    releases = read_releases(record_path, model)
    if releases:
        release = releases[-1]
        stable = release.stable
        if stable not in there:
            problem = f"the release record {record_path} names it, but it is missing"
        elif not version_files.is_whole(there[stable]):
            lacks = version_files.MODEL_FILE
            problem = f"the release record {record_path} names it, but it holds no {lacks}"
        else:
            return Served(stable, there[stable], True, None, there, release)
        return Served(stable, None, True, problem, there, release)
    newest_first = sorted(there, reverse=True)
    newest = next((each for each in newest_first if version_files.is_whole(there[each])), None)
    return Served(newest, None if newest is None else there[newest], False, None, there)


def labels(base_path: str, record_path: str, model: str) -> dict[str, int]:
    """Looks up which versions a server is to serve by the release record.

    Args:
        base_path: the model's directory of versions, local or on any file system of TensorFlow.
        record_path: the release record; it is missing where nothing was released yet.
        model: the model's name in the record.

    Returns:
        Version by label; none where nothing was released.

    Raises:
        ConfigError: the record cannot be read or is of another model, or a version that it names
            is missing.
        ServingError: the base path cannot be listed.
    """
    releases = read_releases(record_path, model)
    if not releases:
        return {}
    found = releases[-1].labels
    there = version_files.list_versions(base_path) if tf.io.gfile.exists(base_path) else {}
    for label, version in found.items():
        if version not in there:
            raise ConfigError(
                f"the release record {record_path} names version {version} as {label}, but it is "
                f"missing from {base_path}: put it back"
            )
    return found
