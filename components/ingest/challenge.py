"""The RecSys Challenge 2018's playlists to continue; `evaluation.submission` has the answers.

https://www.aicrowd.com/challenges/spotify-million-playlist-dataset-challenge
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Final

from components.ingest import archives
from components.ingest.errors import IngestError
from components.ingest.finding import match_inputs
from components.ingest.reading import NoSliceError, UnreadableFileError, read_slice
from components.ingest.reasons import Reason
from components.ingest.validation import Playlist, Reject, validate
from schema import features
from schema.track_uris import WITHOUT_URI


class ChallengeError(IngestError):
    """A challenge set cannot be read."""


@dataclasses.dataclass(frozen=True)
class ChallengePlaylist:
    """A playlist to continue.

    Attributes:
        pid: its number.
        name: its title, where there is one.
        tracks: URIs of its seed tracks, in playlist order.
        playlist: all of it that a model may see.
    """

    pid: int
    name: str | None
    tracks: tuple[str, ...]
    playlist: Playlist

    def serialize(self) -> bytes:
        """Returns the serialised `tf.train.Example` of contract C4, the seeds being its tracks."""
        from components.ingest import examples  # TensorFlow takes seconds to import

        return examples.serialize(self.playlist)


def read_challenge(path: str) -> Iterator[ChallengePlaylist]:
    """Yields the playlists of a `challenge_set.json`, `.json.gz` or a zip with one, in order.

    Raises:
        ChallengeError: when the file cannot be read, or one of its playlists cannot be used.
    """
    try:
        playlists = read_slice(path, _member(path), pipes=True)
    except UnreadableFileError as error:
        hint = _EXPECTED if isinstance(error, NoSliceError) else ""
        raise ChallengeError(f"{path}: {error}{hint}") from None
    if not playlists:
        raise ChallengeError(f"{path}: 'playlists' is empty")
    seen: dict[int, int] = {}
    for position, raw in enumerate(playlists):
        found = validate(raw, allow_no_tracks=True)
        if isinstance(found, Reject):
            hint = ""
            if found.reason in (Reason.MISSING_PID, Reason.NOT_AN_OBJECT):
                hint = "; segue query --file continues playlists that have no number"
            raise ChallengeError(f"{path}: playlists[{position}]: {found.detail}{hint}")
        if without := found.left_out.get(WITHOUT_URI):
            # In slices they are left out and counted; here nothing would tell of a lost seed.
            raise ChallengeError(
                f"{path}: playlists[{position}]: tracks without track_uri: {without}"
            )
        if found.pid in seen:
            raise ChallengeError(
                f"{path}: playlists[{position}]: pid {found.pid} is also that of "
                f"playlists[{seen[found.pid]}]"
            )
        seen[found.pid] = position
        yield _challenge_playlist(found)


# What people have that is no challenge set goes through the other command.
_EXPECTED: Final = (
    '; expected a challenge set, {"playlists": [{"pid": NUMBER, "name": TITLE, "tracks": '
    '[{"track_uri": URI}, ...]}, ...]}; segue query --file reads other formats'
)


def _member(path: str) -> str:
    """The name of the challenge set in a zip archive, "" where the file is none."""
    if not archives.is_archive(path):
        return ""
    first, *others = match_inputs(path).files
    if others:
        raise ChallengeError(f"{path}: holds {len(others) + 1} JSON files, not one challenge set")
    return first.member


def _challenge_playlist(playlist: Playlist) -> ChallengePlaylist:
    def texts(key: str) -> list[str]:
        values: Sequence[Any] = playlist.features.get(key, [])
        return [value.decode() for value in values]

    name = texts(features.NAME)
    tracks = tuple(texts(features.TRACK_URI))
    return ChallengePlaylist(playlist.pid, name[0] if name else None, tracks, playlist)
