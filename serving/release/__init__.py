"""Canary, promotion and rollback of versions, with a record of them."""

from serving.release.manager import ReleaseChangedError, ReleaseManager, Releases
from serving.release.record import (
    CANARY,
    STABLE,
    Release,
    ReleaseRecord,
    lock_path,
    now,
    read_metrics,
    read_releases,
)
from serving.release.served import Served, labels, look

__all__ = [
    "CANARY",
    "STABLE",
    "Release",
    "ReleaseChangedError",
    "ReleaseManager",
    "ReleaseRecord",
    "Releases",
    "Served",
    "labels",
    "lock_path",
    "look",
    "now",
    "read_metrics",
    "read_releases",
]
