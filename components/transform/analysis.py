"""Where Transform keeps what it learnt from each span, for the next run that reads the span again.

An entry is named after a span and its playlists, in a folder named after all else that it depends
on, so that none is ever taken for another. It is no artifact: which one is the latest would be a
part of TFX's cache key, and no run would be like another.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tfx.dsl.io import fileio

#: Last of what an entry has; without it there is none. TensorFlow Transform's name.
_MANIFEST: Final = "MANIFEST"
#: The key of `custom_config` that says where entries lie; "" or absent where none are kept.
PLACE: Final = "analysis"


@dataclasses.dataclass(frozen=True)
class Analysis:
    """The entries of one code and configuration.

    Attributes:
        place: directory of all entries, local or remote.
        folder: of those that this run can take.
        keys: names of the entries of its spans, by number.
    """

    place: str
    folder: str
    keys: Mapping[int, str]

    @classmethod
    def of(
        cls, custom_config: Mapping[str, Any], preprocessing_fn: str, schema: str, spans: str
    ) -> Analysis | None:
        """Names the entries.

        Args:
            custom_config: the component's.
            preprocessing_fn: its full name.
            schema: of the Examples, as text.
            spans: what the Examples say of theirs, `schema.artifacts.SPANS`; "" for none.

        Returns:
            None where nothing is kept.
        """
        place = custom_config.get(PLACE)
        if not place or not spans:
            return None
        others = {key: value for key, value in custom_config.items() if key != PLACE}
        made_by = json.dumps([others, preprocessing_fn, schema], sort_keys=True)
        digest = hashlib.sha256(made_by.encode()).hexdigest()[:16]
        keys = {
            int(number): f"{prefix(int(number))}{print_}"
            for number, print_ in json.loads(spans).items()
        }
        return cls(place, os.path.join(place, digest), keys)

    def known(self) -> list[int]:
        """The spans of which there is an entry."""
        return [
            number
            for number, key in self.keys.items()
            if fileio.exists(os.path.join(self.folder, key, _MANIFEST))
        ]

    def put(self, made: str) -> None:
        """Puts new entries in place, and removes those that no run takes any more.

        These are entries of another code or configuration, and of other playlists of a span.

        Args:
            made: directory in which entries were made, by name.
        """
        for key in _names(made):
            target = os.path.join(self.folder, key)
            _remove(target)
            fileio.makedirs(target)
            # The manifest last: until then there is no entry, also where it takes a while.
            for name in sorted(_names(os.path.join(made, key)), key=lambda name: name == _MANIFEST):
                fileio.rename(os.path.join(made, key, name), os.path.join(target, name))
        for folder in _names(self.place):
            if folder != os.path.basename(self.folder):
                _remove(os.path.join(self.place, folder))
        mine = {*self.keys.values()}
        for key in _names(self.folder):
            if key not in mine and any(key.startswith(prefix(number)) for number in self.keys):
                _remove(os.path.join(self.folder, key))


def prefix(number: int) -> str:
    """What the names of a span's files and entries begin with."""
    return f"span-{number:05d}-"


def _names(folder: str) -> Iterable[str]:
    if not fileio.isdir(folder):
        return []
    return sorted(str(name).rstrip("/") for name in fileio.listdir(folder))


def _remove(path: str) -> None:
    if fileio.exists(path):
        fileio.rmtree(path)
