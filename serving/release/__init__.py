"""Canary, promotion and rollback of versions, with a record of them."""

from serving.release.manager import CANARY, STABLE, ReleaseManager, ReleaseStatus
from serving.release.record import Release, ReleaseRecord, read_metrics

__all__ = [
    "CANARY",
    "STABLE",
    "Release",
    "ReleaseManager",
    "ReleaseRecord",
    "ReleaseStatus",
    "read_metrics",
]
