"""TFDV on a partition before it is put in place: statistics, the curated schema, anomalies."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening.features.partitions import Draft, Partition, cut_of
from schema.curated import SCHEMA_FILE, curated_view
from schema.files import write_text
from schema.side_tables import TABLE_FILE, SideTable, describe_side_table
from schema.tables import FeatureView

STATISTICS_FILE: Final = "statistics.pb"
ANOMALIES_FILE: Final = "anomalies.pbtxt"
#: Anomalies of a comparison of two samples: they grow as the samples shrink, so they only warn.
_COMPARISONS: Final = (
    *("COMPARATOR_L_INFTY_HIGH", "COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH"),
    *("COMPARATOR_LOW_NUM_EXAMPLES", "COMPARATOR_HIGH_NUM_EXAMPLES"),
)
_TOLD: Final = 3  # of the anomalies that stop a build, in the sentence


class SeriousAnomalyError(ValueError):
    """The rows are not what the curated schema says; the message is one sentence."""


@dataclasses.dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes:
        described: the partition's description.
        warnings: how it differs from the cut before, in words.
    """

    described: SideTable
    warnings: tuple[str, ...]


def check(draft: Draft, *, refuse: bool = True) -> Checked:
    """Describes and checks the table of a draft, and leaves what was found beside it.

    Args:
        draft: whose table was written.
        refuse: whether a broken rule stops it; otherwise it is a warning too.

    Raises:
        SeriousAnomalyError: `refuse`, and a rule is broken; `draft.refused` has what was found.
    """
    import tensorflow_data_validation as tfdv
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    described = describe_side_table(draft.folder, draft.view.name, cut_of(draft.as_of))
    text = curated_view(draft.view.name)
    schema = text_format.Parse(text, schema_pb2.Schema())
    statistics = os.path.join(draft.folder, STATISTICS_FILE)
    _generate(os.path.join(draft.folder, TABLE_FILE), draft.view, schema, statistics)
    found = tfdv.load_stats_binary(statistics)
    earlier = _earlier(draft.earlier)
    anomalies = (
        tfdv.validate_statistics(found, schema, previous_statistics=earlier)
        if described.rows
        else tfdv.validate_statistics(found, schema_pb2.Schema())
    )
    write_text(os.path.join(draft.folder, SCHEMA_FILE), text)
    write_text(os.path.join(draft.folder, ANOMALIES_FILE), text_format.MessageToString(anomalies))
    reasons = list(_reasons(anomalies))
    serious = [told for kind, told in reasons if kind not in _COMPARISONS]
    if serious and refuse:
        _refuse(draft, serious)
    return Checked(described, tuple(told for _, told in reasons))


def _refuse(draft: Draft, serious: Sequence[str]) -> None:
    shutil.rmtree(draft.refused, ignore_errors=True)
    os.makedirs(draft.refused)
    for name in (STATISTICS_FILE, SCHEMA_FILE, ANOMALIES_FILE):
        shutil.copyfile(os.path.join(draft.folder, name), os.path.join(draft.refused, name))
    more = len(serious) - _TOLD
    told = "; ".join(serious[:_TOLD]) + (f"; and {more} more" if more > 0 else "")
    raise SeriousAnomalyError(
        f"{draft.view.name} as of {draft.as_of} is not what schema/{_place(draft.view)} says "
        f"({told}), so nothing was put in place; {draft.refused} has the anomalies"
    )


def _place(view: FeatureView) -> str:
    return f"views/{view.name}.pbtxt"


def _generate(table: str, view: FeatureView, schema: Any, out: str) -> None:
    """Statistics of a table, row group by row group."""
    import apache_beam as beam
    import tensorflow_data_validation as tfdv
    from apache_beam.options.pipeline_options import PipelineOptions

    groups = range(pq.ParquetFile(table).num_row_groups)
    options = tfdv.StatsOptions(schema=schema)
    with beam.Pipeline(options=PipelineOptions(["--runner=DirectRunner"])) as pipeline:
        _ = (
            pipeline
            | "Groups" >> beam.Create(groups)
            | "Read" >> beam.Map(_Batch(table, view))
            | "Statistics" >> tfdv.GenerateStatistics(options)
            | "Write" >> tfdv.WriteStatisticsToBinaryFile(out)
        )


class _Batch:
    """Reads a row group as TFDV takes it: each column a column of lists."""

    def __init__(self, table: str, view: FeatureView) -> None:
        self._table, self._view = table, view

    def __call__(self, group: int) -> pa.RecordBatch:
        # What names listeners is in no statistics, which would repeat frequent values.
        names = [name for name in self._view.schema.names if name not in self._view.listeners]
        rows = pq.ParquetFile(self._table).read_row_group(group, columns=names)
        return pa.RecordBatch.from_arrays([_lists(rows.column(name)) for name in names], names)


def _lists(column: pa.ChunkedArray) -> pa.Array:
    plain = column.combine_chunks()
    if pa.types.is_list(plain.type):
        values = _value(plain.flatten())
        lengths = pc.fill_null(pc.list_value_length(plain), 0)
    else:
        values = _value(plain.drop_null())
        lengths = plain.is_valid().cast(pa.int32())
    offsets = pa.concat_arrays(
        [pa.array([0], pa.int64()), pc.cumulative_sum(lengths.cast("int64"))]
    )
    if not pa.types.is_list(plain.type) and plain.null_count:
        # A null offset makes the list null: missing, where an empty list would be a value.
        gone = pc.if_else(plain.is_valid(), offsets.slice(0, len(plain)), None)
        offsets = pa.concat_arrays([gone, offsets.slice(len(plain))])
    return pa.ListArray.from_arrays(offsets.cast(pa.int32()), values)


def _value(values: pa.Array) -> pa.Array:
    return values.cast(pa.int64()) if pa.types.is_timestamp(values.type) else values


def _earlier(partition: Partition | None) -> Any:
    """The statistics of the cut before, if they are there."""
    import tensorflow_data_validation as tfdv

    if partition is None:
        return None
    with contextlib.suppress(OSError):
        return tfdv.load_stats_binary(os.path.join(partition.folder, STATISTICS_FILE))
    return None


def _reasons(anomalies: Any) -> Iterator[tuple[str, str]]:
    """Kinds of anomalies, each with what is wrong in words."""
    from tensorflow_metadata.proto.v0 import anomalies_pb2

    named = dict(anomalies.anomaly_info)
    if anomalies.HasField("dataset_anomaly_info"):
        named["all rows"] = anomalies.dataset_anomaly_info
    for feature, info in sorted(named.items()):
        for reason in info.reason:
            told = " ".join((reason.description or reason.short_description).split())
            kind = anomalies_pb2.AnomalyInfo.Type.Name(reason.type)
            yield kind, f"{feature}: {told.rstrip('.')}"
