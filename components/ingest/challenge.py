"""The RecSys Challenge 2018's formats: its playlists to continue, and a submission.

https://www.aicrowd.com/challenges/spotify-million-playlist-dataset-challenge
"""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from components.ingest.errors import IngestError
from components.ingest.reading import UnreadableFileError, read_slice
from components.ingest.validation import Playlist, Reject, is_track_uri, validate
from schema import features, files
from schema.signatures import MAX_RECOMMENDATIONS
from schema.spreadsheets import inert


class ChallengeError(IngestError):
    """A challenge set cannot be read, or a submission would be refused."""


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
    """Yields the playlists of a `challenge_set.json` or `.json.gz`, in the file's order.

    Raises:
        ChallengeError: when the file cannot be read, or one of its playlists cannot be used.
    """
    try:
        playlists = read_slice(path)
    except UnreadableFileError as error:
        raise ChallengeError(f"{path}: {error}") from None
    if not playlists:
        raise ChallengeError(f"{path}: 'playlists' is empty")
    seen: dict[int, int] = {}
    for position, raw in enumerate(playlists):
        found = validate(raw, allow_no_tracks=True)
        if isinstance(found, Reject):
            raise ChallengeError(f"{path}: playlists[{position}]: {found.detail}")
        if found.pid in seen:
            raise ChallengeError(
                f"{path}: playlists[{position}]: pid {found.pid} is also that of "
                f"playlists[{seen[found.pid]}]"
            )
        seen[found.pid] = position
        yield _challenge_playlist(found)


def _challenge_playlist(playlist: Playlist) -> ChallengePlaylist:
    def texts(key: str) -> list[str]:
        values: Sequence[Any] = playlist.features.get(key, [])
        return [value.decode() for value in values]

    name = texts(features.NAME)
    tracks = tuple(texts(features.TRACK_URI))
    return ChallengePlaylist(playlist.pid, name[0] if name else None, tracks, playlist)


@dataclasses.dataclass(frozen=True)
class Submission:
    """What was written: how many playlists, and how many of them have fewer than 500 tracks."""

    playlists: int
    short: int


def write_submission(
    path: str | os.PathLike[str],
    playlists: Iterable[ChallengePlaylist],
    recommendations: Iterable[tuple[int, Sequence[str]]],
    *,
    team_name: str = "segue",
    contact: str = "segue@example.com",
) -> Submission:
    """Writes a submission as CSV, gzipped where the path ends in `.gz`.

    The first line is `team_info,TEAM,CONTACT` (see `schema.spreadsheets`), every other one
    `pid, uri1, ..., uri500`.
    The file appears only when it is complete and sound.

    Args:
        path: the local file to write.
        playlists: those of the challenge set.
        recommendations: pid and track URIs of each, best first, in any order of playlists. A small
            catalogue may give fewer than 500; the challenge itself refuses that, so it is counted.
        team_name: for the first line.
        contact: an e-mail address, for the first line.

    Raises:
        ChallengeError: when a playlist is missing, unknown or there twice, or its tracks are more
            than 500, repeated, among its seeds, or malformed.
    """
    for key, value in (("team_name", team_name), ("contact", contact)):
        if not value.strip() or re.search(r'[,"\r\n]', value):
            raise ChallengeError(f"{key}: {value!r} is empty or has a comma, quote or line break")
    seeds = {playlist.pid: playlist.tracks for playlist in playlists}
    written = short = 0
    with _replacing(os.fspath(path)) as file:
        file.write(f"team_info,{inert(team_name)},{inert(contact)}\n")
        missing = set(seeds)
        for pid, uris in recommendations:
            if pid not in seeds:
                raise ChallengeError(f"playlist {pid} is not in the challenge set")
            if pid not in missing:
                raise ChallengeError(f"playlist {pid} is there twice")
            missing.remove(pid)
            _check_tracks(pid, uris, seeds[pid])
            file.write(", ".join([str(pid), *uris]) + "\n")
            written += 1
            short += len(uris) < MAX_RECOMMENDATIONS
        if missing:
            raise ChallengeError(
                f"{len(missing)} playlists have no recommendations, such as {min(missing)}"
            )
    return Submission(written, short)


def _check_tracks(pid: int, uris: Sequence[str], seeds: Sequence[str]) -> None:
    if len(uris) > MAX_RECOMMENDATIONS:
        raise ChallengeError(
            f"playlist {pid}: {len(uris)} tracks, at most {MAX_RECOMMENDATIONS} are allowed"
        )
    seen = set(seeds)
    for rank, uri in enumerate(uris, 1):
        if not is_track_uri(uri):
            raise ChallengeError(f"playlist {pid}: track {rank}, {uri!r}, is not a track URI")
        if uri in seen:
            what = "one of its seeds" if uri in seeds else "there twice"
            raise ChallengeError(f"playlist {pid}: track {rank}, {uri}, is {what}")
        seen.add(uri)


@contextlib.contextmanager
def _replacing(path: str) -> Iterator[TextIO]:
    """Opens a text file that takes the place of `path` when the block ends well."""
    with (
        files.replacing(path) as partial,
        (
            gzip.open(partial, "wt", encoding="utf-8")
            if path.endswith(".gz")
            else partial.open("w", encoding="utf-8")
        ) as file,
    ):
        yield file
