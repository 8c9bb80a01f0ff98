"""MPD slices to validated playlists to TFRecords, with what cannot be used set aside."""

__all__ = [
    "challenge",
    "component",
    "composition",
    "errors",
    "finding",
    "job",
    "manifest",
    "names",
    "options",
    "parameters",
    "pids",
    "reading",
    "records",
    "spans",
    "summary",
    "tfrecords",
    "window",
]
