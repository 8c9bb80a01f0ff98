"""Withholds tracks of held-out playlists, before anything that learns can see them."""
