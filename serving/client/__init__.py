"""Asks a server for recommendations and shows the answer.

A request's way out: `client` → `exchange` → `serving.protocol.messages` → `connection`.
"""

from serving.client.client import RecommenderClient, VersionState, recommend, to_serving_error
from serving.client.connection import ClientTls, ConnectionOptions
from serving.client.playlist_input import (
    PlaylistInput,
    playlist_from_arguments,
    read_mpd,
    read_playlists,
    track_uri,
)
from serving.client.rendering import Format, render

__all__ = [
    "ClientTls",
    "ConnectionOptions",
    "Format",
    "PlaylistInput",
    "RecommenderClient",
    "VersionState",
    "playlist_from_arguments",
    "read_mpd",
    "read_playlists",
    "recommend",
    "render",
    "to_serving_error",
    "track_uri",
]
