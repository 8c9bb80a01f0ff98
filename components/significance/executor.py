"""Executor of the Significance component."""

from __future__ import annotations

import json
import os
from typing import Any, Final

import apache_beam as beam
import pandas as pd
from tfx import types
from tfx.components.evaluator import constants
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components import counts, served_file
from components.evaluator.refusals import refusals
from components.example_files import of_split
from components.infra_check.results import REPORT_FILE, InfraReport
from components.significance import counted, inference, judgement
from components.significance.results import RESULTS_FILE, SERVED, read_rows
from components.significance.shown import ShownSummary
from evaluation.gate_config import GateConfig
from schema import artifacts
from schema.documents import Blessing, ServedModel, parse
from schema.model_card import ModelCard
from schema.rows import MODEL, PID, ROWS_FILE, SPLIT

#: What the keys of the baselines' inputs begin with; the family follows.
BASELINE: Final = "baseline_"


class Executor(base_beam_executor.BaseBeamExecutor):
    """Scores with each model in turn, so that one model at a time is in memory."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Runs the component; see `component.Significance`.

        Raises:
            CountsError: if a model was scored on other playlists than were held out.
        """
        examples = artifact_utils.get_single_instance(input_dict["examples"])
        output = artifact_utils.get_single_instance(output_dict["metrics"])
        candidate = exec_properties["candidate_name"]
        state = served_file.read(artifact_utils.get_single_instance(input_dict["served"]))
        models = models_to_score(input_dict, candidate, state)
        for name, model in models.items():
            self.score_model(name, path_utils.serving_model_path(model.uri), examples, output.uri)
        rows, shown = read_scores(output.uri)
        held_out = counts.read(examples)
        for stage in counted.stages(rows, artifact_utils.decode_split_names(examples.split_names)):
            held_out.followed_by(stage)
        cards = {
            name: ModelCard.read(path_utils.serving_model_path(model.uri))
            for name, model in models.items()
        }
        judged = judgement.judge(
            rows,
            candidate=candidate,
            served=SERVED if SERVED in models else None,
            gate=GateConfig.model_validate_json(exec_properties["options"]),
            shown=shown,
            cards=cards,
            seed=exec_properties["seed"],
            state=state,
            refusals=[*_evaluator_refusals(input_dict), *_infra_refusals(input_dict)],
        )
        io_utils.write_string_file(os.path.join(output.uri, RESULTS_FILE), judged.to_json())
        output.set_string_custom_property(artifacts.SUMMARY, _summary(judged.blessing))
        _bless(input_dict, output_dict, bool(judged.blessing.blessed))

    def score_model(self, name: str, model_dir: str, examples: types.Artifact, output: str) -> None:
        """Writes rows of one model on every held-out split, and what it shows, for `read_scores`.

        Args:
            name: the model's name in the rows.
            model_dir: a SavedModel with Segue's signatures.
            examples: held-out playlists.
            output: directory to write to.

        Raises:
            FileNotFoundError: if a split has no file.
        """
        files = [
            path
            for split in artifact_utils.decode_split_names(examples.split_names)
            for path in of_split(
                split, os.path.join(artifact_utils.get_split_uri([examples], split), "*.gz")
            )
        ]
        with self._make_beam_pipeline() as pipeline:
            scored = pipeline | beam.Create(files) | inference.ScorePlaylists(name, model_dir)
            _ = scored["rows"] | "WriteRows" >> beam.io.WriteToParquet(
                os.path.join(output, "rows", name), inference.SCHEMA, file_name_suffix=".parquet"
            )
            _ = scored["shown"] | "WriteShown" >> beam.io.WriteToText(
                os.path.join(output, "shown", name), file_name_suffix=".json"
            )


def _summary(blessing: Blessing) -> str:
    verdict = "blessed" if blessing.blessed else "not blessed"
    return ": ".join([verdict, *blessing.reasons[:1]])


def models_to_score(
    input_dict: dict[str, list[types.Artifact]], candidate: str, state: ServedModel
) -> dict[str, types.Artifact]:
    """The models to score by name: the candidate, the baselines by family, the served one."""
    models = {candidate: artifact_utils.get_single_instance(input_dict["candidate"])}
    for key, artifacts_of_key in input_dict.items():
        if key.startswith(BASELINE):
            family = key.removeprefix(BASELINE)
            models[family] = artifact_utils.get_single_instance(artifacts_of_key)
    if state.comparison == "made":
        models[SERVED] = artifact_utils.get_single_instance(input_dict["served"])
    return models


def read_scores(output: str) -> tuple[pd.DataFrame, dict[str, dict[str, ShownSummary]]]:
    """Gathers what Beam wrote, in one file for people to read, and drops the parts.

    Returns:
        Rows, and by split and model what was shown.
    """
    files = sorted(fileio.glob(os.path.join(output, "rows", "*.parquet")))
    rows: pd.DataFrame = pd.concat([read_rows(str(path)) for path in files], ignore_index=True)
    rows = rows.sort_values([MODEL, SPLIT, PID], ignore_index=True)
    with fileio.open(os.path.join(output, ROWS_FILE), "wb") as file:
        file.write(rows.to_parquet(index=False))
    shown: dict[str, dict[str, ShownSummary]] = {}
    for path in fileio.glob(os.path.join(output, "shown", "*.json")):
        for text in io_utils.read_string_file(str(path)).splitlines():
            line = json.loads(text)
            found = ShownSummary.model_validate(line["shown"])
            shown.setdefault(line["split"], {})[line["model"]] = found
    fileio.rmtree(os.path.join(output, "rows"))
    fileio.rmtree(os.path.join(output, "shown"))
    return rows, shown


def _evaluator_refusals(input_dict: dict[str, list[types.Artifact]]) -> list[str]:
    """What Evaluator found against the model, in words; nothing if it blessed it."""
    blessing = artifact_utils.get_single_instance(input_dict["evaluator_blessing"])
    if blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY):
        return []
    return refusals(artifact_utils.get_single_uri(input_dict["evaluation"]))


def _infra_refusals(input_dict: dict[str, list[types.Artifact]]) -> list[str]:
    """Why a served copy of the model did not pass; nothing if it did."""
    uri = artifact_utils.get_single_uri(input_dict["infra_blessing"])
    content = io_utils.read_string_file(os.path.join(uri, REPORT_FILE))
    report, notes = parse(InfraReport, content, REPORT_FILE)
    if report.blessed:
        return []
    return [f"InfraCheck: {reason}" for reason in [*report.reasons, *notes]]


def _bless(
    input_dict: dict[str, list[types.Artifact]],
    output_dict: dict[str, list[types.Artifact]],
    blessed: bool,
) -> None:
    """Writes the blessing as Evaluator does, so that Pusher understands it."""
    blessing = artifact_utils.get_single_instance(output_dict["blessing"])
    candidate = artifact_utils.get_single_instance(input_dict["candidate"])
    blessing.set_string_custom_property(
        constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY, candidate.uri
    )
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, candidate.id)
    name = constants.BLESSED_FILE_NAME if blessed else constants.NOT_BLESSED_FILE_NAME
    io_utils.write_string_file(os.path.join(blessing.uri, name), "")
    blessing.set_int_custom_property(
        constants.ARTIFACT_PROPERTY_BLESSED_KEY,
        constants.BLESSED_VALUE if blessed else constants.NOT_BLESSED_VALUE,
    )
