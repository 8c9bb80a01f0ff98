"""Executor of the DataGate component."""

from __future__ import annotations

import itertools
import os
from typing import Any

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2
from tfx import types
from tfx.components.example_gen import utils
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, writer_utils

from components import counts
from components.data_gate import anomalies as anomaly_rows
from components.data_gate import counted, reference
from components.data_gate.anomalies import SPANS
from components.data_gate.options import ValidationOptions
from components.ingest import manifest
from schema import artifacts
from schema.splits import FITTED, TRAIN


class Executor(base_executor.BaseExecutor):
    """Computes skew and drift, fails on serious anomalies, and keeps what passed."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.DataGate`.

        Raises:
            SeriousAnomaliesError: if an anomaly stops the run; the message lists them.
            OtherDataError: if the examples are not of what this run ingested.
            CountsError: if the statistics are not of all playlists and entries.
        """
        data = _data(input_dict)
        schema = io_utils.parse_pbtxt_file(
            io_utils.get_only_uri_in_dir(artifact_utils.get_single_uri(input_dict["schema"])),
            schema_pb2.Schema(),
        )
        current = artifact_utils.get_single_instance(input_dict["statistics"])
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        # Whoever asks for the statistics reads every playlist anew: what was lost shows here.
        by_split = {
            split: _statistics(current, split).datasets[0]
            for split in artifact_utils.decode_split_names(current.split_names)
        }
        counts.read(examples).followed_by(counted.stage(by_split))
        validated = artifact_utils.get_single_instance(input_dict["anomalies"])
        previous = reference.before(exec_properties["reference"], data)
        output = artifact_utils.get_single_instance(output_dict["comparison"])
        train = _statistics(current, TRAIN)
        found = anomaly_rows.read_anomalies(validated)
        comparisons = {
            f"{TRAIN}-to-{split}": tfdv.validate_statistics(
                train, schema, serving_statistics=_statistics(current, split)
            )
            for split in artifact_utils.decode_split_names(current.split_names)
            if split not in FITTED
        }
        if previous is not None:
            comparisons["since-last-passed"] = tfdv.validate_statistics(
                train, schema, previous_statistics=previous
            )
        if input_dict.get("spans"):
            comparisons |= _between_spans(input_dict["spans"], schema)
        output.split_names = artifact_utils.encode_split_names(list(comparisons))
        differing = []
        for name, result in comparisons.items():
            compared = _only_comparisons(result)
            writer_utils.write_anomalies(
                os.path.join(output.uri, f"Split-{name}", anomaly_rows.FILE), compared
            )
            differing += anomaly_rows.rows(name, compared)
        alike = "no skew" if previous is None else "no skew, no drift"
        text = anomaly_rows.counted(differing) or alike
        if previous is None:
            text += " · no other data has passed yet"
        if between := anomaly_rows.measurements(comparisons, SPANS):
            most = max(between, key=lambda row: row.value / row.threshold)
            text += (
                f" · between spans at most {most.value:.3f} of {most.threshold:g} ({most.feature})"
            )
        output.set_string_custom_property(artifacts.SUMMARY, text)
        found += differing
        _check(found, ValidationOptions.model_validate_json(exec_properties["options"]))
        reference.keep(exec_properties["reference"], data, train)


def _between_spans(
    statistics: list[types.Artifact], schema: schema_pb2.Schema
) -> dict[str, anomalies_pb2.Anomalies]:
    """Compares each span with the one before it."""
    artifact = artifact_utils.get_single_instance(statistics)
    names = artifact_utils.decode_split_names(artifact.split_names)
    found = {name: _statistics(artifact, name) for name in names}
    return {
        f"{earlier}-to-{later}": tfdv.validate_statistics(
            found[later], schema, previous_statistics=found[earlier]
        )
        for earlier, later in itertools.pairwise(names)
        if found[earlier].datasets[0].num_examples and found[later].datasets[0].num_examples
    }


class OtherDataError(RuntimeError):
    """Another run wrote its records between this run's Ingest and its ImportExampleGen."""


def _data(input_dict: dict[str, list[types.Artifact]]) -> str:
    """The fingerprint of the data, which has to be one from Ingest to here."""
    records = artifact_utils.get_single_instance(input_dict["records"])
    examples = artifact_utils.get_single_instance(input_dict["examples"])
    ingested = records.get_string_custom_property(artifacts.FINGERPRINT)
    taken_over = examples.get_string_custom_property(utils.FINGERPRINT_PROPERTY_NAME)
    if ingested != taken_over and not ingested.startswith(manifest.UNKNOWN):
        raise OtherDataError(
            "another run, on other data, wrote its records to "
            f"{records.get_string_custom_property(artifacts.DIRECTORY)} while this one took over "
            "its own; start this run again, and give runs under way at a time a storage each"
        )
    return taken_over


def _statistics(artifact: types.Artifact, split: str) -> Any:
    return stats_artifact_utils.load_statistics(artifact, split).proto()


def _only_comparisons(found: anomalies_pb2.Anomalies) -> anomalies_pb2.Anomalies:
    """Keeps the anomalies of comparisons; ExampleValidator reports the others."""
    result = anomalies_pb2.Anomalies()
    result.CopyFrom(found)
    for feature in list(result.anomaly_info):
        reasons = [
            r for r in result.anomaly_info[feature].reason if r.type in anomaly_rows.COMPARISONS
        ]
        del result.anomaly_info[feature].reason[:]
        result.anomaly_info[feature].reason.extend(reasons)
        if not reasons:
            del result.anomaly_info[feature]
    result.ClearField("dataset_anomaly_info")
    return result


def _check(found: list[anomaly_rows.Anomaly], options: ValidationOptions) -> None:
    stopping = anomaly_rows.serious(found, options.fail_on, options.tolerated)
    if stopping:
        listed = "\n".join(
            f"  {a.split}: {a.feature}: {a.description} ({a.kind})" for a in stopping
        )
        raise anomaly_rows.SeriousAnomaliesError(
            f"{len(stopping)} serious anomalies in the data stop the run before training:\n"
            f"{listed}\n"
            "Correct the data or schema/schema.pbtxt, or configure validation.fail_on "
            "(error, warning, never) and validation.tolerated (features or kinds of anomalies)."
        )
