"""Which records a listener has, and their numbers: hashes of the pseudonym decide, and no secret.

A listener keeps the side and the numbers from cut to cut.
"""

from __future__ import annotations

import hashlib

from schema.splits import EVAL, STOP, TEST, TRAIN


def pid(listener: str, split: str) -> int:
    """The number of a listener's record in a split: 63 bits, above any number of a playlist."""
    return _hash(listener, b"pid", split) >> 1 | 1 << 62


def fitted(listener: str, stop: float) -> str:
    """Train or stop.

    Args:
        listener: a pseudonym.
        stop: the share of stop, from 0 to 1.
    """
    return STOP if _hash(listener, b"stop") < stop * 2**64 else TRAIN


def held_out(listener: str) -> str:
    """Eval or test, each of them half of all listeners."""
    return EVAL if _hash(listener, b"side") % 2 else TEST


def _hash(listener: str, purpose: bytes, item: str = "") -> int:
    message = f"{listener}/{item}".encode()
    return int.from_bytes(hashlib.blake2b(message, digest_size=8, person=purpose).digest(), "big")
