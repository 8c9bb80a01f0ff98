from __future__ import annotations

import datetime
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pydantic
import pytest

from schema.model_card import ModelCard
from schema.side_tables import (
    SIDE_TABLE_FILE,
    TABLE_FILE,
    SideTable,
    read_side_table,
    write_side_table,
)

AS_OF = datetime.datetime(2026, 11, 28, 3, tzinfo=datetime.timezone.utc)
TABLE = pa.table({"track_uri": ["a", "b"], "plays": pa.array([3, 1], pa.int32())})


def test_a_side_table_comes_back_with_what_it_is(tmp_path: pathlib.Path) -> None:
    written = write_side_table(tmp_path / "trending", "trending", TABLE, AS_OF, version=2)
    assert (written.name, written.version, written.rows) == ("trending", 2, 2)
    assert written.columns == {"track_uri": "string", "plays": "int32"}
    found, table = read_side_table(tmp_path / "trending")
    assert found == written
    assert table == TABLE


def test_the_fingerprint_tells_tables_apart(tmp_path: pathlib.Path) -> None:
    first = write_side_table(tmp_path / "a", "trending", TABLE, AS_OF)
    same = write_side_table(tmp_path / "b", "trending", TABLE, AS_OF)
    other = write_side_table(tmp_path / "c", "trending", TABLE.slice(1), AS_OF)
    assert first.fingerprint == same.fingerprint != other.fingerprint


def test_a_table_that_was_exchanged_is_refused(tmp_path: pathlib.Path) -> None:
    write_side_table(tmp_path, "trending", TABLE, AS_OF)
    pq.write_table(TABLE.slice(1), tmp_path / TABLE_FILE)
    with pytest.raises(ValueError, match="is not the table that its description names"):
        read_side_table(tmp_path)


def test_a_folder_without_a_description_is_no_side_table(tmp_path: pathlib.Path) -> None:
    write_side_table(tmp_path, "trending", TABLE, AS_OF)
    (tmp_path / SIDE_TABLE_FILE).unlink()
    with pytest.raises(FileNotFoundError):
        read_side_table(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"name": "Trending now"}, {"fingerprint": "x"}, {"as_of": datetime.datetime(2026, 11, 28)}],
)
def test_a_description_that_says_too_little_is_refused(change: dict[str, object]) -> None:
    whole = {"name": "t", "columns": {}, "rows": 0, "fingerprint": "0" * 64, "as_of": AS_OF}
    assert SideTable(**whole).as_of == AS_OF
    with pytest.raises(pydantic.ValidationError, match=next(iter(change))):
        SideTable(**{**whole, **change})


def test_a_model_card_names_its_side_tables(tmp_path: pathlib.Path) -> None:
    trending = write_side_table(tmp_path / "trending", "trending", TABLE, AS_OF)
    ModelCard(family="popularity", side_tables={"trending": trending}).write(str(tmp_path))
    card = ModelCard.read(str(tmp_path))
    assert card.side_tables == {"trending": trending}
    assert ModelCard(family="als").side_tables is None
