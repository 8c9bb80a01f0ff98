"""Compares the signatures that a model declares with those of contract C3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from schema.signatures import OPTIONAL_SIGNATURES, SERVING_LISTENER, SIGNATURES, Tensor


def signature_problems(found: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Compares a model's signatures with the contract's; more tensors than these do no harm.

    Of those that it need not have, that for listeners is looked at where it is there.

    Args:
        found: SignatureDefs by name.

    Yields:
        What was looked at, and what is wrong or None.
    """
    listeners = {SERVING_LISTENER: OPTIONAL_SIGNATURES[SERVING_LISTENER]}
    for name, signature in {**SIGNATURES, **(listeners if has_listeners(found) else {})}.items():
        if name not in found:
            yield name, f"is missing; there are {sorted(found)}"
            continue
        for kind, wanted, tensors in (
            ("input", signature.inputs, found[name].inputs),
            ("output", signature.outputs, found[name].outputs),
        ):
            for key, tensor in wanted.items():
                yield f"{name}: {kind} {key}", _tensor_problem(tensors, key, tensor)


def has_listeners(found: Mapping[str, Any]) -> bool:
    """Whether a model with these signatures can be asked about listeners."""
    return SERVING_LISTENER in found


def _tensor_problem(tensors: Any, key: str, wanted: Tensor) -> str | None:
    if key not in tensors:
        return f"is missing; there are {sorted(tensors)}"
    found = tensors[key]
    dtype = tf.dtypes.as_dtype(found.dtype).name
    if dtype != wanted.dtype:
        return f"is {dtype}, not {wanted.dtype}"
    shape = found.tensor_shape
    if not shape.unknown_rank and len(shape.dim) != len(wanted.shape):
        return f"has {len(shape.dim)} dimensions, not {len(wanted.shape)}"
    return None
