"""Models as they lie on disk: whole, half copied, or something else."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from typing import Final

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from schema import checksums
from serving.protocol import errors, version_files
from serving.protocol.version_files import MODEL_FILE

#: What a SavedModel has beside its graph.
_PARTS: Final = ("variables", "assets", "fingerprint.pb")
_VARIABLES: Final = "variables/variables"
_PATTERN: Final = frozenset("*?[]\\")


class BrokenModelError(ValueError):
    """A model that is not whole; the message names its directory and what is missing."""


def flaw(path: str) -> str | None:
    """What is wrong with a SavedModel, from its files alone; its weights are read.

    Args:
        path: its directory, local or on any file system of TensorFlow.

    Returns:
        What is missing or damaged, in words that follow a path and a colon; None where it is whole.
    """
    file = os.path.join(path, MODEL_FILE)
    if not tf.io.gfile.exists(file):
        return f"{MODEL_FILE} is missing"
    model = saved_model_pb2.SavedModel()
    try:
        with tf.io.gfile.GFile(file, "rb") as handle:
            model.ParseFromString(handle.read())
    except DecodeError:
        return f"{MODEL_FILE} is cut off or damaged"
    except tf.errors.OpError as error:
        return f"{MODEL_FILE} cannot be read ({_reason(error)})"
    if not model.meta_graphs:
        return f"{MODEL_FILE} is empty"
    graph = model.meta_graphs[0]
    for asset in graph.asset_file_def:
        if not tf.io.gfile.exists(os.path.join(path, "assets", asset.filename)):
            return f"assets/{asset.filename} is missing"
    return checksums.flaw(path) or _flaw_of_weights(path, graph)


def check_base(base_path: str) -> None:
    """Refuses what cannot be the directory of a model's versions; it may still be missing.

    Raises:
        ConfigError: it is a file, or itself a version; the message has the directory to give.
    """
    if not tf.io.gfile.exists(base_path):
        return
    if not tf.io.gfile.isdir(base_path):
        raise errors.ConfigError(
            f"{base_path} is a file; give the directory of a model's versions, such as "
            "OUT/serving/segue"
        )
    parts = [part for part in (MODEL_FILE, *_PARTS) if _has(base_path, part)]
    if not parts or version_files.list_versions(base_path):
        return
    whole = "" if MODEL_FILE in parts else f", whose {MODEL_FILE} is missing"
    base, name = os.path.split(os.path.abspath(base_path) if "://" not in base_path else base_path)
    above = f": {base}" if name.isdigit() else ", in which versions have numbers for names"
    raise errors.ConfigError(
        f"{base_path} is one version of a model{whole}; give the directory above it{above}"
    )


def choose(path: str, fall_back: bool | None = False) -> str:
    """Finds the SavedModel in a directory, or in its newest version, and checks that it is whole.

    Args:
        path: a SavedModel, or a base directory in TF Serving's layout, such as OUT/serving/segue.
        fall_back: whether an older version that is whole may take the place of newer ones that are
            not; None where the caller has no option for that.

    Returns:
        The SavedModel's directory.

    Raises:
        BrokenModelError: the model, or its newest version, is not whole.
        ValueError: there is no model.
    """
    if _has(path, MODEL_FILE):
        versions = {0: path}
    else:
        versions = version_files.list_versions(path) if tf.io.gfile.isdir(path) else {}
    if not versions and any(_has(path, part) for part in _PARTS):
        versions = {0: path}
    if not versions:
        raise ValueError(
            f"No model in {path}: expected {MODEL_FILE} there or in a numbered version below it."
        )
    newest = max(versions)
    problem = flaw(versions[newest])
    if problem is None:
        return versions[newest]
    sound = older_sound(versions, newest)
    if sound is not None and fall_back:
        return versions[sound]
    raise BrokenModelError(
        broken(versions[newest], problem)
        + ("" if sound is None else f", or {instead(versions, sound, fall_back is not None)}")
    )


def older_sound(versions: Mapping[int, str], number: int) -> int | None:
    """The newest version below another that is whole, or None.

    Args:
        versions: directory by version.
        number: the version that is not whole.
    """
    older = sorted((each for each in versions if each < number), reverse=True)
    return next((each for each in older if flaw(versions[each]) is None), None)


def broken(path: str, problem: str) -> str:
    """The sentence about a model that is not whole."""
    return f"{path} is not a whole model: {problem}; copy it again"


def instead(versions: Mapping[int, str], sound: int, has_option: bool = True) -> str:
    """How to use an older version that is whole, as a part of a sentence."""
    if has_option:
        return f"use version {sound} beside it, which is whole, with --fall-back"
    return f"give {versions[sound]}, which is whole"


@contextlib.contextmanager
def plainly_named(path: str) -> Iterator[str]:
    """A path that TensorFlow takes for no pattern: where the real one has brackets, a link to it.

    It looks for a checkpoint's files with a pattern, whatever their directory is called.
    """
    if "://" in path or not _PATTERN.intersection(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = os.path.join(folder, "model")
        os.symlink(os.path.abspath(path), link)
        yield link


def _flaw_of_weights(path: str, graph: meta_graph_pb2.MetaGraphDef) -> str | None:
    if not graph.HasField("saver_def") and not graph.object_graph_def.nodes:
        return None  # a model without weights
    if not _has(path, f"{_VARIABLES}.index"):
        return f"{_VARIABLES}.index is missing"
    directory, stem = os.path.split(f"{_VARIABLES}.data-")
    if not any(n.startswith(stem) for n in tf.io.gfile.listdir(os.path.join(path, directory))):
        return f"{_VARIABLES}.data-* is missing"
    damaged = f"{_VARIABLES}.index"
    try:
        with plainly_named(path) as plain:
            reader = tf.train.load_checkpoint(os.path.join(plain, _VARIABLES))
            names = reader.get_variable_to_shape_map()
            damaged = f"{_VARIABLES}.data-*"
            for name in names:
                reader.get_tensor(name)
    except (tf.errors.OpError, RuntimeError, ValueError, IndexError):
        return f"{damaged} is cut off or damaged"
    return None


def _has(path: str, name: str) -> bool:
    return bool(tf.io.gfile.exists(os.path.join(path, name)))


def _reason(error: Exception) -> str:
    return str(getattr(error, "message", error)).rpartition("; ")[2]
