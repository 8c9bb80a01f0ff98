"""Merging the inputs of requests into those of a batch, and splitting its outputs again."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from tensorflow.core.protobuf import meta_graph_pb2

from serving.protocol import errors
from serving.protocol.tensors import string_weight
from serving.server.batching.options import BatchingOptions


def declared_ranks(signatures: Iterable[meta_graph_pb2.SignatureDef]) -> dict[str, int]:
    """The rank of every tensor that signatures feed, where they declare one."""
    return {
        info.name: len(info.tensor_shape.dim)
        for signature in signatures
        for info in signature.inputs.values()
        if not info.tensor_shape.unknown_rank
    }


def batch_size(arrays: Sequence[np.ndarray]) -> int:
    """Rows of a request: the size that all its inputs have in their first dimension.

    Raises:
        ServingError: an input has no dimension, or the sizes differ.
    """
    if not arrays:
        raise errors.invalid_argument("Batching session Run() must have at least one input tensor")
    if any(array.ndim == 0 for array in arrays):
        raise errors.invalid_argument(
            "Batching Run() input tensors must have at least one dimension"
        )
    size = len(arrays[0])
    if any(len(array) != size for array in arrays):
        raise errors.invalid_argument(
            "Batching Run() input tensors must have equal 0th-dimension size"
        )
    return size


class Extent(NamedTuple):
    """How large the inputs of requests are when they are padded to run together.

    Attributes:
        rows: of all requests.
        widths: for each input the elements that a value counts as, and the dimensions of a row.
    """

    rows: int
    widths: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, arrays: Sequence[np.ndarray], rows: int) -> Extent:
        """The extent of one request's arrays [rows, ...]."""
        return cls(
            rows,
            tuple(
                (string_weight(array.flat) if array.dtype == object else 1, *array.shape[1:])
                for array in arrays
            ),
        )

    def join(self, other: Extent) -> Extent:
        """The extent of both together; one without rows does not widen the other."""
        if not other.rows:
            return self
        if not self.rows:
            return other
        widths = (
            tuple(map(max, itertools.zip_longest(*pair, fillvalue=1)))
            for pair in zip(self.widths, other.widths, strict=True)
        )
        return Extent(self.rows + other.rows, tuple(widths))

    def elements(self, rows: int) -> int:
        """Elements of all inputs together, for so many rows."""
        return rows * sum(map(math.prod, self.widths))


def merge(
    names: Sequence[str],
    requests: Sequence[Sequence[np.ndarray]],
    size: int,
    options: BatchingOptions,
) -> list[np.ndarray]:
    """Concatenates the inputs of requests, padded as the options say.

    A request without rows does not change the shape.

    Args:
        names: I names, of each input's tensor.
        requests: I arrays [rows, ...] for each request, in the order of the names.
        size: rows of all requests together.
        options: how to pad.

    Returns:
        I arrays [`options.padded_size(size)`, ...]; where inputs are padded, every other dimension
        is the largest of the requests'.

    Raises:
        ServingError: shapes differ and are not to be padded, or cannot be.
    """
    extra = options.padded_size(size) - size
    requests = [request for request in requests if len(request[0])] or requests[:1]
    merged = []
    for position, name in enumerate(names):
        parts = [request[position] for request in requests]
        if any(part.shape[1:] != parts[0].shape[1:] for part in parts):
            if not options.pad_variable_length_inputs:
                raise errors.failed_precondition(
                    f"Tensors with name '{name}' from different tasks have different shapes and "
                    "padding is turned off.Set pad_variable_length_inputs to true, or ensure that "
                    "all tensors with the same namehave equal dimensions starting with the first "
                    "dim."
                )
            shape = np.max([part.shape[1:] for part in parts], axis=0)
            parts = [_pad(part, shape) for part in parts]
        if extra:
            # Any valid row serves; TF Serving takes the first one of the last request.
            parts.extend([parts[-1][:1]] * extra)
        merged.append(parts[0] if len(parts) == 1 else np.concatenate(parts))
    return merged


def split(
    values: Sequence[np.ndarray], sizes: Sequence[int], merged_size: int
) -> list[list[np.ndarray]]:
    """Cuts the outputs of a batch into those of its requests.

    Args:
        values: one array [merged_size, ...] an output.
        sizes: rows of each request.
        merged_size: rows of the batch with its padding.

    Returns:
        For each request one array [rows, ...] an output; they are views.

    Raises:
        ServingError: an output does not have a row for each row of the batch.
    """
    for value in values:
        if value.ndim == 0:
            raise errors.failed_precondition("Batched output tensor has 0 dimensions")
        if len(value) != merged_size:
            raise errors.failed_precondition(
                "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension "
                "sizes of the input tensors"
            )
    starts = np.cumsum([0, *sizes])
    return [[value[start:stop] for value in values] for start, stop in itertools.pairwise(starts)]


def _pad(part: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Pads at the end of every dimension but the first.

    TF Serving pads with the request's own first value. For playlists (contract C3) a repeated track
    and "" mean the same, but a request without any track has no first value: TF Serving refuses it
    then ("Got empty tensor in batch of non-empty tensors."), and "" is right here.
    """
    if part.dtype == object:
        fill = b""
    elif part.size:
        fill = part.flat[0]
    else:
        raise errors.invalid_argument("Got empty tensor in batch of non-empty tensors.")
    padded = np.full((len(part), *shape), fill, dtype=part.dtype)
    padded[tuple(slice(size) for size in part.shape)] = part
    return padded
