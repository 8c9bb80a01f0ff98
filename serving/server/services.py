"""TF Serving's two gRPC services, on a table of models, for an asyncio server.

Methods take and return bytes: this module refuses what cannot be parsed, and a Predict answer is
written as bytes without building a message.
"""

from __future__ import annotations

import abc
import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.protocol import errors, served_models
from serving.server import predict
from serving.server.metrics import Metrics
from serving.server.predict_runner import PredictRunner
from serving.server.request_log import RequestLogs
from serving.server.versions import ModelManager

_LOG = logging.getLogger(__name__)

PREDICTION_SERVICE = "tensorflow.serving.PredictionService"
MODEL_SERVICE = "tensorflow.serving.ModelService"

_REFUSED = {
    "Classify": classification_pb2.ClassificationRequest,
    "Regress": regression_pb2.RegressionRequest,
    "MultiInference": inference_pb2.MultiInferenceRequest,
}

#: Answers a request with a serialised message; the second argument is the time of
#: `time.monotonic` at which the caller has gone, or None.
Method = Callable[[Any, float | None], Awaitable[bytes]]


class _Service(abc.ABC):
    """Answers every request with a status, whatever happens, and counts it.

    Args:
        name: full name of the service.
        manager: the models.
        metrics: where requests are counted.
        draining: set when the server is about to end; new requests are refused then.
    """

    def __init__(
        self, name: str, manager: ModelManager, metrics: Metrics, draining: threading.Event
    ) -> None:
        self._name = name
        self._manager = manager
        self._table = manager.table
        self._metrics = metrics
        self._draining = draining

    @abc.abstractmethod
    def methods(self) -> dict[str, tuple[Any, Method]]:
        """Class of the request and what answers it, by name of the method."""

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        """What goes with every answer."""
        return ()

    def add_to(self, server: grpc.aio.Server) -> None:
        """Registers the service."""
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(self._behaviour(name, kind, method))
            for name, (kind, method) in self.methods().items()
        }
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(self._name, handlers),)
        )

    def _behaviour(self, name: str, kind: Any, method: Method) -> Any:
        async def answer(data: bytes, context: grpc.aio.ServicerContext) -> bytes | None:
            started = time.perf_counter()
            model, code = "", grpc.StatusCode.CANCELLED  # the caller may leave before the end
            deadline: float | None = None
            if trailing := self.trailing_metadata():
                context.set_trailing_metadata(trailing)
            try:
                request = _parse(kind, data)
                spec = _spec(request)
                model = spec.name if spec else ""
                if self._draining.is_set():
                    raise errors.ServingError(
                        grpc.StatusCode.UNAVAILABLE, "The server is shutting down"
                    )
                remaining = context.time_remaining()
                deadline = None if remaining is None else time.monotonic() + remaining
                response = await method(request, deadline)
                code = grpc.StatusCode.OK
                return response
            except asyncio.CancelledError:
                if deadline is not None and time.monotonic() >= deadline:
                    code = grpc.StatusCode.DEADLINE_EXCEEDED
                raise
            except Exception as failure:
                error = errors.from_exception(failure)
                code = error.code
                if error is not failure:
                    _LOG.exception("%s failed unexpectedly", name)
            finally:
                self._metrics.observe_request(model, name, code.name, time.perf_counter() - started)
            return await context.abort(error.code, error.wire_message)

        return answer


class PredictionService(_Service):
    """Predict and GetModelMetadata; Classify, Regress and MultiInference are refused.

    Args:
        manager: the models.
        metrics: where requests are counted.
        draining: set when the server is about to end.
        predict_runner: answers Predict requests.
        logs: gets what was answered.
    """

    def __init__(
        self,
        manager: ModelManager,
        metrics: Metrics,
        draining: threading.Event,
        predict_runner: PredictRunner,
        logs: RequestLogs,
    ) -> None:
        super().__init__(PREDICTION_SERVICE, manager, metrics, draining)
        self._predict = predict_runner
        self._logs = logs

    def methods(self) -> dict[str, tuple[Any, Method]]:
        """See `_Service`."""
        return {
            "Predict": (predict_pb2.PredictRequest, self.predict),
            "GetModelMetadata": (
                get_model_metadata_pb2.GetModelMetadataRequest,
                self.get_model_metadata,
            ),
            **{name: (kind, self.refuse) for name, kind in _REFUSED.items()},
        }

    async def predict(self, request: predict_pb2.PredictRequest, deadline: float | None) -> bytes:
        """Runs a signature of a model."""
        _require_spec(request)
        response = await self._predict(request, deadline)
        self._logs.log(request, response)
        return response

    async def get_model_metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, deadline: float | None
    ) -> bytes:
        """Describes the signatures of a model."""
        _require_spec(request)
        predict.check_metadata_fields(request.metadata_field)
        with self._table.use(request.model_spec) as servable:
            return predict.get_model_metadata(servable).SerializeToString()

    async def refuse(self, request: Any, deadline: float | None) -> NoReturn:
        """Refuses what no signature of these models is made for, with TF Serving's code."""
        with self._table.use(_require_spec(request)):  # an unknown model is reported first
            pass
        multi = isinstance(request, inference_pb2.MultiInferenceRequest)
        raise errors.ServingError(
            grpc.StatusCode.UNIMPLEMENTED if multi else grpc.StatusCode.INVALID_ARGUMENT,
            "Segue's models have signatures for Predict only",
        )


class ModelService(_Service):
    """States of versions, and changes of the configuration."""

    def __init__(self, manager: ModelManager, metrics: Metrics, draining: threading.Event) -> None:
        super().__init__(MODEL_SERVICE, manager, metrics, draining)

    def methods(self) -> dict[str, tuple[Any, Method]]:
        """See `_Service`."""
        return {
            "GetModelStatus": (
                get_model_status_pb2.GetModelStatusRequest,
                self.get_model_status,
            ),
            "HandleReloadConfigRequest": (
                model_management_pb2.ReloadConfigRequest,
                self.reload_config,
            ),
        }

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        """The names of the models: a request for a configuration would unload the unnamed."""
        with self._table.changed:
            return served_models.to_metadata(self._table.configured())

    async def get_model_status(
        self, request: get_model_status_pb2.GetModelStatusRequest, deadline: float | None
    ) -> bytes:
        """States of the versions of a model, or of one of them."""
        _require_spec(request)
        response = get_model_status_pb2.GetModelStatusResponse()
        for version, state, error in self._table.status(request.model_spec):
            entry = response.model_version_status.add(version=version, state=state.value)
            entry.status.SetInParent()
            if error:
                entry.status.CopyFrom(error.to_proto())
        return response.SerializeToString()

    async def reload_config(
        self, request: model_management_pb2.ReloadConfigRequest, deadline: float | None
    ) -> bytes:
        """Replaces the configuration; returns when models that are new to it serve."""
        if request.config.WhichOneof("config") != "model_config_list":
            raise errors.invalid_argument(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
                "ModelConfigList is currently supported"
            )
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        await asyncio.to_thread(self._manager.reload, request.config, timeout=timeout)
        response = model_management_pb2.ReloadConfigResponse()
        response.status.SetInParent()
        return response.SerializeToString()


def _parse(kind: Any, data: bytes) -> Any:
    try:
        return kind.FromString(data)
    except DecodeError as error:
        # What gRPC says where it parses requests itself.
        raise errors.ServingError(
            grpc.StatusCode.INTERNAL, "Exception deserializing request!"
        ) from error


def _spec(request: Any) -> model_pb2.ModelSpec | None:
    """The model that a request names; that of the first task where there are several."""
    if isinstance(request, inference_pb2.MultiInferenceRequest):
        return request.tasks[0].model_spec if request.tasks else None
    named = "model_spec" in request.DESCRIPTOR.fields_by_name and request.HasField("model_spec")
    return request.model_spec if named else None


def _require_spec(request: Any) -> model_pb2.ModelSpec:
    spec = _spec(request)
    if spec is None:
        raise errors.invalid_argument("Missing ModelSpec")
    return spec
