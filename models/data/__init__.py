"""What a family learns from: playlists as ids, the catalogue, vocabularies."""
