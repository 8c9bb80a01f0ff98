"""Slices that went wrong in every way that bytes, text, JSON and gzip can, each from a number."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable
from typing import Any, Final, NamedTuple

_MEGABYTE: Final = 1 << 20
_HUGE: Final = "\x00huge\x00"  # stands for a number that JSON's writer cannot write


class Mutant(NamedTuple):
    """A slice that went wrong.

    Attributes:
        name: of its file.
        content: of it.
        how: what was done to it, one after another.
    """

    name: str
    content: bytes
    how: tuple[str, ...]


def mutant(playlists: list[dict[str, Any]], seed: int, number: int) -> Mutant:
    """Makes one; the same arguments give the same.

    Args:
        playlists: sound ones, as JSON has them; they are copied.
        seed: of all.
        number: of this one.
    """
    chance = random.Random(f"{seed}/{number}")
    # Of its own pids, or all slices would hold duplicates.
    numbered = [{**one, "pid": number * 10 + index} for index, one in enumerate(playlists)]
    content: Any = {"info": {}, "playlists": copy.deepcopy(numbered)}
    how: list[str] = []

    def apply(changes: tuple[Callable[..., Any], ...], value: Any) -> Any:
        change = chance.choice(changes)
        how.append(change.__name__.strip("_"))
        return change(value, chance)

    kind = chance.choice(("tree", "tree", "tree", "text", "bytes", "packed"))
    for _ in range(chance.choice((1, 1, 2, 4)) if kind == "tree" else chance.choice((0, 0, 1))):
        content = apply(_OF_TREES, content)
    text = json.dumps(content).replace(json.dumps(_HUGE), "9" * 400)
    if kind == "text":
        text = apply(_OF_TEXTS, text)
    raw = apply(_ENCODED, text) if chance.random() < 0.05 else text.encode("utf-8", "surrogatepass")
    if kind == "bytes":
        for _ in range(chance.choice((1, 1, 3))):
            raw = apply(_OF_BYTES, raw)
    if kind == "packed":
        raw = apply(_PACKED, raw)
    elif chance.random() < 0.2:
        raw = gzip.compress(raw, 1, mtime=0)
    ending = chance.choice(("json", "json", "json.gz"))
    return Mutant(f"mpd.slice.{number * 10}-{number * 10 + 9}.{ending}", raw, tuple(how))


# --- Trees of JSON values: every one is still JSON.


def _values(chance: random.Random) -> Any:
    nested: Any = []
    for _ in range(chance.choice((3, 50, 150))):
        nested = [nested] if chance.random() < 0.5 else {"playlists": nested}
    return chance.choice(
        (
            None, True, False, 0, -1, -(2**63), 2**63 - 1, 2**63, 10**30, 0.5, 1e308, -0.0, _HUGE,
            float("nan"), float("inf"), "", " ", "0", "-1", "NaN", "\x00", "\x1b[2J\r\n", "\ud800",
            "\udfff\ud800", "\U0001f3b5", "e\u0301", "\u202e", "x" * 5000, [], {}, [None], [[]],
            {"": ""}, nested, "spotify:track:", "spotify:local:a:b:c:1", "spotify:episode:x",
            "spotify:track:" + "0" * 22, "https://open.spotify.com/track/" + "0" * 22,
        )
    )  # fmt: skip


def _places(content: Any) -> list[tuple[Any, Any]]:
    """Every container and key below a value."""
    found: list[tuple[Any, Any]] = []
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            keys = list(value) if isinstance(value, dict) else range(len(value))
            found += [(value, key) for key in keys]
            waiting += [value[key] for key in keys]
    return found


def _replaced(content: Any, chance: random.Random) -> Any:
    places = _places(content)
    if not places or chance.random() < 0.02:
        return _values(chance)
    container, key = chance.choice(places)
    container[key] = _values(chance)
    return content


def _taken_out(content: Any, chance: random.Random) -> Any:
    if places := _places(content):
        container, key = chance.choice(places)
        del container[key]
    return content


def _key_renamed(content: Any, chance: random.Random) -> Any:
    places = [place for place in _places(content) if isinstance(place[0], dict)]
    if places:
        container, key = chance.choice(places)
        container[chance.choice((key.upper(), key + " ", "", "pid", "tracks"))] = container.pop(key)
    return content


def _repeated(content: Any, chance: random.Random) -> Any:
    lists = [place for place in _places(content) if isinstance(place[0], list)]
    if lists:
        container, key = chance.choice(lists)
        times = chance.choice((1, 1, 3, 2000))
        if times * len(json.dumps(container[key])) > _MEGABYTE:
            times = 3
        container[key:key] = [copy.deepcopy(container[key]) for _ in range(times)]
    return content


def _swapped(content: Any, chance: random.Random) -> Any:
    if places := _places(content):
        (one, first), (other, second) = chance.choice(places), chance.choice(places)
        one[first] = copy.deepcopy(other[second])
    return content


def _wrapped(content: Any, chance: random.Random) -> Any:
    if places := _places(content):
        container, key = chance.choice(places)
        container[key] = [container[key]] if chance.random() < 0.5 else {"value": container[key]}
    return content


def _long_text(content: Any, chance: random.Random) -> Any:
    if places := [p for p in _places(content) if isinstance(p[0][p[1]], str)]:
        container, key = chance.choice(places)
        container[key] = chance.choice("a\x00\u00e9") * chance.choice((_MEGABYTE // 64, _MEGABYTE))
    return content


_OF_TREES: Final = (
    _replaced, _replaced, _replaced, _taken_out, _key_renamed, _repeated, _swapped, _wrapped,
    _long_text,
)  # fmt: skip


# --- Text: what people and programs write for JSON.


def _token(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    token = chance.choice(
        ("NaN", "-Infinity", "1e999", "-0", "01", "'", '"', ",", ":", "{", "}", "[", "]", "\\",
         "\\u12", "\\ud83d", "//", "/* */", "\n", "\x00", "null", '"pid":1,', "[" * 2000, "\ufeff")
    )  # fmt: skip
    return text[:at] + token + text[at + chance.choice((0, 0, 1, 5)) :]


def _cut_text(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _single_quotes(text: str, chance: random.Random) -> str:
    return text.replace('"', "'")


def _number_as_text(text: str, chance: random.Random) -> str:
    digit = chance.choice("0123456789")
    return text.replace(f": {digit}", f': "{digit}', 1) if chance.random() < 0.5 else f"[{text}]"


_OF_TEXTS: Final = (_token, _token, _cut_text, _single_quotes, _number_as_text)


def _utf_16(text: str, chance: random.Random) -> bytes:
    return text.encode("utf-16", "surrogatepass")


def _latin_1(text: str, chance: random.Random) -> bytes:
    return text.replace("e", "\u00e9").encode("latin-1", "replace")


def _with_mark(text: str, chance: random.Random) -> bytes:
    return b"\xef\xbb\xbf" + text.encode("utf-8", "surrogatepass")


_ENCODED: Final = (_utf_16, _latin_1, _with_mark)


# --- Bytes, and gzip of bytes.


def _flipped(raw: bytes, chance: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(chance.choice((1, 1, 8)) if raw else 0):
        changed[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(raw: bytes, chance: random.Random) -> bytes:
    return raw[: chance.randrange(len(raw) + 1)]


def _part_gone(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw) + 1)
    return raw[:start] + raw[start + chance.choice((1, 7, 500)) :]


def _part_twice(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw) + 1)
    end = start + chance.choice((1, 7, 500))
    return raw[:end] + raw[start:]


def _noise(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + chance.randbytes(chance.choice((1, 4, 100))) + raw[at:]


def _zeros(raw: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(raw) + 1)
    return raw[:at] + bytes(chance.choice((1, 512))) + raw[at + 512 :]


_OF_BYTES: Final = (_flipped, _flipped, _cut, _part_gone, _part_twice, _noise, _zeros)


def _cut_short(raw: bytes, chance: random.Random) -> bytes:
    return _cut(gzip.compress(raw, 1, mtime=0), chance)


def _damaged(raw: bytes, chance: random.Random) -> bytes:
    return chance.choice(_OF_BYTES)(gzip.compress(raw, 1, mtime=0), chance)


def _twice_packed(raw: bytes, chance: random.Random) -> bytes:
    return gzip.compress(gzip.compress(raw, 1, mtime=0), 1, mtime=0)


def _two_members(raw: bytes, chance: random.Random) -> bytes:
    half = len(raw) // 2
    return b"".join(gzip.compress(part, 1, mtime=0) for part in (raw[:half], raw[half:]))


def _more_behind(raw: bytes, chance: random.Random) -> bytes:
    return gzip.compress(raw, 1, mtime=0) + chance.choice((bytes(100), b"PK\x03\x04", raw[:50]))


_PACKED: Final = (_cut_short, _damaged, _damaged, _twice_packed, _two_members, _more_behind)
