"""What our components leave on their output artifacts, beside TFX's own properties."""

from __future__ import annotations

from typing import Final

#: Custom property: one line on what the component did, for people who watch a run.
SUMMARY: Final = "summary"

#: Custom property: the sizes of all files together, where another folder may share the files.
BYTES: Final = "bytes"

#: Custom property of ingested records: what to know by which data they are.
FINGERPRINT: Final = "fingerprint"

#: Custom property of ingested records: where they lie.
DIRECTORY: Final = "directory"

#: Custom property of Examples: of each span in them, as JSON by number, a digest of its playlists;
#: their files are named after the number. Absent where the data has no spans.
SPANS: Final = "spans"

#: Custom property of Transform's graph: JSON list of the spans that were analysed for it, the
#: others having been before. Absent where nothing is kept.
ANALYSED: Final = "analysed"
