"""Warm-up requests of a SavedModel: run after it is loaded, before it is served.

TF Serving reads them from `assets.extra/tf_serving_warmup_requests` (saved_model_warmup_util.cc): a
TFRecord file of `PredictionLog`. A request that fails keeps the version from being served.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable

import grpc
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from serving import errors, inference, predict
from serving.servable import Servable

WARMUP_FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")
MAX_RECORDS = 1000

_LOG = logging.getLogger(__name__)


def write_warmup(export_dir: str, requests: Iterable[predict_pb2.PredictRequest]) -> None:
    """Puts Predict requests into a SavedModel, for any TF Serving to warm up with.

    Args:
        export_dir: the SavedModel's directory.
        requests: at most `MAX_RECORDS`.

    Raises:
        ValueError: there are more.
    """
    path = os.path.join(export_dir, WARMUP_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.TFRecordWriter(path) as writer:
        for count, request in enumerate(requests):
            if count == MAX_RECORDS:
                raise ValueError(f"at most {MAX_RECORDS} warm-up requests can be written")
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.CopyFrom(request)
            writer.write(log.SerializeToString())


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
            if count == MAX_RECORDS:
                raise errors.invalid_argument(
                    f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {path}"
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
    elif kind == "classify_log":
        raise inference.refuse_classify(servable, log.classify_log.request.model_spec)
    elif kind == "regress_log":
        raise inference.refuse_regress(servable, log.regress_log.request.model_spec)
    elif kind == "multi_inference_log":
        raise inference.refuse_multi_inference(servable, log.multi_inference_log.request)
    elif kind is not None:
        number = log.DESCRIPTOR.fields_by_name[kind].number
        raise errors.ServingError(
            grpc.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}"
        )
