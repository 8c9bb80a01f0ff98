"""Executor of the Transform component."""

from __future__ import annotations

import os
from typing import Any, Final

import tensorflow_transform as tft
from tfx import types
from tfx.components.transform import executor
from tfx.types import artifact_utils, standard_component_specs

from components import counts
from components.example_files import of_split
from schema import features
from schema.documents import SplitCounts, StageCounts

_TRACKS: Final = features.transformed_name(features.TRACK_URI)


class Executor(executor.Executor):
    """Runs TFX's executor, and counts what it wrote."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.Transform`.

        Raises:
            CountsError: if what was written is not of all playlists and entries that came in.
        """
        super().Do(input_dict, output_dict, exec_properties)
        source = artifact_utils.get_single_instance(
            input_dict[standard_component_specs.EXAMPLES_KEY]
        )
        written = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.TRANSFORMED_EXAMPLES_KEY]
        )
        graph = artifact_utils.get_single_uri(
            output_dict[standard_component_specs.TRANSFORM_GRAPH_KEY]
        )
        spec = tft.TFTransformOutput(graph).transformed_feature_spec()
        tracks = getattr(spec[_TRACKS], "value_key", None) or _TRACKS
        splits = {}
        for split in artifact_utils.decode_split_names(written.split_names):
            folder = artifact_utils.get_split_uri([written], split)
            amount = counts.of_files(of_split(split, os.path.join(folder, "*.gz")), tracks)
            splits[split] = SplitCounts(read=amount, written=amount)
        stage = StageCounts(stage="Transform", splits=splits)
        counts.write(written, counts.read(source).followed_by(stage))
