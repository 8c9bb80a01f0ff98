"""Of which model the vectors are that are served.

Redis changes a key at a time, so while one model's vectors take the place of another's both lie
there. Readers see those of the one that is named here, which changes by a rename.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from listening.store.port import EVENT_TIME
from listening.store.views import another_space, space_of
from schema.files import write_text
from schema.tables import FeatureView

_FILE: Final = "spaces.json"


@dataclasses.dataclass(frozen=True)
class Space:
    """What is served of a view with vectors.

    Attributes:
        name: of the space.
        newest: no row is of a later time; microseconds since 1970.
    """

    name: str
    newest: int


class Spaces:
    """The file."""

    def __init__(self, root: str) -> None:
        """Names the store's directory."""
        self._path = os.path.join(root, _FILE)

    def enter(self, view: FeatureView, rows: pa.Table, *, replace: bool) -> None:
        """Makes the space of rows the one that is served, before they are written.

        Args:
            view: whose rows they are.
            rows: with `event_timestamp`.
            replace: whether older vectors of another space make room.

        Raises:
            OlderSpaceError: vectors of another space are served, and stay.
        """
        space = space_of(view, rows)
        if view.space is None or not rows.num_rows:
            return
        times = pc.min_max(rows.column(EVENT_TIME).cast(pa.int64())).as_py()
        known = self._read()
        found = known.get(view.name)
        if found is None or found.name == space:
            entered = Space(space, max(times["max"], found.newest if found else times["max"]))
        elif not replace or found.newest > times["min"]:
            raise another_space(view, found.name, space)
        else:
            entered = Space(space, times["max"])
        if entered != found:
            self._write({**known, view.name: entered})

    def sees(self, view: FeatureView, row: Mapping[str, Any]) -> bool:
        """Whether a row is served."""
        if view.space is None:
            return True
        found = self._read().get(view.name)
        return found is not None and row[view.space] == found.name

    def _read(self) -> dict[str, Space]:
        try:
            with open(self._path, encoding="utf-8") as file:
                return {name: Space(**each) for name, each in json.load(file).items()}
        except FileNotFoundError:
            return {}

    def _write(self, spaces: Mapping[str, Space]) -> None:
        content = {name: dataclasses.asdict(each) for name, each in spaces.items()}
        write_text(self._path, json.dumps(content))
