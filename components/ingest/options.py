"""What one may choose of an ingest."""

from __future__ import annotations

from typing import Final

import pydantic

from schema.options import Options, Share

#: Stands in a path for the number of a span, as it does in TFX's ExampleGens.
SPAN: Final = "{SPAN}"


class IngestOptions(Options):
    """MPD slices to TFRecords."""

    shards: int | None = pydantic.Field(
        None, ge=1, le=99_999, description="output files a split; null: by input size"
    )
    max_reject_share: Share = pydantic.Field(
        0.05, description="share of records set aside beyond which the run fails"
    )
    max_unreadable_files: int = pydantic.Field(
        0,
        ge=0,
        le=99_999,
        description="slices that cannot be read beyond which the run fails; each of them counts "
        "in max_reject_share with as many playlists as a slice has that can be read",
    )
