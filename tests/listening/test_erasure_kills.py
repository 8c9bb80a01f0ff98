"""An eraser that is killed between any two steps: the same command again finishes it."""

from __future__ import annotations

import collections
import pathlib
import subprocess
import sys

import pyarrow.parquet as pq

from listening.events import reading
from listening.events.store import Store
from schema.events import EventPlaces, manifests
from tests.listening import dying
from tests.listening.stores import GONE, events, tables, traces


def seen(folder: pathlib.Path) -> collections.Counter[str]:
    """What a reader finds of others: each event by its key, each row and dead letter by content."""
    found: collections.Counter[str] = collections.Counter()
    root = str(folder / "events")
    rows = reading.read_dead_letters(root).to_pylist()
    for hour in reading.landed(root).hours:
        rows += reading.read_hour(root, hour).to_pylist()
    for path in sorted((folder / "tables").rglob("[!.]*.parquet")):
        rows += [{"table": path.name, **row} for row in pq.read_table(path).to_pylist()]
    found.update(map(repr, rows))
    return found


def test_no_kill_leaves_a_trace_or_takes_what_is_of_others(
    tmp_path: pathlib.Path, root: pathlib.Path
) -> None:
    stores, copies = tmp_path / "stores", tmp_path / "copies"
    stores.mkdir()
    pathlib.Path(events(tmp_path, seconds=200).root).rename(stores / "events")
    tables(stores)
    before = seen(stores)
    subprocess.run(
        [sys.executable, "-m", dying.__name__, str(stores), str(copies), GONE],
        cwd=root,
        check=True,
    )
    dying.erase(stores, GONE)
    after = seen(stores)
    positions = Store(str(stores / "events")).positions()
    removed = sum(each.removed for each in manifests(EventPlaces(str(stores / "events"))))
    kills = sorted(copies.iterdir())
    assert len(kills) > 30
    for folder in kills:
        half = seen(folder)
        assert half & after == after, f"{folder.name}: something of others is gone"
        assert half | before == before, f"{folder.name}: something is there twice"
        dying.erase(folder, GONE)
        assert not traces(str(folder / "events"), GONE) + traces(str(folder / "tables"), GONE)
        assert seen(folder) == after, folder.name
        assert Store(str(folder / "events")).positions() == positions
        places = EventPlaces(str(folder / "events"))
        assert sum(each.removed for each in manifests(places)) == removed, folder.name
        assert not list(folder.rglob(".partial-*")), folder.name
