"""Executor of ImportExampleGen: takes over the files of each split as Ingest wrote them.

TFX's own executor reads every record to serialise, shuffle and write it again, and holds all of
them in memory on the DirectRunner. There is nothing left to do to these records.
"""

from __future__ import annotations

import fnmatch
import json
import os
from collections.abc import Mapping
from typing import Any

from tfx import types
from tfx.components.example_gen import utils
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_executor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils

from components import counts
from components.example_files import of_split, pass_on
from components.example_gen import spans
from components.example_gen.lost import raise_if_cut
from components.ingest import manifest, records
from components.ingest.finding import list_files
from components.ingest.names import playlists_pattern
from schema import artifacts
from schema.documents import RunCounts, SplitCounts, StageCounts
from schema.splits import SPLITS


class Executor(base_executor.BaseExecutor):
    """Runs the component; see `component.ImportExampleGen`."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Puts the files of each split in `input_base` under the split's folder.

        Raises:
            RuntimeError: if other records lie there than those that `fingerprint` names.
            CountsError: if the manifest tells of other playlists than there are.
            LostRecordsError: if files are missing or cut where they were put, or a span's records
                are not as many as its manifest says.
            FileNotFoundError: if a split has no file.
        """
        base, fingerprint = exec_properties["input_base"], exec_properties["fingerprint"]
        known = not fingerprint.startswith(manifest.UNKNOWN)
        found = records.load(base, fingerprint) if known else manifest.read(base)
        if known and found is None:
            raise RuntimeError(
                f"the records in {base} are not the ones that this run expects: the input changed "
                "after the run began, or another ingest replaced them; start the run again"
            )
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
        spans_there = records.parts(found) if found else {}
        # As the driver of TFX's ExampleGens sets them; of a window it is the last one.
        examples.span = max(spans_there, default=0)
        examples.version = 0
        examples.set_string_custom_property(utils.FINGERPRINT_PROPERTY_NAME, fingerprint)
        examples.set_int_custom_property(utils.SPAN_PROPERTY_NAME, examples.span)
        examples.set_int_custom_property(utils.VERSION_PROPERTY_NAME, 0)
        payload = example_gen_pb2.FORMAT_TF_EXAMPLE
        examples_utils.set_payload_format(examples, payload)
        examples_utils.set_file_format(examples, "tfrecords_gzip")
        *names, last = SPLITS
        examples.set_string_custom_property(
            artifacts.SUMMARY, f"split by hash of pid into {', '.join(names)} and {last}"
        )
        folders = {split: artifact_utils.get_split_uri([examples], split) for split in SPLITS}
        if found and spans_there:
            put = spans.put_together(base, found, folders)
            prints = {str(number): print_ for number, print_ in put.prints.items()}
            examples.set_string_custom_property(artifacts.SPANS, json.dumps(prints))
        else:
            for split, folder in folders.items():
                pattern = playlists_pattern(split)
                pass_on(of_split(split, os.path.join(base, pattern)), folder)
                written = found.outputs.items() if found else ()
                sizes = {name: size for name, size in written if fnmatch.fnmatchcase(name, pattern)}
                raise_if_cut(folder, sizes)
        counts.write(examples, _counts(found, folders))
        if found:
            places = (examples.uri, *folders.values())
            files = (file for place in places for file in list_files(place, ["*"]))
            examples.set_int_custom_property(artifacts.BYTES, sum(file.size for file in files))


def _counts(found: manifest.Manifest | None, folders: Mapping[str, str]) -> RunCounts:
    """What Ingest wrote, by its manifest; where it has none to tell of this, what lies there."""
    if found is not None and found.result.entries:
        written = found.result.counts
    else:
        by_split = {
            split: counts.of_files(of_split(split, os.path.join(folder, "*")))
            for split, folder in folders.items()
        }
        written = StageCounts(
            stage="Ingest", splits={k: SplitCounts(written=v) for k, v in by_split.items()}
        )
    passed_on = {
        split: SplitCounts(read=line.written, written=line.written)
        for split, line in written.splits.items()
        if split in folders
    }
    stage = StageCounts(stage="ImportExampleGen", splits=passed_on)
    return RunCounts(stages=[written]).followed_by(stage)
