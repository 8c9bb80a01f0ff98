"""Invented names and URIs, each a function of the seed and an index alone."""

from __future__ import annotations

import functools
import hashlib
import string
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeVar

T = TypeVar("T")


class _Script(NamedTuple):
    """Syllables of one way of writing, separated by spaces, and how many make a word."""

    onsets: str
    rimes: str
    syllables: tuple[int, int]


_LATIN: Final = _Script(
    "b br d dr f g gl h k kr l m n p r s sk st t th tr v w z",
    "a a e e i i o o u u ae ai ea ia io al an ar el en in or",
    (2, 3),
)
_ACCENTED: Final = _Script(
    "b ç d f g j l m ñ p r s š t v ž", "á â é è ï í ó ö ú ü ão øn år", (2, 3)
)
_KANA: Final = _Script("カ キ サ シ タ ナ ニ ハ マ ミ ヤ ラ リ ル ロ ワ", "ー ン ア イ ラ", (2, 3))
_CYRILLIC: Final = _Script("б в г д з к л м н п р с т", "а е и о у ян ель", (2, 4))
_HANGUL: Final = _Script("가 나 다 라 마 바 사 아 자 차 카 타 파 하", "린 운 나 리 온", (1, 2))
# Repeats are shares: 20 of 25 artists write in plain Latin letters.
_SCRIPTS: Final = (_LATIN,) * 20 + (_ACCENTED, _ACCENTED, _KANA, _CYRILLIC, _HANGUL)

_ARTIST_FORMS: Final = ("{0}", "{0}", "{0} {1}", "{0} {1}", "The {0}s", "DJ {0}", "{0} & {1}")
_TRACK_FORMS: Final = ("{0}", "{0}", "{0} {1}", "{0} {1}", "{0} of {1}", "{0} (feat. {1})")
_TRACK_SUFFIXES: Final = ("",) * 14 + (" - Live", " - Remastered", " - Radio Edit", " (Acoustic)")
_ALBUM_FORMS: Final = ("{0}", "{0}", "{0} {1}", "{0} EP", "{0} (Deluxe)", "Live at {0}", "{0}, {1}")
_SCENE_SUFFIXES: Final = ("core", "wave", "step", "beat", "folk", "house", "pop")

_BASE62: Final = (string.digits + string.ascii_letters).encode()
_TO_BASE62: Final = bytes(_BASE62[byte % len(_BASE62)] for byte in range(256))
_VOCABULARY: Final = 8192  # words of a script that its tracks and albums are named with


class _Dice:
    """A stream of choices drawn from one hash."""

    def __init__(self, *key: int | str) -> None:
        digest = hashlib.blake2b(repr(key).encode(), digest_size=24).digest()
        self._value = int.from_bytes(digest, "little")

    def pick(self, items: Sequence[T]) -> T:
        self._value, index = divmod(self._value, len(items))
        return items[index]

    def word(self, script: _Script) -> str:
        onsets, rimes, (least, most) = script.onsets.split(), script.rimes.split(), script.syllables
        count = self.pick(range(least, most + 1))
        return "".join(self.pick(onsets) + self.pick(rimes) for _ in range(count)).capitalize()


@functools.cache
def _words(script: _Script) -> tuple[str, ...]:
    return tuple(_Dice("word", index).word(script) for index in range(_VOCABULARY))


def _script(seed: int, artist: int) -> _Script:
    return _Dice(seed, "script", artist).pick(_SCRIPTS)


def uri(seed: int, kind: str, index: int) -> str:
    """Returns `spotify:<kind>:` and 22 base62 characters, hashed from the arguments."""
    digest = hashlib.blake2b(f"{seed}/{kind}/{index}".encode(), digest_size=22).digest()
    return f"spotify:{kind}:{digest.translate(_TO_BASE62).decode('ascii')}"


def artist_name(seed: int, artist: int) -> str:
    """Returns an artist's invented name; one in five is not in plain Latin letters."""
    dice, script = _Dice(seed, "artist", artist), _script(seed, artist)
    return dice.pick(_ARTIST_FORMS).format(dice.word(script), dice.word(script))


def album_name(seed: int, album: int, artist: int) -> str:
    """Returns an album's invented name, in its artist's script."""
    dice, words = _Dice(seed, "album", album), _words(_script(seed, artist))
    return dice.pick(_ALBUM_FORMS).format(dice.pick(words), dice.pick(words))


def track_name(seed: int, track: int, artist: int) -> str:
    """Returns a track's invented name, in its artist's script."""
    dice, words = _Dice(seed, "track", track), _words(_script(seed, artist))
    name = dice.pick(_TRACK_FORMS).format(dice.pick(words), dice.pick(words))
    return name + dice.pick(_TRACK_SUFFIXES)


def scene_name(seed: int, scene: int) -> str:
    """Returns the invented name of a scene, as its followers title their playlists: `velowave`."""
    dice = _Dice(seed, "scene", scene)
    short = _LATIN._replace(syllables=(2, 2))
    return dice.word(short).lower() + dice.pick(_SCENE_SUFFIXES)
