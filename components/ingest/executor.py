"""Executor of the Ingest component."""

from __future__ import annotations

import os
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_beam_executor
from tfx.types import artifact_utils

from components.example_files import pass_on
from components.ingest import (
    destination,
    job,
    manifest,
    parameters,
    records,
    usable,
    window,
)
from components.ingest import summary as summaries
from components.ingest.manifest import IngestResult
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
        result = self._ingest(exec_properties, split)
        usable.check_splits(result, split)
        made = artifact_utils.get_single_instance(output_dict["records"])
        made.set_string_custom_property(artifacts.DIRECTORY, output)
        fingerprint = exec_properties["fingerprint"]
        made.set_string_custom_property(artifacts.FINGERPRINT, fingerprint)
        pass_on([os.path.join(output, manifest.NAME)], made.uri)
        rejects = artifact_utils.get_single_uri(output_dict["rejects"])
        pass_on(destination.list_rejects(output), rejects)
        for number in result.spans:
            folder = records.folder(output, int(number))
            pass_on(destination.list_rejects(folder), rejects, f"{os.path.basename(folder)}-")
        summaries.write(artifact_utils.get_single_instance(output_dict["summary"]), result)

    def _ingest(self, exec_properties: dict[str, Any], split: SplitConfig) -> IngestResult:
        given, output = exec_properties["input"], exec_properties["output"]
        options = IngestOptions.model_validate_json(exec_properties["options"])
        source_hash, run_id = exec_properties["source_hash"], exec_properties["run_id"]
        beam_pipeline_args = [str(text) for text in self._beam_pipeline_args] or None
        chosen = parameters.window_of(exec_properties)
        if not chosen.is_of(given) and not exec_properties["spans"]:
            return job.ingest(
                given,
                output,
                options,
                split,
                source_hash=source_hash,
                run_id=run_id,
                fingerprint=exec_properties["fingerprint"],
                beam_pipeline_args=beam_pipeline_args,
            )
        if exec_properties["spans"]:
            plan = parameters.plan_of(exec_properties)
        else:  # the driver could not look, and what stood in its way may be told now
            plan = window.plan(given, output, options, split, source_hash, window=chosen)
        return window.ingest(
            plan,
            output,
            options,
            split,
            source_hash=source_hash,
            run_id=run_id,
            beam_pipeline_args=beam_pipeline_args,
        )
