"""Made-up playlists, small enough that every family is fitted to them in seconds."""

from __future__ import annotations

import collections
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from models.contract import Catalogue, Playlists, Ragged, TrainingData
from models.data import Vocabularies, artist_names
from models.transform import titles
from models.transform.mentions import mention_ids


def uri(track: int) -> str:
    """The URI of a track."""
    return f"spotify:track:{track:022d}"


def training_data(
    playlists: Sequence[tuple[str, Sequence[int]]],
) -> tuple[TrainingData, Vocabularies]:
    """Makes training data without a stop split.

    Args:
        playlists: the title and the numbers of the tracks of each; track n is by artist n // 3, on
            album n // 2.

    Returns:
        The data, and the vocabularies behind its ids. Ids of tracks are by frequency, then n.
    """
    counts = collections.Counter(track for _, tracks in playlists for track in tracks)
    order = sorted(counts, key=lambda track: (-counts[track], track))
    ids = {track: index for index, track in enumerate(order)}
    cleaned = titles.normalize(tf.constant([title for title, _ in playlists]))
    artists = sorted({track // 3 for track in order})
    albums = sorted({track // 2 for track in order})
    grams = [[gram.decode() for gram in row] for row in titles.character_ngrams(cleaned).to_list()]
    ngrams = sorted({gram for row in grams for gram in row})
    ngram_ids = {gram: index for index, gram in enumerate(ngrams)}
    catalogue = Catalogue(
        track_uris=np.array([uri(track).encode() for track in order], object),
        track_names=np.array([f"song {track}".encode() for track in order], object),
        artist_names=np.array([f"artist {track // 3}".encode() for track in order], object),
        artist_ids=np.array([artists.index(track // 3) for track in order], np.int64),
        album_ids=np.array([albums.index(track // 2) for track in order], np.int64),
        counts=np.array([counts[track] for track in order], np.int64),
    )
    names = artist_names.artist_names(catalogue, len(artists))
    mentions = mention_ids(cleaned, artist_names.lookup(names))
    train = Playlists(
        Ragged.from_rows([ids[track] for track in tracks] for _, tracks in playlists),
        Ragged.from_rows([ngram_ids[gram] for gram in row] for row in grams),
        Ragged.from_tensor(mentions, unique=False),
    )
    data = TrainingData(catalogue, train, len(artists), len(albums), len(ngrams))
    vocabularies = Vocabularies(
        [uri(track).encode() for track in order],
        [f"artist {artist}".encode() for artist in artists],
        [gram.encode() for gram in ngrams],
        [f"album {album}".encode() for album in albums],
        names,
    )
    return data, vocabularies


def two_genres(
    num_tracks: int, num_playlists: int, length: int, seed: int = 0
) -> tuple[TrainingData, Vocabularies]:
    """Makes playlists of two kinds: even tracks are in "rock" ones, odd tracks in "jazz" ones.

    Low numbers are there more often.

    Args:
        num_tracks: all of them are in some playlist.
        num_playlists: how many, beside untitled ones that hold all tracks.
        length: tracks a playlist.
        seed: of the draws.

    Returns:
        As `training_data`.
    """
    generator = np.random.default_rng(seed)
    half = num_tracks // 2
    weights = 1.0 / np.arange(1, half + 1)
    playlists = []
    for index in range(num_playlists):
        chosen = generator.choice(half, length, replace=False, p=weights / weights.sum())
        title = ("Rock 🔥", "jazz & soul")[index % 2]
        playlists.append((title, [int(2 * track + index % 2) for track in chosen]))
    # Every track is somewhere.
    for start in range(0, num_tracks, 50):
        playlists.append(("", list(range(start, min(start + 50, num_tracks)))))
    return training_data(playlists)
