"""Failures with the status code and the wording that TF Serving gives them."""

from __future__ import annotations

import grpc
from tensorflow_serving.apis import status_pb2

#: gRPC and TensorFlow number the canonical codes alike.
CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}

_MESSAGE_LIMIT = 1024  # of TF Serving's grpc_status_util


class ServingError(Exception):
    """A request, a configuration or a model version that cannot be served.

    Attributes:
        code: canonical status code.
        message: what the caller reads.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code.name}: {self.message}"

    @property
    def wire_message(self) -> str:
        """The message, cut where TF Serving cuts it."""
        data = self.message.encode("utf-8", "replace")
        if len(data) <= _MESSAGE_LIMIT:
            return self.message
        return data[:_MESSAGE_LIMIT].decode("utf-8", "ignore") + "...TRUNCATED"

    def to_proto(self) -> status_pb2.StatusProto:
        """The status as `ModelService` reports it."""
        return status_pb2.StatusProto(error_code=self.code.value[0], error_message=self.message)


def invalid_argument(message: str) -> ServingError:
    """A request that cannot be understood."""
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def failed_precondition(message: str) -> ServingError:
    """A request that the server's present state forbids."""
    return ServingError(grpc.StatusCode.FAILED_PRECONDITION, message)


def not_found(message: str) -> ServingError:
    """Something is missing."""
    return ServingError(grpc.StatusCode.NOT_FOUND, message)


def from_exception(error: Exception) -> ServingError:
    """The status of any failure; TensorFlow's own errors keep their code and message."""
    if isinstance(error, ServingError):
        return error
    code = CODES.get(getattr(error, "error_code", -1))
    if code is not None:  # a tf.errors.OpError
        return ServingError(code, str(getattr(error, "message", error)))
    if isinstance(error, MemoryError):
        return ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, "Out of memory")
    return ServingError(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {error}")


class ConfigError(ValueError):
    """A file or an option of the server that cannot be used; the message names it."""
