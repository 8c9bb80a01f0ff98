"""MPD slices to validated playlists to TFRecords, with what cannot be used set aside."""

__all__ = [
    "challenge",
    "component",
    "errors",
    "job",
    "manifest",
    "names",
    "options",
    "summary",
    "tfrecords",
]
