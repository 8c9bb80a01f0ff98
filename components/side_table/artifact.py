"""The artifact of a side table."""

from __future__ import annotations

from tfx.types import artifact


class SideTableArtifact(artifact.Artifact):
    """A folder as `schema.side_tables` describes it."""

    TYPE_NAME = "components.SideTableArtifact"
