"""The blocklist: tracks and artists that nobody is shown, a URI a line."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator

from schema.track_uris import is_artist_uri, is_track_uri


@dataclasses.dataclass(frozen=True)
class Blocklist:
    """What nobody is shown.

    Attributes:
        tracks: URIs.
        artists: URIs.
    """

    tracks: tuple[str, ...] = ()
    artists: tuple[str, ...] = ()


def load(path: str | pathlib.Path) -> Blocklist:
    """Reads a blocklist: lines that are empty or begin with # say nothing.

    Raises:
        ValueError: a line is no URI; the message names the file, the line and what is accepted.
        OSError: it cannot be read.
    """
    tracks, artists = [], []
    for number, uri in lines(path):
        if is_track_uri(uri):
            tracks.append(uri)
        elif is_artist_uri(uri):
            artists.append(uri)
        else:
            raise ValueError(
                f"{path}: line {number}: {uri[:80]!r} is not accepted: spotify:track:ID or "
                "spotify:artist:ID, of 22 letters and digits"
            )
    return Blocklist(tuple(tracks), tuple(artists))


def lines(path: str | pathlib.Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that say something, and their numbers from 1.

    Raises:
        ValueError: it is no text.
        OSError: it cannot be read.
    """
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text in UTF-8") from None
    for number, line in enumerate(text.splitlines(), 1):
        if (told := line.strip()) and not told.startswith("#"):
            yield number, told
