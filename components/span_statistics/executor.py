"""Executor of the SpanStatistics component."""

from __future__ import annotations

import hashlib
import os
from typing import Any, Final

import apache_beam as beam
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils
from tfx_bsl.tfxio import tf_example_record

from components.example_files import of_split, pass_on
from components.ingest import manifest
from components.ingest import records as span_records
from components.ingest.names import playlists_pattern
from schema import artifacts
from schema.splits import TRAIN

#: TFX's name of the file in each split of statistics.
FILE: Final = "FeatureStats.pb"
_PREFIX: Final = "span-"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Computes what is not kept yet."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.SpanStatistics`.

        Raises:
            RuntimeError: if other records lie there than those that were ingested.
        """
        ingested = artifact_utils.get_single_instance(input_dict["records"])
        base = ingested.get_string_custom_property(artifacts.DIRECTORY)
        found = manifest.read(ingested.uri)
        spans = span_records.parts(found) if found else {}
        schema_file = io_utils.get_only_uri_in_dir(
            artifact_utils.get_single_uri(input_dict["schema"])
        )
        schema = io_utils.parse_pbtxt_file(schema_file, schema_pb2.Schema())
        output = artifact_utils.get_single_instance(output_dict["statistics"])
        output.split_names = artifact_utils.encode_split_names(
            [split_name(number) for number in spans]
        )
        computed = []
        for number, print_ in spans.items():
            kept = os.path.join(
                exec_properties["place"], f"{_PREFIX}{number:05d}-{_key(print_, schema)}"
            )
            path = os.path.join(kept, FILE)
            if not fileio.exists(path):
                self._compute(span_records.folder(base, number), print_, schema, kept)
                _forget(exec_properties["place"], number, kept)
                computed.append(number)
            pass_on([path], artifact_utils.get_split_uri([output], split_name(number)))
        told = ", ".join(map(str, computed)) or "none"
        text = f"{len(spans)} spans, computed anew: {told}"
        output.set_string_custom_property(artifacts.SUMMARY, text)

    def _compute(self, folder: str, print_: str, schema: schema_pb2.Schema, target: str) -> None:
        if manifest.load_by_fingerprint(folder, print_) is None:
            raise RuntimeError(
                f"the records in {folder} are not those that were ingested: another ingest "
                "replaced them; start the run again"
            )
        part = os.path.join(target, f"{FILE}.part")
        files = of_split(TRAIN, os.path.join(folder, playlists_pattern(TRAIN)))
        source = tf_example_record.TFExampleRecord(files, schema=schema)
        options = tfdv.StatsOptions(schema=schema, feature_allowlist=compared(schema))
        fileio.makedirs(target)
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "Read" >> source.BeamSource()
                | "GenerateStatistics" >> tfdv.GenerateStatistics(options)
                | "Serialize" >> beam.Map(lambda found: found.SerializeToString())
                | "Write" >> beam.ParDo(_Write(part))
            )
        fileio.rename(part, os.path.join(target, FILE), overwrite=True)


def split_name(number: int) -> str:
    """What the statistics of a span are called among those of others."""
    return f"{_PREFIX}{number}"


def compared(schema: schema_pb2.Schema) -> list[str]:
    """The features whose drift a schema limits."""
    return [feature.name for feature in schema.feature if feature.HasField("drift_comparator")]


class _Write(beam.DoFn):
    """Writes the only element; again where work is repeated."""

    def __init__(self, path: str) -> None:
        self._path = path

    def process(self, element: bytes) -> None:
        io_utils.write_bytes_file(self._path, element)


def _key(print_: str, schema: schema_pb2.Schema) -> str:
    depends_on = f"{print_} {schema.SerializeToString(deterministic=True).hex()}"
    return hashlib.sha256(depends_on.encode()).hexdigest()[:16]


def _forget(place: str, number: int, kept: str) -> None:
    """Removes statistics of a span as it was before."""
    for name in fileio.listdir(place):
        old = os.path.join(place, str(name).rstrip("/"))
        if os.path.basename(old).startswith(f"{_PREFIX}{number:05d}-") and old != kept:
            fileio.rmtree(old)
