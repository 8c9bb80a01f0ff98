"""The contracts: features, rows, the documents of a run, and the schema of playlists."""
