"""Which experiment and arm a listener is in: by routes of the configuration, hashed with a salt."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import Final, Protocol

from gateway.configuration import Model, Route

_SPAN: Final = 2**64


@dataclasses.dataclass(frozen=True)
class Assigned:
    """What a listener is in.

    Attributes:
        experiment: its name.
        arm: of it.
        model: that answers; None for the segment's own.
    """

    experiment: str
    arm: str
    model: Model | None = None


class Assignment(Protocol):
    """Says which experiment and arm decide over a request."""

    def of(self, listener: str, surface: str, segment: str) -> Assigned | None:
        """The arm of a listener, None outside of experiments.

        Args:
            listener: the pseudonym.
            surface: that is asked for.
            segment: of the listener.
        """


class Routes:
    """Arms by shares: the same listener is in the same arm as long as the salt stays."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = tuple(routes)

    def of(self, listener: str, surface: str, segment: str) -> Assigned | None:
        """See `Assignment`."""
        for route in self._routes:
            if (route.surfaces and surface not in route.surfaces) or (
                route.segments and segment not in route.segments
            ):
                continue
            at, end = fraction(route.salt, listener), 0.0
            for arm in route.arms:
                end += arm.share
                if at < end:
                    return Assigned(route.experiment, arm.name, arm.model)
        return None


def fraction(salt: str, listener: str) -> float:
    """Where a listener stands, from 0 to below 1: the first 64 bits of a SHA-256.

    The length of the salt is hashed before it, so that no two pairs are one text.
    """
    text = f"{len(salt)}:{salt}{listener}".encode()
    number = int.from_bytes(hashlib.sha256(text).digest()[:8], "big")
    return (number >> 11) / (_SPAN >> 11)  # 53 bits are what a float holds exactly
