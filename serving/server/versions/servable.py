"""One loaded version of a model: its graph in its own session, as TF Serving holds it.

A session (rather than `tf.saved_model.load`) answers with the runtime's own errors, runs 0.1 ms
faster a call, and gives its memory back when it is closed.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2

from schema import checksums
from serving.protocol import errors, saved_models

_SERVE_TAG = "serve"


class Servable:
    """A version of a model, ready to be run from many threads at once.

    Attributes:
        name: name of the model.
        version: its version.
        signatures: SignatureDef by name, everything that the SavedModel declares.
    """

    def __init__(
        self,
        name: str,
        version: int,
        signatures: dict[str, meta_graph_pb2.SignatureDef],
        session: tf.compat.v1.Session,
    ) -> None:
        self.name = name
        self.version = version
        self.signatures = signatures
        self._session = session
        self._callables: dict[tuple[tuple[str, ...], tuple[str, ...]], Callable[..., Any]] = {}
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls, name: str, version: int, path: str, config: config_pb2.ConfigProto | None = None
    ) -> Servable:
        """Loads a SavedModel and initialises its variables and tables.

        Args:
            name: name of the model.
            version: its version.
            path: the SavedModel's directory.
            config: options of the session, for instance its numbers of threads.

        Raises:
            ServingError: it cannot be loaded, with a code as TF Serving gives it.
        """
        if not any(
            tf.io.gfile.exists(os.path.join(path, file))
            for file in ("saved_model.pb", "saved_model.pbtxt")
        ):
            raise errors.not_found(
                f"Could not find SavedModel .pb or .pbtxt at supplied export directory path: {path}"
            )
        if problem := checksums.flaw(path):
            raise errors.ServingError(grpc.StatusCode.DATA_LOSS, saved_models.broken(path, problem))
        graph = tf.Graph()
        session = tf.compat.v1.Session(graph=graph, config=config)
        try:
            with (
                graph.as_default(),
                _without_deprecation_notice(),
                saved_models.plainly_named(path) as plain,
            ):
                meta_graph = tf.compat.v1.saved_model.loader.load(session, [_SERVE_TAG], plain)
            signatures = {}
            for key, value in meta_graph.signature_def.items():
                signatures[key] = meta_graph_pb2.SignatureDef()
                signatures[key].CopyFrom(value)
        except Exception as error:
            session.close()
            raise _load_error(path, error) from error
        return cls(name, version, signatures, session)

    def run_session(
        self,
        feeds: Sequence[str],
        fetches: Sequence[str],
        arrays: Sequence[np.ndarray],
        deadline: float | None = None,
    ) -> list[np.ndarray]:
        """Runs the graph.

        Args:
            feeds: names of the I tensors to feed.
            fetches: names of the O tensors to fetch.
            arrays: I arrays of the shapes and dtypes that the graph declares, strings as objects.
            deadline: time (of `time.monotonic`) at which the caller stops waiting.

        Returns:
            O arrays, in the order of `fetches`; strings are objects (bytes).

        Raises:
            ServingError: the runtime refuses these inputs, or the deadline has passed.
        """
        if deadline is not None and deadline <= time.monotonic():
            raise errors.ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
        key = (tuple(feeds), tuple(fetches))
        try:
            call = self._callables.get(key) or self._make_callable(key)
            # A scalar string comes back as Python's bytes.
            return [
                np.array(value, object) if isinstance(value, bytes) else value
                for value in call(*arrays)
            ]
        except UnicodeDecodeError as error:
            # The runtime's message quotes bytes of the request, and so never reaches Python whole.
            message = bytes(error.object).decode("utf-8", "replace")
            raise errors.invalid_argument(message) from error
        except Exception as error:
            raise errors.from_exception(error) from error

    def close(self) -> None:
        """Frees the model; nothing may be running in it."""
        self._callables.clear()
        self._session.close()
        del self._session
        # A graph refers to itself: without this, unloaded models stay until Python collects them.
        gc.collect()

    def _make_callable(self, key: tuple[tuple[str, ...], tuple[str, ...]]) -> Callable[..., Any]:
        feeds, fetches = key
        with self._lock:
            make = getattr(self._session, "_make_callable_from_options", None)
            if make is None:
                call = self._session.make_callable(list(fetches), list(feeds))
            else:
                # `make_callable` builds on this. It skips checks and conversions that the request's
                # arrays do not need, which saves 0.13 ms a call.
                call = make(config_pb2.CallableOptions(feed=feeds, fetch=fetches))
            return self._callables.setdefault(key, call)


def _load_error(path: str, error: Exception) -> errors.ServingError:
    if isinstance(error, OSError):
        return errors.ServingError(
            grpc.StatusCode.DATA_LOSS, f"Can't parse {path}/saved_model.pb as binary proto: {error}"
        )
    if isinstance(error, RuntimeError) and "tags" in str(error):
        return errors.not_found(
            "Could not find meta graph def matching supplied tags: { serve }. To inspect available "
            f"tag-sets in the SavedModel, please use the SavedModel CLI: {error}"
        )
    return errors.from_exception(error)


@contextlib.contextmanager
def _without_deprecation_notice() -> Iterator[None]:
    """Hides TensorFlow's notice that sessions are deprecated: this module uses them on purpose."""

    def keep(record: logging.LogRecord) -> bool:
        return "deprecated" not in record.getMessage()

    logger = tf.get_logger()
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
