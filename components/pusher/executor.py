"""Executor of the Pusher component."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable
from typing import Any, Final

from tfx import types
from tfx.components.pusher import executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils

from schema import artifacts
from schema.layout import MODEL_NAME
from serving.protocol import version_files
from serving.release import Served, look

#: Ends the name of a file that is being copied; a server that looks meanwhile does not know it.
_UNFINISHED: Final = ".unfinished"


class Executor(executor.Executor):
    """TFX's checks of the blessings and its marks on the output; the push is our own."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.Pusher`.

        Raises:
            ConfigError, ServingError: as `serving.release.look` does.
        """
        output = artifact_utils.get_single_instance(output_dict["pushed_model"])
        destination = exec_properties["destination"]
        found = look(destination, exec_properties["release_record"], MODEL_NAME)
        model = self.GetModelPath(input_dict)
        if not self.CheckBlessing(input_dict):
            self._MarkNotPushed(output)
            text = _not_pushed(model, found)
        else:
            version = _same(model, found)
            pushed = version is None
            if version is None:
                version = _next_version(found.versions, int(time.time()))
                _copy(model, os.path.join(destination, str(version)))
            path = os.path.join(destination, str(version))
            self._MarkPushed(output, pushed_destination=path, pushed_version=str(version))
            text = _outcome(version, pushed, found)
        output.set_string_custom_property(artifacts.SUMMARY, text)


def _same(model: str, found: Served) -> int | None:
    """The version that is a copy of the model and need not be pushed again.

    That is the one that is served. Where servers stay with another one, whatever is pushed, it may
    be any; otherwise a new version is what they go over to.
    """
    if found.pinned or max(found.versions, default=0) == version_files.MAX_VERSION:
        paths = {
            version: path
            for version, path in found.versions.items()
            if version_files.is_whole(path)
        }
    else:
        paths = {found.version: found.path} if found.version and found.path else {}
    own = version_files.content(model) if paths else ""
    for version in sorted(paths, key=lambda each: (each == found.version, each), reverse=True):
        if version_files.content(paths[version]) == own:
            return version
    return None


def _next_version(versions: Iterable[int], now: int) -> int:
    """The time in seconds, or above every version that is there, as servers take the highest."""
    taken = set(versions)
    version = max(now, max(taken, default=0) + 1)
    if version <= version_files.MAX_VERSION:
        return version
    return next(number for number in itertools.count(now) if number not in taken)


def _copy(model: str, target: str) -> None:
    """Puts the file in place last, and at once, without which servers take it for unfinished."""
    last = version_files.MODEL_FILE
    io_utils.copy_dir(model, target, deny_regex_patterns=[rf"{last}$"])
    part = os.path.join(target, f"{last}{_UNFINISHED}")
    io_utils.copy_file(os.path.join(model, last), part)
    fileio.rename(part, os.path.join(target, last), overwrite=True)


def _not_pushed(model: str, found: Served) -> str:
    text = "nothing was pushed"
    if found.path and version_files.content(model) == version_files.content(found.path):
        text += f"; the same model goes on being served as version {found.version}"
    return text


def _outcome(version: int, pushed: bool, found: Served) -> str:
    if version == found.version:
        return f"served already as version {version}, not pushed again"
    did = (
        f"pushed as version {version}"
        if pushed
        else f"there already as version {version}, not pushed again"
    )
    if found.pinned:
        return (
            f"{did}; servers stay with version {found.version} by the release record until "
            f"`segue release promote {version}`"
        )
    higher = max(found.versions, default=0)
    if higher > version:
        return f"{did}; servers go on with version {higher}, whose number is higher"
    return did
