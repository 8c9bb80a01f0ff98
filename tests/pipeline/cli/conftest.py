"""Commands that reach for the cloud find one on loopback."""

from tests.pipeline.runners.vertex.conftest import cloud, job

__all__ = ["cloud", "job"]
