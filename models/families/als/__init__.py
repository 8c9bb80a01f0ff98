"""Alternating least squares on implicit feedback, with new playlists folded in when asked."""
