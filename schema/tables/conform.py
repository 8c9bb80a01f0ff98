"""Tables of other times: a Parquet file is read as if it had been written by today's schema.

Columns are only ever added, and only as nullable ones. So a file that lacks one is older, and
reads as null there; one that has a column more is newer, and reads without it.
"""

from __future__ import annotations

import pyarrow as pa


class TableError(ValueError):
    """A table cannot be read by a schema; the message names the column."""


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Returns the table with the columns of a schema, in its order.

    Args:
        table: of any version.
        schema: what is wanted. A column that is not nullable has to be there, without nulls.

    Raises:
        TableError: a column is missing or holds nulls and may not, or is of a type that cannot be
            converted without loss.
    """
    columns = []
    for field in schema:
        found = table.schema.get_all_field_indices(field.name)
        if len(found) > 1:
            raise TableError(f"{field.name}: the column stands {len(found)} times")
        if not found:
            if not field.nullable:
                raise TableError(f"{field.name}: the column is missing")
            columns.append(pa.nulls(table.num_rows, field.type))
            continue
        column = table.column(found[0])
        if not field.nullable and column.null_count:
            raise TableError(f"{field.name}: {column.null_count:,} rows have no value")
        if column.type != field.type:
            try:
                column = column.cast(field.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise TableError(f"{field.name}: {column.type} is no {field.type}") from error
        columns.append(column)
    return pa.table(columns, schema=schema)
