"""A table a view. What is loaded goes to a table of its own first, and by one MERGE into place.

`origin` of a row names the partition or the push that it came with, `content` what that held. A
kill leaves all of the old or all of the new; a second try finds the jobs of the first.
"""

from __future__ import annotations

import contextlib
import datetime
import io
import time
from collections.abc import Collection, Iterator
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from listening.features import partitions
from listening.store.feast.bigquery.jobs import BigQueryError, Jobs, told
from listening.store.feast.columns import offline_schema, to_feast
from listening.store.port import EVENT_TIME
from listening.store.views import as_of_cut, content_name, once_a_time
from schema.tables import FEATURE_VIEWS, FeatureView

_PUSHED: Final = "pushed-"
_STAGING_LIVES: Final = datetime.timedelta(days=1)
_KINDS: Final = {"string": "STRING", "int64": "INTEGER", "double": "FLOAT", "float": "FLOAT"}

_MERGE: Final = """
MERGE `{table}` t USING `{staging}` s
ON t.{key} = s.{key} AND t.event_timestamp = s.event_timestamp AND t.origin = s.origin
WHEN MATCHED THEN UPDATE SET {updates}
WHEN NOT MATCHED BY TARGET THEN INSERT ({columns}) VALUES ({values})
WHEN NOT MATCHED BY SOURCE AND t.origin = @origin THEN DELETE
"""


class Tables:
    """See `Offline`."""

    def __init__(self, dataset: str, features: str) -> None:
        """Connects.

        Args:
            dataset: PROJECT.DATASET, which is there.
            features: the directory of partitions.
        """
        self._dataset = dataset
        self._features = features
        self._jobs = Jobs(dataset.partition(".")[0])

    def source(self, view: FeatureView) -> str:
        """See `Offline`."""
        return f"{self._dataset}.{view.name}"

    def prepare(self, view: FeatureView) -> None:
        """See `Offline`: a table, by day and clustered by the key."""
        described = bigquery.Table(self.source(view), schema=_fields(view))
        described.time_partitioning = bigquery.TimePartitioning(field=EVENT_TIME)
        described.clustering_fields = [view.key]
        try:
            with told():
                self._jobs.client.create_table(described, exists_ok=True)
        except BigQueryError as error:
            if isinstance(error.__cause__, NotFound):
                raise BigQueryError(f"there is no dataset {self._dataset} in BigQuery") from error
            raise

    def follow(self, view: FeatureView) -> None:
        """See `Offline`."""
        self.prepare(view)
        built = {each.as_of: each for each in partitions.partitions(self._features, view.name)}
        held = self._held(view)
        for origin in held:
            if origin not in built and not origin.startswith(_PUSHED):
                self._delete(view, origin)
        for origin, each in built.items():
            content = each.described().fingerprint[:32]
            if held.get(origin) != content:
                self._put(view, origin, content, to_feast(view, as_of_cut(each), 0))

    def add(self, view: FeatureView, rows: pa.Table) -> None:
        """See `Offline`."""
        self.prepare(view)
        content = content_name(rows)
        # MERGE wants one row of a key and a time.
        latest = to_feast(view, once_a_time(view, rows), time.time_ns() // 1000)
        self._put(view, f"{_PUSHED}{content}", content, latest)

    @contextlib.contextmanager
    def reading(self, view: FeatureView) -> Iterator[str]:
        """See `Offline`. A query of BigQuery reads tables as they are when it begins."""
        yield self.source(view)

    def erase(self, listeners: Collection[str]) -> int:
        """See `Offline`. BigQuery's time travel keeps what was deleted for up to seven days."""
        pushed = 0
        gone = [bigquery.ArrayQueryParameter("gone", "STRING", sorted(listeners))]
        for view in FEATURE_VIEWS.values():
            if not view.listeners:
                continue
            self.prepare(view)
            named = " OR ".join(
                f"{name} IN UNNEST(@gone)"
                if name == view.key
                else f"EXISTS (SELECT 1 FROM UNNEST({name}) one WHERE one IN UNNEST(@gone))"  # noqa: S608 - our names
                for name in view.listeners
            )
            for which in (f"STARTS_WITH(origin, '{_PUSHED}')", "TRUE"):
                sql = f"DELETE FROM `{self.source(view)}` WHERE {which} AND ({named})"  # noqa: S608
                with told():
                    job = self._jobs.query(sql, gone)
                    job.result()
                pushed += (job.num_dml_affected_rows or 0) if which != "TRUE" else 0
        return pushed

    def _put(self, view: FeatureView, origin: str, content: str, rows: pa.Table) -> None:
        """Makes the rows of an origin these and no others, once."""
        if not rows.num_rows:
            self._delete(view, origin)
            return
        attempt = 0
        while self._held(view).get(origin) != content:
            # What was put before and has left since is put again, under other ids.
            dataset = self._dataset.partition(".")[2]
            name = f"segue-{dataset}-{view.name}-{origin}-{content}-{attempt}"
            self._load(view, rows, origin, content, name)
            attempt += 1

    def _load(
        self, view: FeatureView, rows: pa.Table, origin: str, content: str, name: str
    ) -> None:
        staging = f"{self._dataset}.staging_{name.replace('-', '_')}"
        schema = _fields(view)
        for column, value in (("origin", origin), ("content", content)):
            rows = rows.append_column(column, pa.array([value] * rows.num_rows))
        sink = io.BytesIO()
        # As BigQuery reads lists.
        pq.write_table(rows, sink, use_compliant_nested_type=True)
        lists = bigquery.ParquetOptions()
        lists.enable_list_inference = True
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            schema=schema,
            parquet_options=lists,
        )

        def load(job_id: str) -> object:
            described = bigquery.Table(staging, schema=schema)
            described.expires = datetime.datetime.now(datetime.timezone.utc) + _STAGING_LIVES
            self._jobs.client.create_table(described, exists_ok=True)
            sink.seek(0)
            return self._jobs.client.load_table_from_file(
                sink, staging, job_id=job_id, job_config=config
            )

        names = [field.name for field in schema]
        sql = _MERGE.format(
            table=self.source(view),
            staging=staging,
            key=view.key,
            updates=", ".join(f"{each} = s.{each}" for each in names),
            columns=", ".join(names),
            values=", ".join(f"s.{each}" for each in names),
        )
        wanted = [bigquery.ScalarQueryParameter("origin", "STRING", origin)]
        self._jobs.once(f"{name}-load", load)
        self._jobs.once(f"{name}-merge", lambda job_id: self._jobs.query(sql, wanted, job_id))
        with told():
            self._jobs.client.delete_table(staging, not_found_ok=True)

    def _held(self, view: FeatureView) -> dict[str, str]:
        """What is there: the content of each origin."""
        sql = f"SELECT origin, MAX(content) AS content FROM `{self.source(view)}` GROUP BY origin"  # noqa: S608
        with told():
            rows = self._jobs.query(sql).result()
            return {row["origin"]: row["content"] for row in rows}

    def _delete(self, view: FeatureView, origin: str) -> None:
        sql = f"DELETE FROM `{self.source(view)}` WHERE origin = @origin"  # noqa: S608 - our names
        with told():
            self._jobs.query(
                sql, [bigquery.ScalarQueryParameter("origin", "STRING", origin)]
            ).result()


def _fields(view: FeatureView) -> list[bigquery.SchemaField]:
    found = []
    for field in offline_schema(view):
        if pa.types.is_list(field.type):
            kind, mode = _KINDS[str(field.type.value_type)], "REPEATED"
        else:
            kind, mode = _KINDS.get(str(field.type), "TIMESTAMP"), "NULLABLE"
        found.append(bigquery.SchemaField(field.name, kind, mode=mode))
    return [*found, *(bigquery.SchemaField(name, "STRING") for name in ("origin", "content"))]
