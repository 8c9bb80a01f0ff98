"""A partition is whole or not there, whatever is killed; anomalies keep it from its place."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from listening.features import checks, partitions
from listening.features.partitions import Draft, building
from listening.features.writing import write_table
from schema import output_lock
from schema.side_tables import describe_side_table
from schema.tables import AUDIO_EMBEDDINGS, FEATURE_VIEWS, SEGMENTS
from tests.listening.features.conftest import cut

WHEN = cut(8)


def segments(*names: str, segment: str = "casual") -> pa.Table:
    columns = {
        "listener_id": list(names),
        "segment": [segment] * len(names),
        "since": pa.array([0] * len(names), pa.int64()).cast(SEGMENTS.field("since").type),
        "why": [""] * len(names),
    }
    return pa.table(columns, schema=SEGMENTS)


def put(root: pathlib.Path, table: pa.Table, day: int = 8) -> Draft:
    with building(str(root), "segments", cut(day)) as draft:
        write_table(draft, [table])
        describe_side_table(draft.folder, "segments", cut(day))
    return draft


def names(root: pathlib.Path, day: int = 8) -> list[str]:
    return partitions.read(str(root), "segments", cut(day)).column("listener_id").to_pylist()


def test_the_newest_version_counts_and_the_same_rows_are_no_new_one(tmp_path: pathlib.Path) -> None:
    assert partitions.partitions(str(tmp_path), "segments") == []
    first = put(tmp_path, segments("a", "b"))
    assert (first.changed, first.placed.version, names(tmp_path)) == (True, 1, ["a", "b"])
    again = put(tmp_path, segments("a", "b"))
    assert (again.changed, again.placed.version) == (False, 1)
    other = put(tmp_path, segments("a"))
    assert (other.changed, other.placed.version, names(tmp_path)) == (True, 2, ["a"])
    put(tmp_path, segments("c"), day=9)
    found = partitions.partitions(str(tmp_path), "segments")
    assert [(each.as_of, each.version) for each in found] == [
        ("2017-11-08T00", 2),
        ("2017-11-09T00", 1),
    ]
    assert partitions.newest(str(tmp_path), "segments").as_of == "2017-11-09T00"
    assert partitions.newest(str(tmp_path), "segments", cut(8, 23)).as_of == "2017-11-08T00"
    assert partitions.newest(str(tmp_path), "segments", cut(7)) is None
    assert [b.column("listener_id").to_pylist() for b in found[0].blocks()] == [["a"]]
    with pytest.raises(ValueError, match="holds no segments as of 2017-11-07T00"):
        names(tmp_path, day=7)


class KilledError(BaseException):
    """The process is gone."""


class Kill:
    """Ends at the step-th call, before or after it; the dead do nothing more."""

    def __init__(self, step: int, when: str) -> None:
        self._left, self._when, self.dead = step, when, False

    def counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any, **named: Any) -> Any:
            if self.dead:
                raise KilledError
            self._left -= 1
            self.dead = self._left == 0
            if self.dead and self._when == "before":
                raise KilledError
            found = call(*arguments, **named)
            if self.dead:
                raise KilledError
            return found

        return made


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_step_leaves_the_old_or_the_new(
    when: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = ["a", "b"], ["c"]
    seen: list[list[str]] = []
    step, alive = 0, False
    while not alive:
        step += 1
        put(tmp_path, segments(*old))
        kill = Kill(step, when)
        with monkeypatch.context() as patched:
            for name in ("rename", "fsync", "makedirs"):
                patched.setattr(os, name, kill.counted(getattr(os, name)))
            patched.setattr(shutil, "rmtree", kill.counted(shutil.rmtree))
            with contextlib.suppress(KilledError):
                put(tmp_path, segments(*new))
                alive = True
        seen.append(names(tmp_path))
    assert seen[-1] == new
    assert seen.index(new) > 5
    # From the moment in which it is there it stays.
    assert seen == sorted(seen)
    left = {path.name for path in (tmp_path / "segments").iterdir()}
    assert left == {".lock", "as_of=2017-11-08T00"}
    assert len(list((tmp_path / "segments" / "as_of=2017-11-08T00").iterdir())) == 1


def test_a_block_that_fails_leaves_what_was_there(tmp_path: pathlib.Path) -> None:
    put(tmp_path, segments("a"))
    with pytest.raises(ZeroDivisionError), building(str(tmp_path), "segments", WHEN):
        raise ZeroDivisionError
    assert names(tmp_path) == ["a"]


def test_one_at_a_time(tmp_path: pathlib.Path) -> None:
    with (
        building(str(tmp_path), "segments", WHEN),
        pytest.raises(output_lock.InUseError, match="segue features build"),
        building(str(tmp_path), "segments", WHEN),
    ):
        raise AssertionError


def test_a_table_that_was_changed_is_refused(tmp_path: pathlib.Path) -> None:
    placed = put(tmp_path, segments("a")).placed
    path = pathlib.Path(placed.folder) / "table.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ValueError, match="not the table that its description names"):
        names(tmp_path)


def test_the_file_does_not_tell_how_its_rows_came(tmp_path: pathlib.Path) -> None:
    rows = segments(
        *(f"{number:08x}" for number in range(FEATURE_VIEWS["segments"].group_rows + 1000))
    )
    for name, size in (("one", len(rows)), ("many", 777)):
        with building(str(tmp_path / name), "segments", WHEN) as draft:
            parts = [rows.slice(start, size) for start in range(0, len(rows), size)]
            assert write_table(draft, parts) == len(rows)
    one, many = (
        (tmp_path / name / "segments/as_of=2017-11-08T00/version-000001/table.parquet")
        for name in ("one", "many")
    )
    assert one.read_bytes() == many.read_bytes()


@pytest.mark.parametrize("parts", [[("b", "a")], [("a", "a")], [("a",), ("a",)], [("b",), ("a",)]])
def test_keys_rise(parts: list[tuple[str, ...]], tmp_path: pathlib.Path) -> None:
    with (
        pytest.raises(ValueError, match="listener_id does not rise"),
        building(str(tmp_path), "segments", WHEN) as draft,
    ):
        write_table(draft, [segments(*part) for part in parts])


def audio(*rows: tuple[str, str, list[float]]) -> pa.Table:
    uris, spaces, vectors = zip(*rows, strict=True)
    columns = [list(uris), list(spaces), list(vectors), [[]] * len(uris)]
    arrays = [
        pa.array(column, field.type)
        for column, field in zip(columns, AUDIO_EMBEDDINGS, strict=True)
    ]
    return pa.table(arrays, schema=AUDIO_EMBEDDINGS)


@pytest.mark.parametrize("together", [True, False])
def test_vectors_of_two_spaces_do_not_mix(together: bool, tmp_path: pathlib.Path) -> None:
    rows = [("a", "one", [1.0]), ("b", "two", [1.0])]
    parts = [audio(*rows)] if together else [audio(row) for row in rows]
    with (
        pytest.raises(ValueError, match="vectors of different space do not compare: one, two"),
        building(str(tmp_path), "audio_embeddings", WHEN) as draft,
    ):
        write_table(draft, parts)


def checked(root: pathlib.Path, *vectors: float) -> checks.Checked:
    rows = [(f"t{number}", "one", [value]) for number, value in enumerate(vectors)]
    with building(str(root), "audio_embeddings", WHEN) as draft:
        write_table(draft, [audio(*rows)])
        return checks.check(draft)


def test_what_was_checked_lies_beside_the_table(tmp_path: pathlib.Path) -> None:
    assert checked(tmp_path, 0.5, -1.0).warnings == ()
    (found,) = partitions.partitions(str(tmp_path), "audio_embeddings")
    assert {path.name for path in pathlib.Path(found.folder).iterdir()} == {
        *("table.parquet", "side_table.json", "statistics.pb", "schema.pbtxt"),
        "anomalies.pbtxt",
    }


def test_a_serious_anomaly_stops_a_build(tmp_path: pathlib.Path) -> None:
    checked(tmp_path, 0.5, -1.0)
    with pytest.raises(checks.SeriousAnomalyError) as told:
        checked(tmp_path, 0.5, 1e6)
    text = str(told.value)
    assert text.startswith("audio_embeddings as of 2017-11-08T00 is not what schema/views/")
    assert "vector" in text
    assert "\n" not in text
    refused = tmp_path / "audio_embeddings" / "refused.as_of=2017-11-08T00"
    assert "vector" in (refused / "anomalies.pbtxt").read_text()
    assert not (refused / "table.parquet").exists()
    table = partitions.read(str(tmp_path), "audio_embeddings", WHEN)
    assert table.column("vector").to_pylist() == [[0.5], [-1.0]]
    checked(tmp_path, 0.25)
    assert not refused.exists()


def test_every_view_has_its_schema() -> None:
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    from schema.curated import curated_view

    for name, view in FEATURE_VIEWS.items():
        found = text_format.Parse(curated_view(name), schema_pb2.Schema())
        told = [feature.name for feature in found.feature]
        assert told == [column for column in view.schema.names if column not in view.listeners]


def test_what_is_no_view(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="there is no view tastes; there are listening_history"):
        partitions.partitions(str(tmp_path), "tastes")
