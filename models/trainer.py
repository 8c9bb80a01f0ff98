"""The Trainer's `run_fn` for every family, given to TFX as `models.trainer.run_fn`."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import importlib.metadata
import json
import math
import os
import platform
import tempfile
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import pydantic
import tensorflow as tf
import tensorflow_transform as tft

from models import custom_config, families, starting
from models.contract import Fit, TrainingData
from models.data import load_training_data, side_tables
from models.export import ExportOptions, saved_model
from models.export.index.sampling import sample_queries
from models.families.search_space import merged, tuned_values
from schema import provenance
from schema.model_card import SCHEMA_VERSION, ModelCard, StartCard
from schema.side_tables import SideTable
from schema.splits import STOP, TRAIN
from schema.tables import AUDIO_NAME

if TYPE_CHECKING:
    from tfx.components.trainer.fn_args_utils import FnArgs

_PACKAGES: Final = ("tensorflow", "tensorflow-transform", "tensorflow-recommenders", "implicit")


class TrainerConfig(pydantic.BaseModel):
    """The Trainer's `custom_config`.

    Attributes:
        family: what to train.
        params: its hyperparameters; those left out take their default.
        seed: of everything random.
        source_hash: makes TFX train again when the code has changed.
        checkpoints: a directory that outlives an execution, "" for none.
        split: the split configuration, for the model card; None where it is not known.
        export: how to export.
        side_table: folder of the side table of tracks that trend, or of audio embeddings of tracks
            that no playlist holds; "" for none.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    family: str
    params: dict[str, Any] = pydantic.Field(default_factory=dict)
    seed: int = pydantic.Field(default=0, ge=0, lt=2**32)
    source_hash: str = ""
    checkpoints: str = ""
    split: dict[str, int | float] | None = None
    export: ExportOptions = ExportOptions()
    side_table: str = ""


def run_fn(fn_args: FnArgs) -> None:
    """Loads what Transform wrote, fits the configured family and exports it.

    It gets the splits train and stop only: `eval_files`, as TFX calls them, are those of stop. With
    a `base_model`, which is what WarmStart gives, training starts from it if it can.

    Writes the SavedModel to `fn_args.serving_model_dir`, and the training curve to
    `fn_args.model_run_dir`, as `history.json` and as TensorBoard scalars.

    Args:
        fn_args: TFX's; `custom_config` holds the fields of `TrainerConfig`, and `hyperparameters`
            what the Tuner has found to put in place of some of `params`, if it ran.

    Raises:
        ValueError: if the configuration names an unknown family or parameter, or there is nothing
            to train on, or nothing says what the base model is.
    """
    config = _config(custom_config.own(fn_args.custom_config))
    family = families.family(config.family)
    tuned = tuned_values(fn_args.hyperparameters)
    params = family.params(merged(config.params, tuned))
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    data, vocabularies = load_training_data(
        fn_args.train_files, fn_args.eval_files or [], transform
    )
    described: dict[str, SideTable] | None = None
    audio = None
    if config.side_table:
        told, table = side_tables.open_table(config.side_table)
        described = {told.name: told}
        if told.name == AUDIO_NAME:
            audio = table
        else:
            data = dataclasses.replace(data, trend=side_tables.trend(table, data.catalogue))
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        run_directory = fn_args.model_run_dir or scratch
        # TFX gives each execution a directory of its own. What training goes on from after a kill
        # lies elsewhere, by the code that wrote it.
        family_folder = os.path.join(config.checkpoints, config.family)
        kept = os.path.join(family_folder, config.source_hash) if config.checkpoints else ""
        for directory in filter(None, (run_directory, kept)):
            tf.io.gfile.makedirs(directory)
        task = starting.Task(data, params, config.seed, kept or run_directory)
        fit, started = starting.fit(family, task, vocabularies, fn_args.base_model)
        seconds = time.perf_counter() - start
        _write_history([_plain(row) for row in fit.history], run_directory)
    catalogue, cold_card = data.catalogue, None
    if audio is not None:
        # What it learns with takes long to import.
        from models import cold

        extended = cold.extend(fit, data, vocabularies, audio, config.seed)
        fit, catalogue, vocabularies, cold_card = extended
    index = config.export.index
    queries = None
    if index.kind != "brute_force":
        queries = sample_queries(data, index.recall_queries, config.seed)
    saved_model.export(
        fit.scorer,
        catalogue,
        vocabularies,
        fn_args.serving_model_dir,
        _card(
            config, params, data, tuned=tuned, fit=fit, started=started, seconds=seconds
        ).model_copy(
            update={
                "catalogue_size": len(catalogue),
                "side_tables": described,
                "cold": cold_card,
                **_end(data, described, started),
            }
        ),
        ranker=fit.ranker,
        options=config.export,
        index_queries=queries,
        seed=config.seed,
    )
    # An object store has no empty folders.
    if kept and tf.io.gfile.exists(family_folder):
        tf.io.gfile.rmtree(family_folder)


def _config(values: Mapping[str, Any]) -> TrainerConfig:
    try:
        return TrainerConfig(**values)
    except pydantic.ValidationError as error:
        raise ValueError(f"The Trainer's custom_config is wrong: {error}") from error


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Turns NumPy's numbers into Python's, and what is not finite into None."""
    plain = {key: getattr(value, "item", lambda v=value: v)() for key, value in row.items()}
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in plain.items()
    }


def _write_history(history: list[dict[str, Any]], directory: str) -> None:
    with tf.io.gfile.GFile(os.path.join(directory, "history.json"), "w") as handle:
        handle.write(json.dumps(history, indent=1, allow_nan=False))
    writer = tf.summary.create_file_writer(directory)
    with writer.as_default():
        for index, row in enumerate(history):
            for key, value in row.items():
                if isinstance(value, int | float) and key != "step":
                    tf.summary.scalar(key, value, step=int(row.get("step", index)))
    writer.close()


def _end(
    data: TrainingData, described: Mapping[str, SideTable] | None, started: StartCard | None
) -> dict[str, Any]:
    """What the card says of the end of all that was learnt from."""
    ends = [data.end.time, *(table.as_of for table in (described or {}).values())]
    undated: int | None = data.end.undated
    if started is not None and started.start == "served":
        ends.append(started.data_end)
        before = started.undated_playlists
        undated = None if before is None else data.end.undated + before
    dated = [end for end in ends if end is not None]
    # Who is told a day, or has a wrong clock, has still not seen what comes after the training.
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "data_end": min(max(dated), now) if dated else None,
        "undated_playlists": undated,
    }


def _card(
    config: TrainerConfig,
    params: pydantic.BaseModel,
    data: TrainingData,
    *,
    tuned: Mapping[str, Any],
    fit: Fit,
    started: StartCard | None,
    seconds: float,
) -> ModelCard:
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return ModelCard(
        schema_version=SCHEMA_VERSION,
        family=config.family,
        params=params.model_dump(mode="json"),
        tuned=dict(tuned),
        seed=config.seed,
        split=config.split,
        vocabularies={
            "tracks": len(data.catalogue),
            "artists": data.num_artists,
            "albums": data.num_albums,
            "title_ngrams": data.num_title_ngrams,
        },
        catalogue_size=len(data.catalogue),
        playlists={TRAIN: len(data.train) - len(data.stop), STOP: len(data.stop)},
        chosen=fit.chosen,
        fit_seconds=round(seconds, 3),
        source_hash=config.source_hash or None,
        versions=versions,
        commit=provenance.commit(),
        image=provenance.image(),
        start=started,
    )
