"""Executor of the Ingest component."""

from __future__ import annotations

import os
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils

from components.example_files import pass_on
from components.ingest import destination, job, manifest, usable
from components.ingest import summary as summaries
from components.ingest.options import IngestOptions
from schema import artifacts
from schema.splits import SplitConfig


class Executor(base_beam_executor.BaseBeamExecutor):
    """Runs the job and describes its results in artifacts."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.Ingest`.

        Raises:
            IngestError: as `job.ingest` does, and when train or eval has no playlist.
            InUseError: as `job.ingest` does.
        """
        output = exec_properties["output"]
        split = SplitConfig.model_validate_json(exec_properties["split"])
        result = job.ingest(
            exec_properties["input"],
            output,
            IngestOptions.model_validate_json(exec_properties["options"]),
            split,
            source_hash=exec_properties["source_hash"],
            run_id=exec_properties["run_id"],
            fingerprint=exec_properties["fingerprint"],
            beam_pipeline_args=[str(text) for text in self._beam_pipeline_args] or None,
        )
        usable.check_splits(result, split)
        records = artifact_utils.get_single_instance(output_dict["records"])
        records.set_string_custom_property(artifacts.DIRECTORY, output)
        fingerprint = exec_properties["fingerprint"]
        records.set_string_custom_property(artifacts.FINGERPRINT, fingerprint)
        pass_on([os.path.join(output, manifest.NAME)], records.uri)
        rejects = destination.list_rejects(output)
        pass_on(rejects, artifact_utils.get_single_uri(output_dict["rejects"]))
        summaries.write(artifact_utils.get_single_instance(output_dict["summary"]), result)
