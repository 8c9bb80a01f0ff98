"""Statistics of a view: one row group is counted here, several by Beam."""

from __future__ import annotations

import datetime
import pathlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from listening.features import checks
from schema.curated import curated_view
from schema.tables import FEATURE_VIEWS

_ROWS = 40


def made(field: pa.Field, generator: np.random.Generator) -> pa.Array:
    """A column of any values, a fifth of them missing where they may be."""

    def value(kind: pa.DataType) -> Any:
        number = int(generator.integers(30))
        if pa.types.is_list(kind):
            return [value(kind.value_type) for _ in range(number % 4)]
        if pa.types.is_timestamp(kind):
            return datetime.datetime(2024, 1, 1 + number, tzinfo=datetime.timezone.utc)
        return f"text {number}" if pa.types.is_string(kind) else number

    rows = [value(field.type) for _ in range(_ROWS)]
    missing = field.nullable & (generator.random(_ROWS) < 0.2)
    return pa.array(
        [None if gone else row for row, gone in zip(rows, missing.tolist(), strict=True)],
        field.type,
    )


@pytest.mark.parametrize("name", ["listening_history", "social_graph"])
def test_one_group_and_several_give_the_same(name: str, tmp_path: pathlib.Path) -> None:
    view, generator = FEATURE_VIEWS[name], np.random.default_rng(3)
    columns = [made(field, generator) for field in view.schema]
    table = pa.Table.from_arrays(columns, schema=view.schema)
    schema = text_format.Parse(curated_view(name), schema_pb2.Schema())
    found = []
    for groups in (1, 2):
        path, out = (str(tmp_path / f"{kind}-{groups}") for kind in ("table", "statistics"))
        pq.write_table(table, path, row_group_size=_ROWS // groups)
        assert pq.ParquetFile(path).num_row_groups == groups
        checks._generate(path, view, schema, out)
        found.append(tfdv.load_stats_binary(out))
    assert found[0] == found[1]
    (dataset,) = found[0].datasets
    assert dataset.num_examples == _ROWS
    listed = {feature.path.step[0] for feature in dataset.features}
    assert listed == {*view.schema.names} - {*view.listeners}
