"""A track's URI, and the forms in which people copy it: links, embeds, bare IDs."""

from __future__ import annotations

import re
from typing import Final

from schema.features import URI_PREFIX

_ID: Final = "[0-9A-Za-z]{22}"
#: All of a URI, as a field of a contract has it.
TRACK_PATTERN: Final = f"^{URI_PREFIX}{_ID}$"
ARTIST_PATTERN: Final = f"^spotify:artist:{_ID}$"
PLAYLIST_PATTERN: Final = f"^spotify:playlist:{_ID}$"
_SITE: Final = r"(?:https?://)?(?:open|play|embed)\.spotify\.com/(?:intl-[a-z-]+/)?"
_URI: Final = re.compile(re.escape(URI_PREFIX) + _ID)
_ARTIST: Final = re.compile(ARTIST_PATTERN)
_BARE: Final = re.compile(_ID)
# Colons of an old embed's address may be escaped: /embed?uri=spotify%3Atrack%3AID.
_COPIED: Final = re.compile(
    rf"""(?<![0-9A-Za-z])(?:
        spotify(?::|%3A)(?://)?(?:user(?::|%3A)[^:%\s]+(?::|%3A))?track(?::|%3A|/)
      | {_SITE}(?:embed(?:-podcast)?/)?(?:user/[^/\s]+/)?track/
    )({_ID})(?![0-9A-Za-z])""",
    re.VERBOSE | re.IGNORECASE,
)
_OTHER: Final = re.compile(
    rf"(?:spotify:(?://)?(?:user:[^:\s]+:)?|{_SITE}(?:embed/)?(?:user/[^/\s]+/)?)"
    r"(album|artist|audiobook|chapter|episode|local|playlist|show|user|collection)\b",
    re.IGNORECASE,
)
_NAMES: Final = {"local": "local file", "collection": "collection"}

#: Entries of a playlist that are no tracks, by `other_kind`, and what they are counted under.
NO_TRACKS: Final = {"local file": "local_files", "episode": "episodes"}
#: What entries are counted under whose URI is missing, null or empty.
WITHOUT_URI: Final = "without_uri"
#: All kinds of entries that leave their playlist and are counted.
LEFT_OUT: Final = (*NO_TRACKS.values(), WITHOUT_URI)

FORMS: Final = (
    f"{URI_PREFIX}ID, https://open.spotify.com/track/ID or the ID alone, of 22 letters and digits"
)


def is_track_uri(value: object) -> bool:
    """Whether the value is `spotify:track:` and 22 letters and digits."""
    return isinstance(value, str) and _URI.fullmatch(value) is not None


def is_artist_uri(value: object) -> bool:
    """Whether the value is `spotify:artist:` and 22 letters and digits."""
    return isinstance(value, str) and _ARTIST.fullmatch(value) is not None


def copied_tracks(text: str) -> list[str]:
    """The URIs of every track whose URI or link, of any form, stands in a text, in its order."""
    return [URI_PREFIX + found.group(1) for found in _COPIED.finditer(text)]


def other_kind(text: str) -> str | None:
    """What a URI or a link of Spotify's names where it is no track's, such as "episode"."""
    found = _OTHER.match(text.strip())
    if found is None:
        return None
    kind = found.group(1).lower()
    return _NAMES.get(kind, kind)


def track_uri(text: str) -> str:
    """The URI of a track that is given as a URI, as a link to Spotify, or as its bare ID.

    Raises:
        ValueError: it is none of these, or several; the message lists the forms.
    """
    text = text.strip()
    if is_track_uri(text):
        return text
    if _BARE.fullmatch(text):
        return URI_PREFIX + text
    found = copied_tracks(text)
    if len(set(found)) == 1:
        return found[0]
    kind = other_kind(text)
    what = f"names {_a(kind)}, not a track" if kind else "is not a track"
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    raise ValueError(f"{shown!r} {what}: expected {FORMS}")


def canonical(text: str) -> str:
    """The URI of a track in any form that people copy; any other text as it is."""
    try:
        return track_uri(text)
    except ValueError:
        return text


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"
