"""Predict and GetModelMetadata on a loaded version, checked and worded as TF Serving does.

The order of the checks and their messages follow predict_util.cc, saved_model/util.cc and
get_model_metadata_impl.cc.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, model_pb2, predict_pb2

from schema.signatures import SERVING_DEFAULT
from serving.protocol import errors, tensors
from serving.server import encoding
from serving.server.versions import Servable

SIGNATURE_DEF = "signature_def"


class Step(NamedTuple):
    """What a request makes the runtime do.

    Attributes:
        signature: name of the signature.
        feeds: names of the tensors to feed, sorted.
        arrays: their values.
        fetches: names of the tensors to fetch, sorted.
        outputs: name of the tensor by the alias of the output.
    """

    signature: str
    feeds: list[str]
    arrays: list[np.ndarray]
    fetches: list[str]
    outputs: dict[str, str]


def run_predict(
    servable: Servable,
    request: predict_pb2.PredictRequest,
    *,
    max_rows: int | None = None,
    limits: tensors.TensorLimits = tensors.DEFAULT_LIMITS,
    deadline: float | None = None,
) -> predict_pb2.PredictResponse:
    """Answers one Predict request with one version, in the thread that calls.

    Args:
        servable: the version.
        request: the version that its `model_spec` names is ignored.
        max_rows: most rows of an input.
        limits: how large an input may be.
        deadline: time (of `time.monotonic`) at which the caller stops waiting.

    Raises:
        ServingError: the request does not fit the signature, or the runtime refuses it.
    """
    step = prepare(servable, request, max_rows=max_rows, limits=limits)
    values = servable.run_session(step.feeds, step.fetches, step.arrays, deadline)
    return predict_pb2.PredictResponse.FromString(encode(servable, request, step, values))


def prepare(
    servable: Servable,
    request: predict_pb2.PredictRequest,
    *,
    max_rows: int | None = None,
    limits: tensors.TensorLimits = tensors.DEFAULT_LIMITS,
) -> Step:
    """Checks a request against its signature and turns its inputs into arrays.

    Args:
        servable: the version.
        request: the request.
        max_rows: most rows of an input.
        limits: how large an input may be.

    Raises:
        ServingError: the request does not fit the signature, or is too large.
    """
    signature_name = request.model_spec.signature_name or SERVING_DEFAULT
    signature = servable.signatures.get(signature_name)
    if signature is None:
        raise errors.failed_precondition(f'Serving signature key "{signature_name}" not found.')
    _check_input_names(signature, request.inputs)
    protos = _input_values(signature, request.inputs)
    outputs = _outputs(signature, request.output_filter)

    # Sorted, as the runtime numbers the arguments of a step.
    feeds = sorted(protos)
    arrays = []
    for position, feed in enumerate(feeds):
        alias, dtype, proto = protos[feed]
        array = tensors.to_array(alias, proto, limits)
        if proto.dtype != dtype:
            raise errors.invalid_argument(
                f"Expects arg[{position}] to be {tensors.dtype_name(dtype)} but "
                f"{tensors.dtype_name(proto.dtype)} is provided"
            )
        if max_rows is not None and array.ndim and array.shape[0] > max_rows:
            raise errors.invalid_argument(
                f"Task size {array.shape[0]} is larger than maximum input batch size {max_rows}"
            )
        arrays.append(array)
    return Step(signature_name, feeds, arrays, sorted(set(outputs.values())), outputs)


def encode(
    servable: Servable,
    request: predict_pb2.PredictRequest,
    step: Step,
    values: Sequence[np.ndarray],
) -> bytes:
    """The answer, a serialised `PredictResponse`.

    Args:
        servable: the version that answered.
        request: what it was asked.
        step: what was made of the request.
        values: of the tensors fetched, one array each in the order of `step.fetches`.
    """
    fetched = dict(zip(step.fetches, values, strict=True))
    outputs = {alias: fetched[tensor] for alias, tensor in step.outputs.items()}
    return encoding.encode_response(
        request.model_spec.name, servable.version, step.signature, outputs
    )


def get_model_metadata(servable: Servable) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """The signatures of a version."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in servable.signatures.items():
        signatures.signature_def[name].CopyFrom(signature)
    response = get_model_metadata_pb2.GetModelMetadataResponse(
        model_spec=model_pb2.ModelSpec(name=servable.name)
    )
    response.model_spec.version.value = servable.version
    response.metadata[SIGNATURE_DEF].Pack(signatures)
    return response


def check_metadata_fields(fields: Iterable[str]) -> None:
    """Checks the fields that a GetModelMetadata request asks for.

    Raises:
        ServingError: the request names no field, or an unknown one.
    """
    fields = list(fields)
    if not fields:
        raise errors.invalid_argument(
            "GetModelMetadataRequest must specify at least one metadata_field"
        )
    for field in fields:
        if field != SIGNATURE_DEF:
            # The %s stays: TF Serving never fills it in.
            raise errors.invalid_argument(f"Metadata field %s is not supported{field}")


def _check_input_names(
    signature: meta_graph_pb2.SignatureDef, inputs: Mapping[str, tensor_pb2.TensorProto]
) -> None:
    sent, wanted = len(inputs), len(signature.inputs)
    if sent == wanted or (sent < wanted and signature.defaults):
        return
    raise errors.invalid_argument(
        f"input size does not match signature: {sent}!={wanted} len({{{_names(inputs)}}}) != "
        f"len({{{_names(signature.inputs)}}}). "
        f"Sent extra: {{{_names(set(inputs) - set(signature.inputs))}}}. "
        f"Missing but required: {{{_names(set(signature.inputs) - set(inputs))}}}."
    )


def _input_values(
    signature: meta_graph_pb2.SignatureDef, inputs: Mapping[str, tensor_pb2.TensorProto]
) -> dict[str, tuple[str, int, tensor_pb2.TensorProto]]:
    """Alias, declared dtype and value by the name of the tensor to feed."""
    values = {}
    used = []
    for alias in sorted(signature.inputs):
        info = signature.inputs[alias]
        if alias in inputs:
            proto = inputs[alias]
            used.append(alias)
        elif alias in signature.defaults:
            proto = signature.defaults[alias]
        else:
            raise errors.invalid_argument(
                f"Signature input alias: {alias}(feed name: {info.name}) not found in request and "
                f"no default value provided. Inputs expected to be in the request "
                f"{{{_names(inputs)}}}, or default input alias set: {_names(signature.defaults)}"
            )
        values[info.name] = (alias, info.dtype, proto)
    if len(used) != len(inputs):
        raise errors.invalid_argument(
            f"Inputs contains invalid name. Used request inputs: {_names(used)}, "
            f"request input: {_names(inputs)}"
        )
    return values


def _outputs(signature: meta_graph_pb2.SignatureDef, wanted: Iterable[str]) -> dict[str, str]:
    """Name of the tensor by the alias of the output."""
    outputs: dict[str, str] = {}
    for alias in wanted:
        if alias not in signature.outputs:
            raise errors.invalid_argument(
                f"output tensor alias not found in signature: {alias} Outputs expected to be in "
                f"the set {{{_names(signature.outputs)}}}."
            )
        if alias in outputs:
            raise errors.invalid_argument(f"duplicate output tensor alias: {alias}")
        outputs[alias] = signature.outputs[alias].name
    return outputs or {alias: info.name for alias, info in signature.outputs.items()}


def _names(names: Iterable[str]) -> str:
    return ",".join(sorted(names))
