"""Playlists in files as people have them: exports, lists of links, the MPD's own format.

`formats` lists every format that is read; adding one is a module with a `read` and a line there.
"""

from serving.client.playlist_files.formats import FORMATS, parse_playlists, read_playlists
from serving.client.playlist_files.playlists import PlaylistInput

__all__ = ["FORMATS", "PlaylistInput", "parse_playlists", "read_playlists"]
