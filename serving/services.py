"""TF Serving's two gRPC services, on a table of models."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

import grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from serving import errors, inference, predict
from serving.metrics import Metrics
from serving.model_manager import ModelManager

_LOG = logging.getLogger(__name__)

PREDICTION_SERVICE = "tensorflow.serving.PredictionService"
MODEL_SERVICE = "tensorflow.serving.ModelService"


class _Service:
    """Answers requests, whatever happens, with a status, and counts them.

    Args:
        manager: the models.
        metrics: where requests are counted.
        draining: set when the server is about to end, and refuses what comes.
    """

    def __init__(self, manager: ModelManager, metrics: Metrics, draining: threading.Event) -> None:
        self._manager = manager
        self._table = manager.table
        self._metrics = metrics
        self._draining = draining

    def _answer(
        self, method: str, model: str, context: grpc.ServicerContext, call: Callable[[], Any]
    ) -> Any:
        started = time.perf_counter()
        error: errors.ServingError | None = None
        try:
            if self._draining.is_set():
                raise errors.ServingError(
                    grpc.StatusCode.UNAVAILABLE, "The server is shutting down"
                )
            return call()
        except errors.ServingError as failure:
            error = failure
        except Exception as failure:
            error = errors.from_exception(failure)
            _LOG.exception("%s failed in an unforeseen way", method)
        finally:
            code = error.code.name if error else "OK"
            self._metrics.observe_request(model, method, code, time.perf_counter() - started)
        context.abort(error.code, error.wire_message)


def _require_spec(request: Any) -> None:
    if not request.HasField("model_spec"):
        raise errors.invalid_argument("Missing ModelSpec")


class PredictionService(_Service, prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict and GetModelMetadata; Classify, Regress and MultiInference are refused.

    Args:
        manager: the models.
        metrics: where requests are counted.
        draining: set when the server is about to end.
        max_rows: most rows of a request.
    """

    def __init__(
        self,
        manager: ModelManager,
        metrics: Metrics,
        draining: threading.Event,
        max_rows: int,
    ) -> None:
        super().__init__(manager, metrics, draining)
        self._max_rows = max_rows

    def Predict(  # noqa: N802 - the name in the protocol
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Runs a signature of a model."""

        def call() -> predict_pb2.PredictResponse:
            _require_spec(request)
            remaining = context.time_remaining()
            deadline = None if remaining is None else time.monotonic() + remaining
            with self._table.use(request.model_spec) as servable:
                return predict.run_predict(
                    servable, request, max_rows=self._max_rows, deadline=deadline
                )

        return self._answer("Predict", request.model_spec.name, context, call)

    def GetModelMetadata(  # noqa: N802
        self,
        request: get_model_metadata_pb2.GetModelMetadataRequest,
        context: grpc.ServicerContext,
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Describes the signatures of a model."""

        def call() -> get_model_metadata_pb2.GetModelMetadataResponse:
            _require_spec(request)
            predict.check_metadata_fields(request.metadata_field)
            with self._table.use(request.model_spec) as servable:
                return predict.get_model_metadata(servable)

        return self._answer("GetModelMetadata", request.model_spec.name, context, call)

    def Classify(  # noqa: N802
        self, request: classification_pb2.ClassificationRequest, context: grpc.ServicerContext
    ) -> classification_pb2.ClassificationResponse:
        """Refuses: no signature of these models is made for it."""

        def call() -> NoReturn:
            _require_spec(request)
            with self._table.use(request.model_spec) as servable:
                raise inference.refuse_classify(servable, request.model_spec)

        return self._answer("Classify", request.model_spec.name, context, call)

    def Regress(  # noqa: N802
        self, request: regression_pb2.RegressionRequest, context: grpc.ServicerContext
    ) -> regression_pb2.RegressionResponse:
        """Refuses: no signature of these models is made for it."""

        def call() -> NoReturn:
            _require_spec(request)
            with self._table.use(request.model_spec) as servable:
                raise inference.refuse_regress(servable, request.model_spec)

        return self._answer("Regress", request.model_spec.name, context, call)

    def MultiInference(  # noqa: N802
        self, request: inference_pb2.MultiInferenceRequest, context: grpc.ServicerContext
    ) -> inference_pb2.MultiInferenceResponse:
        """Refuses: no signature of these models is made for it."""
        spec = request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()

        def call() -> NoReturn:
            with self._table.use(spec) as servable:
                raise inference.refuse_multi_inference(servable, request)

        return self._answer("MultiInference", spec.name, context, call)


class ModelService(_Service, model_service_pb2_grpc.ModelServiceServicer):
    """States of versions, and changes of the configuration."""

    def GetModelStatus(  # noqa: N802
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """States of the versions of a model, or of one of them."""

        def call() -> get_model_status_pb2.GetModelStatusResponse:
            _require_spec(request)
            response = get_model_status_pb2.GetModelStatusResponse()
            for version, state, error in self._table.status(request.model_spec):
                entry = response.model_version_status.add(version=version, state=state.value)
                entry.status.SetInParent()
                if error:
                    entry.status.CopyFrom(error.to_proto())
            return response

        return self._answer("GetModelStatus", request.model_spec.name, context, call)

    def HandleReloadConfigRequest(  # noqa: N802
        self, request: model_management_pb2.ReloadConfigRequest, context: grpc.ServicerContext
    ) -> model_management_pb2.ReloadConfigResponse:
        """Replaces the configuration; returns when models that are new to it serve."""

        def call() -> model_management_pb2.ReloadConfigResponse:
            if request.config.WhichOneof("config") != "model_config_list":
                raise errors.invalid_argument(
                    "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
                    "ModelConfigList is currently supported"
                )
            self._manager.reload(request.config, timeout=context.time_remaining())
            response = model_management_pb2.ReloadConfigResponse()
            response.status.SetInParent()
            return response

        return self._answer("HandleReloadConfigRequest", "", context, call)
