"""What all documents have in common."""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict

#: Goes up when a field changes its meaning or disappears; new fields leave it as it is.
SCHEMA_VERSION: Final = 1


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


#: A number, None where it cannot be computed: NaN and infinities become None.
Value = Annotated[float | None, BeforeValidator(_finite)]


class Part(BaseModel):
    """A part of a document.

    Types are taken literally (no text for a number), and every field has a default, so that a
    reader gets what is there of a document that is not whole.
    """

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
        json_schema_serialization_defaults_required=True,
    )


class Document(Part):
    """A whole file."""

    schema_version: int = SCHEMA_VERSION
    """The version of this layout; files without it are of version 1."""

    def to_json(self) -> str:
        """The file's content."""
        return self.model_dump_json(indent=1) + "\n"
