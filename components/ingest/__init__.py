"""MPD slices to validated playlists to TFRecords, with what cannot be used set aside."""
