"""Canary, promotion and rollback of versions, with a record of them."""

from serving.release.manager import CANARY, STABLE, ReleaseManager, Releases
from serving.release.record import Release, ReleaseRecord, read_metrics, read_releases
from serving.release.served import Served, look

__all__ = [
    "CANARY",
    "STABLE",
    "Release",
    "ReleaseManager",
    "ReleaseRecord",
    "Releases",
    "Served",
    "look",
    "read_metrics",
    "read_releases",
]
