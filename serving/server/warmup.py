"""Warm-up requests of a SavedModel: run after it is loaded, before it is served.

TF Serving reads them from `assets.extra/tf_serving_warmup_requests` (saved_model_warmup_util.cc),
where `models.export.warmup` puts them. A request that fails keeps the version from being served.
"""

from __future__ import annotations

import logging
import os

import grpc
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from schema.signatures import MAX_WARMUP_REQUESTS, WARMUP_FILE
from serving.protocol import errors
from serving.server import predict
from serving.server.versions import Servable

_LOG = logging.getLogger(__name__)


def run_warmup(servable: Servable, export_dir: str) -> int:
    """Runs the warm-up requests of a version.

    Returns:
        How many there were; 0 without the file, which is optional.

    Raises:
        ServingError: a record cannot be read or answered.
    """
    path = os.path.join(export_dir, WARMUP_FILE)
    if not tf.io.gfile.exists(path):
        return 0
    count = 0
    try:
        for record in tf.data.TFRecordDataset(path):
            if count == MAX_WARMUP_REQUESTS:
                raise errors.invalid_argument(
                    "Number of warmup records exceeds the maximum "
                    f"({MAX_WARMUP_REQUESTS}) at {path}"
                )
            _run(servable, record.numpy(), path)
            count += 1
    except tf.errors.DataLossError as error:
        raise errors.ServingError(
            grpc.StatusCode.DATA_LOSS,
            f"{error.message}. Please verify your warmup data is in TFRecord format.",
        ) from error
    _LOG.info("Ran %d warm-up requests of %s", count, path)
    return count


def _run(servable: Servable, record: bytes, path: str) -> None:
    try:
        log = prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError as error:
        raise errors.invalid_argument(f"Failed to parse warmup record from {path}") from error
    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        predict.run_predict(servable, log.predict_log.request)
    elif kind is not None:
        number = log.DESCRIPTOR.fields_by_name[kind].number
        raise errors.ServingError(
            grpc.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}"
        )
