"""Executor of the Transform component."""

from __future__ import annotations

import json
import os
from typing import Any, Final

import tensorflow_transform as tft
from tfx import types
from tfx.components.transform import executor, executor_utils, labels
from tfx.components.util import examples_utils, tfxio_utils
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import io_utils

from components import counts
from components.example_files import of_split
from components.transform.analysis import Analysis, prefix
from components.transform.processor import Processor
from schema import artifacts, features
from schema.documents import SplitCounts, StageCounts
from schema.splits import FITTED

_TRACKS: Final = features.transformed_name(features.TRACK_URI)


class Executor(executor.Executor):
    """Runs TFX's executor, span by span where there are some, and counts what it wrote."""

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
        source = artifact_utils.get_single_instance(
            input_dict[standard_component_specs.EXAMPLES_KEY]
        )
        self._transform(
            _analysis(input_dict, exec_properties, source),
            input_dict,
            output_dict,
            exec_properties,
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

    def _transform(
        self,
        kept: Analysis | None,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Does what TFX's executor does, and takes what was learnt from a span before.

        TFX analyses each split as a set of data of its own, and puts them together decoded: a
        runner in memory then holds the whole of both.
        """
        examples = input_dict[standard_component_specs.EXAMPLES_KEY]
        written = output_dict[standard_component_specs.TRANSFORMED_EXAMPLES_KEY]
        graph = artifact_utils.get_single_instance(
            output_dict[standard_component_specs.TRANSFORM_GRAPH_KEY]
        )
        splits = artifact_utils.decode_split_names(examples[0].split_names)
        if {*splits} != {*FITTED}:
            raise ValueError(f"the splits are {splits}, not {FITTED}: no others may be analysed")
        uris = [artifact_utils.get_split_uri(examples, split) for split in splits]
        every = os.path.join(os.path.dirname(uris[0]), "Split-*")
        # One set of data a span, of all splits: each analyser is a part of the graph for each set.
        keys = {} if kept is None else kept.keys
        patterns = {os.path.join(every, f"{prefix(n)}*"): key for n, key in keys.items()}
        analysed = [*patterns] or [os.path.join(every, "*")]
        executor_utils.SetSplitNames(splits, written)
        file_format = examples_utils.get_file_format(examples[0])
        payload_format, data_view = tfxio_utils.resolve_payload_format_and_data_view_uri(examples)
        temporary = os.path.join(graph.uri, ".temp_path")
        made = os.path.join(graph.uri, ".analysis")
        known = set() if kept is None else kept.known()
        inputs = {
            labels.DISABLE_STATISTICS_LABEL: True,
            labels.SCHEMA_PATH_LABEL: _schema_file(input_dict),
            labels.EXAMPLES_DATA_FORMAT_LABEL: payload_format,
            labels.DATA_VIEW_LABEL: data_view,
            labels.ANALYZE_DATA_PATHS_LABEL: analysed,
            labels.ANALYZE_PATHS_FILE_FORMATS_LABEL: [file_format] * len(analysed),
            labels.TRANSFORM_DATA_PATHS_LABEL: [io_utils.all_files_pattern(uri) for uri in uris],
            labels.TRANSFORM_PATHS_FILE_FORMATS_LABEL: [file_format] * len(uris),
            labels.PREPROCESSING_FN: self._GetPreprocessingFn(
                {
                    labels.MODULE_FILE: None,
                    labels.MODULE_PATH: None,
                    labels.PREPROCESSING_FN: exec_properties[
                        standard_component_specs.PREPROCESSING_FN_KEY
                    ],
                    labels.CUSTOM_CONFIG: exec_properties[
                        standard_component_specs.CUSTOM_CONFIG_KEY
                    ],
                },
                {},
            ),
            labels.MAKE_BEAM_PIPELINE_FN: self._make_beam_pipeline,
            labels.FORCE_TF_COMPAT_V1_LABEL: False,
        }
        outputs = {
            labels.TRANSFORM_METADATA_OUTPUT_PATH_LABEL: graph.uri,
            labels.TRANSFORM_MATERIALIZE_OUTPUT_PATHS_LABEL: executor_utils.GetSplitPaths(written),
            labels.TEMP_OUTPUT_LABEL: temporary,
        }
        if kept is not None:
            inputs[labels.CACHE_INPUT_PATH_LABEL] = kept.folder
            outputs[labels.CACHE_OUTPUT_PATH_LABEL] = made
        Processor(patterns).Transform(inputs, outputs)
        if kept is not None:
            kept.put(made)
            anew = [number for number in kept.keys if number not in known]
            graph.set_string_custom_property(artifacts.ANALYSED, json.dumps(anew))
        for folder in (temporary, made):
            if fileio.exists(folder):
                fileio.rmtree(folder)


def _analysis(
    input_dict: dict[str, list[types.Artifact]],
    exec_properties: dict[str, Any],
    examples: types.Artifact,
) -> Analysis | None:
    spans = examples.get_string_custom_property(artifacts.SPANS)
    if not spans:
        return None
    return Analysis.of(
        json.loads(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY]),
        exec_properties[standard_component_specs.PREPROCESSING_FN_KEY],
        io_utils.read_string_file(_schema_file(input_dict)),
        spans,
    )


def _schema_file(input_dict: dict[str, list[types.Artifact]]) -> str:
    folder = artifact_utils.get_single_uri(input_dict[standard_component_specs.SCHEMA_KEY])
    return str(io_utils.get_only_uri_in_dir(folder))
