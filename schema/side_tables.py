"""Side tables: what reaches a Trainer beside the playlists, such as counts of the last days.

A table travels as a folder: `table.parquet` and `side_table.json`, which is written last. The model
card of whatever was trained with it names it.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import pathlib
from typing import TYPE_CHECKING, Annotated, Final

import pydantic

from schema.files import replacing, write_text

if TYPE_CHECKING:
    import pyarrow as pa

TABLE_FILE: Final = "table.parquet"
SIDE_TABLE_FILE: Final = "side_table.json"
_CHUNK: Final = 1 << 20


class SideTable(pydantic.BaseModel):
    """What a side table is: enough to know it again, and to know what it could not yet know."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    name: Annotated[str, pydantic.Field(pattern="^[a-z][a-z0-9_]{0,63}$")]
    """What it holds, such as `trending`."""
    version: int = 1
    """Of its columns' meaning."""
    columns: dict[str, str]
    """Arrow's type of each column, in order."""
    rows: int
    """How many there are."""
    fingerprint: Annotated[str, pydantic.Field(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of the Parquet file."""
    as_of: pydantic.AwareDatetime
    """Nothing that happened at this time or later is in it."""


def write_side_table(
    folder: str | os.PathLike[str],
    name: str,
    table: pa.Table,
    as_of: datetime.datetime,
    version: int = 1,
) -> SideTable:
    """Writes a side table into a folder, which is made where it is missing.

    Args:
        folder: local.
        name: what it holds.
        table: its rows.
        as_of: the time, with its zone, before which all that is in it happened.
        version: of its columns' meaning.
    """
    import pyarrow.parquet as pq

    with replacing(pathlib.Path(folder, TABLE_FILE)) as partial:
        pq.write_table(table, partial, compression="zstd")
    return describe_side_table(folder, name, as_of, version)


def describe_side_table(
    folder: str | os.PathLike[str], name: str, as_of: datetime.datetime, version: int = 1
) -> SideTable:
    """Writes the description of the table that lies in a folder.

    Args:
        folder: local.
        name: what the table holds.
        as_of: the time, with its zone, before which all that is in it happened.
        version: of its columns' meaning.

    Raises:
        OSError: there is no table.
    """
    import pyarrow.parquet as pq

    directory = pathlib.Path(folder)
    path = directory / TABLE_FILE
    parquet = pq.ParquetFile(path)
    described = SideTable(
        name=name,
        version=version,
        columns={field.name: str(field.type) for field in parquet.schema_arrow},
        rows=parquet.metadata.num_rows,
        fingerprint=_sha256(path),
        as_of=as_of,
    )
    write_text(directory / SIDE_TABLE_FILE, described.model_dump_json(indent=1) + "\n")
    return described


def read_description(folder: str | os.PathLike[str]) -> SideTable:
    """Reads what a side table says of itself, and not the table.

    Raises:
        OSError: the description is missing.
        ValueError: it is not valid.
    """
    return SideTable.model_validate_json(pathlib.Path(folder, SIDE_TABLE_FILE).read_bytes())


def read_side_table(folder: str | os.PathLike[str]) -> tuple[SideTable, pa.Table]:
    """Reads a side table and checks that it is the one that was described.

    Raises:
        OSError: a file is missing.
        ValueError: the description is not valid, or the table is another one.
    """
    import pyarrow.parquet as pq

    path = pathlib.Path(folder, TABLE_FILE)
    described = read_description(folder)
    if _sha256(path) != described.fingerprint:
        raise ValueError(f"{path} is not the table that its description names")
    return described, pq.read_table(path)


def _sha256(path: pathlib.Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest()
