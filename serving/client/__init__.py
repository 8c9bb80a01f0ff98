"""Asks a server for recommendations and shows the answer.

A request's way out: `client` → `exchange` → `serving.protocol.messages` → `connection`.
"""

from serving.client.client import RecommenderClient, VersionState, recommend, to_serving_error
from serving.client.connection import ClientTls, ConnectionOptions, is_loopback
from serving.client.listener_arguments import listener_from_arguments
from serving.client.playlist_arguments import playlist_from_arguments, track_uri
from serving.client.playlist_files import PlaylistInput, parse_playlists, read_playlists
from serving.client.rendering import Format, render

__all__ = [
    "ClientTls",
    "ConnectionOptions",
    "Format",
    "PlaylistInput",
    "RecommenderClient",
    "VersionState",
    "is_loopback",
    "listener_from_arguments",
    "parse_playlists",
    "playlist_from_arguments",
    "read_playlists",
    "recommend",
    "render",
    "to_serving_error",
    "track_uri",
]
