"""What makes a version's directory a model of MLflow's: the file MLmodel, and code that loads it.

A registered model is MODEL/VERSION/..., the directory as Pusher wrote it, so that what MLflow's
client downloads is a base path of TF Serving; beside it lie files that TF Serving does not look at.
"""

from __future__ import annotations

import importlib.metadata
import pathlib
import platform
import shutil
from typing import Final

import tensorflow as tf
import yaml
from mlflow import pyfunc
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import Array

from schema import signatures

#: Where a run's artifacts have the model.
MODEL_PATH: Final = "model"
_CODE: Final = "code"
_MODULE: Final = "segue_model"
_SOURCE: Final = pathlib.Path(__file__).with_name("loading.py")
#: What the code imports, and what calls it.
_PACKAGES: Final = ("mlflow-skinny", "numpy", "pandas", "tf-keras")

_SIGNATURE: Final = ModelSignature(
    inputs=Schema(
        [
            ColSpec(DataType.string, signatures.NAME),
            ColSpec(Array(DataType.string), signatures.TRACK_URIS),
        ]
    ),
    outputs=Schema(
        [
            ColSpec(Array(DataType.string), signatures.TRACK_URIS),
            ColSpec(Array(DataType.double), signatures.SCORES),
        ]
    ),
)


def write(folder: pathlib.Path, serving_version: int, run_id: str) -> None:
    """Writes all of a model but the version's directory.

    Args:
        folder: is filled.
        serving_version: the name of the directory.
        run_id: of MLflow's run that has it.
    """
    (folder / _CODE).mkdir(parents=True)
    shutil.copyfile(_SOURCE, folder / _CODE / f"{_MODULE}.py")
    packages = [f"{name}=={importlib.metadata.version(name)}" for name in _PACKAGES]
    # Its package has another name where it has no CUDA.
    packages.append(f"tensorflow=={tf.version.VERSION}")
    (folder / "requirements.txt").write_text("\n".join(packages) + "\n", "utf-8")
    environment = {
        "python": platform.python_version(),
        "build_dependencies": [],
        "dependencies": ["-r requirements.txt"],
    }
    (folder / "python_env.yaml").write_text(yaml.safe_dump(environment), "utf-8")
    model = Model(artifact_path=MODEL_PATH, run_id=run_id, signature=_SIGNATURE)
    pyfunc.add_to_model(
        model,
        loader_module=_MODULE,
        code=_CODE,
        data=str(serving_version),
        python_env="python_env.yaml",
    )
    model.save(str(folder / "MLmodel"))
