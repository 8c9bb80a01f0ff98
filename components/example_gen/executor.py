"""Executor of the ExampleGen: takes over the files of each split as Ingest wrote them.

TFX's own executor reads every record to serialise, shuffle and write it again, and holds all of
them in memory on the DirectRunner. There is nothing left to do to these records.
"""

from __future__ import annotations

import os
from typing import Any

from tfx import types
from tfx import v1 as tfx
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import proto_utils

from components.example_files import pass_on


class Executor(base_executor.BaseExecutor):
    """Runs in TFX's FileBasedExampleGen, whose `input_config` has a pattern for each split."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Puts the files of `input_base` that match a split's pattern under the split's folder.

        Raises:
            FileNotFoundError: if a split has no file.
        """
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        config = tfx.proto.Input()
        proto_utils.json_to_proto(
            exec_properties[standard_component_specs.INPUT_CONFIG_KEY], config
        )
        names = [split.name for split in config.splits]
        examples.split_names = artifact_utils.encode_split_names(names)
        examples_utils.set_payload_format(
            examples, exec_properties[standard_component_specs.OUTPUT_DATA_FORMAT_KEY]
        )
        examples_utils.set_file_format(examples, "tfrecords_gzip")
        for split in config.splits:
            pattern = os.path.join(base, split.pattern)
            paths = sorted(str(path) for path in fileio.glob(pattern))
            if not paths:
                raise FileNotFoundError(f"No file of split {split.name}: {pattern}")
            pass_on(paths, artifact_utils.get_split_uri([examples], split.name))
