"""What one may choose of an ingest."""

from __future__ import annotations

from typing import Final

import pydantic

from schema.options import Options, Share

#: Stands in a path for the number of a span, as it does in TFX's ExampleGens.
SPAN: Final = "{SPAN}"


#: A slice is in memory as a whole, several times its size once it is parsed.
MAX_SLICE_MIB: Final = 256


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
    max_slice_mib: int = pydantic.Field(
        MAX_SLICE_MIB,
        ge=1,
        le=1 << 14,
        description="MiB of JSON beyond which a slice cannot be read; unpacked, 33 MB are usual",
    )

    @property
    def max_slice_bytes(self) -> int:
        """The same in bytes."""
        return self.max_slice_mib << 20
