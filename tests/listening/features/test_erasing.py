"""Who is erased leaves features as if they had never been there."""

from __future__ import annotations

import pathlib
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from listening import erasure, segments
from listening.features import finish, history, partitions, social
from schema.tables import LISTENER_VECTORS
from tests.listening.features.conftest import World, cut
from tests.listening.stores import traces

WHEN = cut(9)
RULES = "configs/segments"


def everything(events: str, features: str, world: World, follows: str, rules: str) -> None:
    history.build(events, features, WHEN, world.tracks)
    social.build(events, features, world.tracks, WHEN, follows)
    segments.build(features, rules, WHEN)


def tables(features: str) -> dict[str, pa.Table]:
    names = ("listening_history", "social_graph", "segments")
    return {name: partitions.read(features, name, WHEN) for name in names}


@pytest.fixture(scope="module")
def gone(world: World) -> list[str]:
    """Three listeners who do much, and follow and are followed; two of them each other."""
    table = pq.read_table(world.follows)
    table = table.filter(table.column("followed_listener").is_valid())
    pairs = set(zip(*(table.column(n).to_pylist() for n in table.schema.names[:2]), strict=True))
    mutual = sorted(pair for pair in pairs if pair[::-1] in pairs)
    first, second = mutual[0]
    third = next(a for a, _ in sorted(pairs) if a not in (first, second))
    return [first, second, third]


def test_what_is_left_is_what_would_have_been_built(
    world: World, gone: list[str], tmp_path: pathlib.Path, root: pathlib.Path
) -> None:
    rules, events = str(root / RULES), str(tmp_path / "events")
    features, ties = str(tmp_path / "features"), tmp_path / "ties"
    shutil.copytree(world.events, events)
    ties.mkdir()
    shutil.copy(world.follows, ties / "follows.parquet")
    follows = str(ties / "follows.parquet")
    everything(events, features, world, follows, rules)
    before = tables(features)
    assert all(traces(features, listener) for listener in gone)
    stores = {"events": events, "tables": str(ties), "features": features}
    removed = erasure.erase(stores, gone)["features"]
    assert removed["files"] == 3
    assert removed["rows"] == 9
    assert removed["mentions"] > 3
    assert not [path for listener in gone for path in traces(features, listener)]
    left = tables(features)
    everything(events, str(tmp_path / "anew"), world, follows, rules)
    wanted = tables(str(tmp_path / "anew"))
    assert [name for name, table in left.items() if not table.equals(wanted[name])] == []
    assert before["segments"].num_rows - left["segments"].num_rows == 3
    known = partitions.partitions(features, "social_graph")
    assert [each.version for each in known] == [2]
    # Done again it finds nothing, and leaves every version.
    again = erasure.erase({"features": features}, gone)["features"]
    assert again == {"rows": 0, "mentions": 0, "files": 0}
    assert partitions.partitions(features, "social_graph") == known


def test_what_was_cut_short_goes_too(world: World, tmp_path: pathlib.Path) -> None:
    history.build(world.events, str(tmp_path), WHEN)
    listener = partitions.read(str(tmp_path), "listening_history", WHEN)["listener_id"][0].as_py()
    left = tmp_path / "listening_history" / ".partial-0"
    left.mkdir()
    (left / "run.arrow").write_bytes(listener.encode())
    erasure.erase({"features": str(tmp_path)}, [listener])
    assert not left.exists()
    assert not traces(str(tmp_path), listener)


def test_vectors_go_and_so_may_the_last_row(tmp_path: pathlib.Path) -> None:
    one, other = "a" * 32, "b" * 32
    rows = [(name, "17", [0.5, 1.0], 3, 2) for name in (one, other)]
    arrays = [
        pa.array(list(column), field.type)
        for column, field in zip(zip(*rows, strict=True), LISTENER_VECTORS, strict=True)
    ]
    with partitions.building(str(tmp_path), "listener_vectors", WHEN) as draft:
        finish(draft, [pa.table(arrays, schema=LISTENER_VECTORS)])
    erasure.erase({"features": str(tmp_path)}, [one])
    table = partitions.read(str(tmp_path), "listener_vectors", WHEN)
    assert pc.unique(table.column("listener_id")).to_pylist() == [other]
    erasure.erase({"features": str(tmp_path)}, [other])
    assert partitions.read(str(tmp_path), "listener_vectors", WHEN).num_rows == 0
    assert not traces(str(tmp_path), one) + traces(str(tmp_path), other)
