"""The Tuner's `tuner_fn` for every family, given to TFX as `models.tuning.tuner.tuner_fn`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pydantic
import tensorflow as tf
import tensorflow_transform as tft
from tfx.components.tuner.component import TunerFnResult

from models import custom_config, families
from models.contract import TrainingData
from models.data import load_training_data
from models.families.search_space import around
from models.tuning.inner_split import split_train
from models.tuning.options import SearchOptions
from models.tuning.oracles import oracle
from models.tuning.trials import TrialRunner

if TYPE_CHECKING:
    from tfx.components.trainer.fn_args_utils import FnArgs


class TunerConfig(SearchOptions):
    """The Tuner's `custom_config`.

    `source_hash` makes TFX search again when the code has changed. `checkpoints` is a directory
    that outlives an execution, "" for none.
    """

    family: str
    params: dict[str, Any] = pydantic.Field(default_factory=dict)
    seed: int = pydantic.Field(default=0, ge=0, lt=2**32)
    source_hash: str = ""
    checkpoints: str = ""


def tuner_fn(fn_args: FnArgs) -> TunerFnResult:
    """Prepares the search for a family's hyperparameters.

    Every trial is fitted and scored on parts of train. The split stop is not read: it is for the
    Trainer to choose by, and there is no other.

    Args:
        fn_args: TFX's; `custom_config` holds the fields of `TunerConfig`.

    Returns:
        The tuner, and what its trials are given.

    Raises:
        ValueError: if the configuration names an unknown family or parameter, or leaves nothing to
            tune, or there are too few playlists.
    """
    config = _config(custom_config.own(fn_args.custom_config))
    family = families.family(config.family)
    params = family.params(config.params)
    values = params.model_dump(mode="json")
    space, configured = around(family.search_space(params), values, fixed=config.fixed)
    if not space:
        raise ValueError(f"There is nothing to tune of the family {config.family!r}.")
    transform = tft.TFTransformOutput(fn_args.transform_graph_path)
    data, _ = load_training_data(fn_args.train_files, [], transform)
    split = split_train(data, config.holdout_share, config.seed, config.playlists)
    directory, project = fn_args.working_dir, _fingerprint(config, data)
    if config.checkpoints:
        directory = os.path.join(config.checkpoints, f"tuner-{config.family}")
        _keep_only(directory, project)
    tuner = TrialRunner(
        oracle(config.algorithm, space, configured, config.trials, config.seed),
        family=family,
        params=values,
        seed=config.seed,
        directory=directory,
        project_name=project,
    )
    return TunerFnResult(tuner=tuner, fit_kwargs={"split": split})


def _config(values: Mapping[str, Any]) -> TunerConfig:
    try:
        return TunerConfig(**values)
    except pydantic.ValidationError as error:
        raise ValueError(f"The Tuner's custom_config is wrong: {error}") from error


def _fingerprint(config: TunerConfig, data: TrainingData) -> str:
    """A digest of all that a search depends on: another one's trials must not be taken."""
    settings = config.model_dump_json(exclude={"checkpoints"})
    return hashlib.sha256(f"{settings}{data.fingerprint()}".encode()).hexdigest()[:16]


def _keep_only(directory: str, project: str) -> None:
    """Removes what earlier searches of the same family left."""
    if not tf.io.gfile.exists(directory):
        return
    for name in tf.io.gfile.listdir(directory):
        if name.strip("/") != project:
            tf.io.gfile.rmtree(os.path.join(directory, name))
