"""Queries that a public server gets sooner or later: ordinary, odd and malformed ones."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Final

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from schema import features, requests
from schema.signatures import SERVING_EXAMPLES, SERVING_LISTENER


@dataclasses.dataclass(frozen=True)
class Query:
    """A playlist to continue.

    Attributes:
        label: what a report calls it.
        name: its title, any bytes.
        track_uris: its tracks, any bytes.
        example: the same playlist as a serialised raw `tf.train.Example`, where there is one.
        timestamps: of a listener, when each track was heard; or none.
        features: of a listener, or none.
        excluded: of a listener, tracks that are not to be recommended, beside its own.
    """

    label: str
    name: bytes = b""
    track_uris: tuple[bytes, ...] = ()
    example: bytes | None = None
    timestamps: tuple[int, ...] = ()
    features: tuple[float, ...] = ()
    excluded: tuple[bytes, ...] = ()


_PREFIX: Final = features.URI_PREFIX.encode()

#: Well formed, but of no track: Spotify's ids hold no "!".
UNKNOWN: Final = tuple(_PREFIX + b"!unknown%014d" % index for index in range(5))

MALFORMED: Final = (
    b"no uri",
    b"spotify:track:",
    b"spotify:album:0000000000000000000000",
    b"SPOTIFY:TRACK:0000000000000000000000",
    b"https://open.spotify.com/track/0000000000000000000000",
    b" \t\n",
    b"spotify:track:\x00\x01",
    b"\xff\xfe\xc3\x28",
    "spotify:track:♫".encode(),
    b"x" * 10_000,
)

_ODD_TITLES: Final = {
    "a blank title": b" \t\n ",
    "a title of punctuation": b"!!! ... ???",
    "emoji in the title": "\U0001f3b8 \u0930\u0949\u0915 \U0001f469\u200d\U0001f467".encode(),
    "a title from right to left": "أغاني الصيف".encode(),
    "combining and zero-width characters": "Z\u0351\u036ba\u200bl\u200dg\ufeffo\u0336".encode(),
    "NUL in the title": b"road\x00trip",
    "a title that is not UTF-8": b"\xff\xfe caf\xe9 \xc3\x28\xf0\x9f",
    "a title of 10,000 characters": "é".encode() * 10_000,
}

_WORDS: Final = (b"summer", b"road", b"chill", b"workout", b"rock", b"2017", b"party", b"sad")
_MAX_RANDOM_TRACKS: Final = 100


def empty() -> Query:
    """The query that says nothing."""
    return Query("an empty playlist")


def unknown_only() -> Query:
    """The query that says nothing that the model knows."""
    return Query("unknown tracks only", b"", UNKNOWN)


def odd(known: Sequence[bytes]) -> list[Query]:
    """Queries at the edges of what is allowed, and beyond.

    Args:
        known: tracks of the catalogue, at least one.
    """
    many = [*known[:250], *(_PREFIX + b"!filler%015d" % i for i in range(250 - len(known[:250])))]
    return [
        Query("a title only", b"summer road trip"),
        Query("malformed track URIs", b"", MALFORMED),
        Query("padding between the tracks", b"", (b"", known[0], b"", UNKNOWN[0])),
        Query("one track, twenty times", b"", (known[0],) * 20),
        Query("250 tracks", b"everything", tuple(many)),
        Query("every track that an empty playlist gets", b"", tuple(known)),
        *(Query(label, title) for label, title in _ODD_TITLES.items()),
        *(
            Query(f"{label}, with a track", title, (known[0],))
            for label, title in _ODD_TITLES.items()
        ),
    ]


def with_junk(query: Query) -> Query:
    """The same query with unknown and malformed tracks between its own."""
    junk = (*UNKNOWN, *MALFORMED)
    mixed: list[bytes] = []
    for index in range(max(len(query.track_uris), len(junk))):
        mixed += [*junk[index : index + 1], *query.track_uris[index : index + 1]]
    return Query(f"{query.label} with unknown and malformed tracks", query.name, tuple(mixed))


def draw(
    count: int, known: Sequence[bytes], titles: Sequence[bytes], rng: random.Random
) -> list[Query]:
    """Random queries.

    Args:
        count: how many.
        known: tracks of the catalogue.
        titles: titles to take words from.
        rng: what they follow from.

    Returns:
        Queries of up to three words and up to 100 tracks, some of them unknown or malformed.
    """
    words = sorted({word for title in titles for word in title.split()}) or list(_WORDS)
    found = []
    for index in range(1, count + 1):
        tracks = rng.sample(known, rng.randint(0, min(_MAX_RANDOM_TRACKS, len(known))))
        tracks += rng.sample((*UNKNOWN, *MALFORMED), rng.choice((0, 0, 0, 3)))
        rng.shuffle(tracks)
        name = b" ".join(rng.choice(words) for _ in range(rng.randint(0, 3)))
        found.append(Query(f"random query {index}", name, tuple(tracks)))
    return found


def request(asked: Sequence[Query], signature: str) -> predict_pb2.PredictRequest:
    """Asks about playlists, by `serving_default` or `serving_examples`, or about listeners.

    A request for playlists without tracks has no column of tracks: the contract allows it.
    """
    if signature == SERVING_EXAMPLES:
        return requests.examples_request([_example(query) for query in asked])
    if signature == SERVING_LISTENER:
        listeners = [
            requests.Listener(query.track_uris, query.timestamps, query.features, query.excluded)
            for query in asked
        ]
        return requests.listeners_request(listeners, min_columns=0)
    return requests.playlists_request(
        [(query.name, query.track_uris) for query in asked], min_columns=0
    )


def _example(query: Query) -> bytes:
    if query.example is not None:
        return query.example
    example = tf.train.Example()
    example.features.feature[features.NAME].bytes_list.value.append(query.name)
    example.features.feature[features.TRACK_URI].bytes_list.value.extend(query.track_uris)
    return example.SerializeToString(deterministic=True)
