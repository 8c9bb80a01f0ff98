"""two_tower at the size of the whole Million Playlist Dataset's catalogue: 2.3 million tracks.

20,000 synthetic playlists, made as arrays, are factorised, and trained on for one epoch with the
sampled softmax; each in a process of its own, whose largest memory is what matters. Nothing can be
said about accuracy here.
"""

from __future__ import annotations

import json
import logging
import math
import sys
import tempfile
import time
from typing import Any, Final

import numpy as np

from benchmarks import harness
from models.contract import Catalogue, Playlists, Ragged, TrainingData

_TRACKS: Final = 2_300_000
_ARTISTS: Final = 296_000
_ALBUMS: Final = 734_000
_TITLE_NGRAMS: Final = 50_000
_PLAYLISTS: Final = 20_000
# As in the dataset: 66 tracks in a playlist, 5 to 250.
_MEAN_LENGTH: Final = 66
_LENGTHS: Final = (5, 250)
_NGRAMS_A_TITLE: Final = 20
_SEED: Final = 4

_ALL_TABLES: Final = ["seeds", "seed_artists", "titles", "tracks", "track_artists"]
#: What is fitted: parameters of two_tower by name.
SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "closed form": {"epochs": 0},
    "ALS start, one epoch": {"epochs": 1},
    "random start, all tables, one epoch, 64 factors": {
        "factors": 64,
        "epochs": 1,
        "learning_rate": 1e-3,
        "fold_in": False,
        "start": {"method": "random"},
        "trained": _ALL_TABLES,
    },
}


def measure() -> dict[str, Any]:
    """Runs the worker below for each setting."""
    figures: dict[str, Any] = {}
    for name in SETTINGS:
        finished = harness.run([sys.executable, "-m", "benchmarks.big_catalogue", name])
        figures[name] = {
            "peak_gib": round(finished.peak_gib, 2),
            "seconds": round(finished.seconds, 1),
            "cpu_seconds": round(finished.cpu_seconds, 1),
            **json.loads(finished.output.splitlines()[-1]),
        }
    return figures


def zipf(generator: np.random.Generator, size: int, count: int) -> np.ndarray:
    """Draws ids 0 to size - 1, id i about as often as 1 / (i + 1): int64 [count]."""
    drawn = np.exp(generator.random(count) * math.log(size + 1.0))
    return np.minimum(drawn.astype(np.int64) - 1, size - 1)


def training_data(
    *, tracks: int, artists: int, albums: int, ngrams: int, playlists: int, seed: int
) -> TrainingData:
    """Playlists whose tracks, artists and title n-grams follow Zipf's law.

    Args:
        tracks: N; many of them are in no playlist, as if others had named them.
        artists: A.
        albums: L.
        ngrams: G.
        playlists: P.
        seed: of everything; the same gives the same.

    Returns:
        The data, without names and without a stop split.
    """
    generator = np.random.default_rng(seed)
    lengths = np.clip(generator.geometric(1.0 / _MEAN_LENGTH, playlists), *_LENGTHS)
    track_ids = _distinct(zipf(generator, tracks, int(lengths.sum())), lengths)
    counts = np.bincount(track_ids.values, minlength=tracks)
    # Ids are by falling frequency, which the sampled softmax relies on.
    by_count = np.argsort(-counts, kind="stable")
    new_ids = np.empty(tracks, np.int32)
    new_ids[by_count] = np.arange(tracks, dtype=np.int32)
    titles = np.full(playlists, _NGRAMS_A_TITLE)
    nothing = np.full(tracks, b"", object)
    return TrainingData(
        catalogue=Catalogue(
            track_uris=nothing,
            track_names=nothing,
            artist_names=nothing,
            artist_ids=zipf(generator, artists, tracks),
            album_ids=generator.integers(albums, size=tracks),
            counts=counts[by_count],
        ),
        train=Playlists(
            track_ids=Ragged(new_ids[track_ids.values], track_ids.splits),
            mention_ids=_mentions(generator, playlists, artists),
            title_ngram_ids=_distinct(zipf(generator, ngrams, int(titles.sum())), titles),
            num_followers=generator.geometric(0.5, playlists),
        ),
        num_artists=artists,
        num_albums=albums,
        num_title_ngrams=ngrams,
    )


def _mentions(generator: np.random.Generator, playlists: int, artists: int) -> Ragged:
    """An artist that is all of the title, in every tenth playlist or so."""
    lengths = (generator.random(playlists) < 0.1).astype(np.int64)
    values = 2 * zipf(generator, artists, int(lengths.sum())) + 1
    return Ragged(values.astype(np.int32), np.concatenate([[0], np.cumsum(lengths)]))


def _distinct(values: np.ndarray, lengths: np.ndarray) -> Ragged:
    """Rows of values, each value once in a row."""
    owners = np.repeat(np.arange(len(lengths)), lengths)
    keys = np.unique(owners * (values.max(initial=0) + 1) + values, return_index=True)[1]
    keys.sort()
    kept = np.bincount(owners[keys], minlength=len(lengths))
    return Ragged(values[keys].astype(np.int32), np.concatenate([[0], np.cumsum(kept)]))


class _Clock(logging.Handler):
    """Notes when training said what."""

    def __init__(self) -> None:
        super().__init__()
        self.started = math.nan
        self.steps: list[tuple[int, float]] = []

    def emit(self, record: logging.LogRecord) -> None:
        said: dict[str, Any] = record.__dict__.get("progress", {})
        text = said.get("text", "")
        if text == "vectors are started":
            self.started = time.monotonic()
        elif text.startswith("loss"):
            self.steps.append((said["completed"], time.monotonic()))


def _worker(name: str) -> dict[str, Any]:
    from models import families, progress

    family = families.family("two_tower")
    params = family.params(SETTINGS[name])
    settings = params.model_dump()
    data = training_data(
        tracks=_TRACKS,
        artists=_ARTISTS,
        albums=_ALBUMS,
        ngrams=_TITLE_NGRAMS,
        playlists=_PLAYLISTS,
        seed=_SEED,
    )
    clock = _Clock()
    logger = logging.getLogger(progress.LOGGER_NAME)
    logger.addHandler(clock)
    logger.setLevel(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        fit = family.fit(data, params, _SEED, folder)
        ended = time.monotonic()
    figures: dict[str, Any] = {
        "params": SETTINGS[name],
        "tracks": len(data.catalogue),
        "artists": data.num_artists,
        "playlists": len(data.train),
        "factors": settings["factors"],
        "fit_seconds": round(ended - begun, 1),
        "start_seconds": round(clock.started - begun, 1),
    }
    if clock.steps:
        # The first step builds the graph.
        (first, then), (last, now) = clock.steps[0], clock.steps[-1]
        examples = (last - first) * settings["batch_size"]
        figures["examples_per_second"] = round(examples / (now - then), 1)
        figures["seconds_a_step"] = round((now - then) / (last - first), 2)
        figures["loss"] = round(fit.history[-1]["loss"], 4)
    return figures


if __name__ == "__main__":
    print(json.dumps(_worker(sys.argv[1])))
