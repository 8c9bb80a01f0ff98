"""Classify, Regress and MultiInference, as TF Serving answers where no signature is made for them.

Segue's models have Predict signatures only (contract C3). The checks and their messages follow
classifier.cc, regressor.cc and multi_inference.cc.
"""

from __future__ import annotations

import grpc
from google.protobuf import text_format
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import inference_pb2, model_pb2

from schema.signatures import SERVING_DEFAULT
from serving.protocol import errors
from serving.server.servable import Servable

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"

_INPUTS = "inputs"
_CLASSES = "classes"
_SCORES = "scores"
_OUTPUTS = "outputs"


def refuse_classify(servable: Servable, spec: model_pb2.ModelSpec) -> errors.ServingError:
    """Why a Classify request for this signature cannot be answered."""
    return _named(servable, spec) or _classification(_signature(servable, spec))


def refuse_regress(servable: Servable, spec: model_pb2.ModelSpec) -> errors.ServingError:
    """Why a Regress request for this signature cannot be answered."""
    return _named(servable, spec) or _regression(_signature(servable, spec))


def refuse_multi_inference(
    servable: Servable, request: inference_pb2.MultiInferenceRequest
) -> errors.ServingError:
    """Why a MultiInference request cannot be answered: its first task has a reason already."""
    if not request.tasks:
        return _unsupported("MultiInference without tasks")
    task = request.tasks[0]
    name = task.model_spec.signature_name or SERVING_DEFAULT
    signature = servable.signatures.get(name)
    if signature is None:
        return errors.invalid_argument(f"Requested signature not found in model graph: {name}")
    if task.method_name == CLASSIFY:
        return _classification(signature)
    if task.method_name == REGRESS:
        return _regression(signature)
    return errors.ServingError(
        grpc.StatusCode.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
    )


def _signature(servable: Servable, spec: model_pb2.ModelSpec) -> meta_graph_pb2.SignatureDef:
    return servable.signatures[spec.signature_name or SERVING_DEFAULT]


def _named(servable: Servable, spec: model_pb2.ModelSpec) -> errors.ServingError | None:
    name = spec.signature_name or SERVING_DEFAULT
    if name in servable.signatures:
        return None
    return errors.invalid_argument(f"No signature was found with the name: {name}")


def _classification(signature: meta_graph_pb2.SignatureDef) -> errors.ServingError:
    if len(signature.inputs) != 1:
        return errors.invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) not in (1, 2):
        return errors.invalid_argument(
            f"Expected one or two output Tensors, found {len(signature.outputs)}"
        )
    if _INPUTS not in signature.inputs:
        return errors.invalid_argument(
            f"No classification inputs found in SignatureDef: {_debug_string(signature)}"
        )
    if _CLASSES not in signature.outputs and _SCORES not in signature.outputs:
        return errors.invalid_argument(
            "Expected classification signature outputs to contain at least one of "
            f'"{_CLASSES}" or "{_SCORES}". Signature was: {_debug_string(signature)}'
        )
    return _unsupported("Classify")


def _regression(signature: meta_graph_pb2.SignatureDef) -> errors.ServingError:
    if len(signature.inputs) != 1:
        return errors.invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) != 1:
        return errors.invalid_argument("Expected one output Tensor.")
    if _INPUTS not in signature.inputs:
        return errors.invalid_argument(
            f"No regression inputs found in SignatureDef: {_debug_string(signature)}"
        )
    if _OUTPUTS not in signature.outputs:
        return errors.invalid_argument(
            f"No regression outputs found in SignatureDef: {_debug_string(signature)}"
        )
    return _unsupported("Regress")


def _debug_string(signature: meta_graph_pb2.SignatureDef) -> str:
    return text_format.MessageToString(signature)


def _unsupported(method: str) -> errors.ServingError:
    """This signature TF Serving would answer: the development server does not."""
    return errors.ServingError(
        grpc.StatusCode.UNIMPLEMENTED, f"{method} is not supported by the development server"
    )
