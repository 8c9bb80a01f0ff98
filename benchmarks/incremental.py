"""Incremental updates beside full training, over growing data.

Playlists come in a fixed random order: the first half of them makes the first version, and each of
five updates sees 10% more. Every update is made twice: from scratch, and from the version before it
in the same chain, through an exported SavedModel each time, as `start_from: served` does. The
vocabularies are those of what has come so far, so that tracks, artists and title n-grams are new.
All versions are scored on the same held-out playlists, which none of them has seen. No playlists of
stop choose the number of epochs here: through the pipeline full training chooses first, which
starting from a served model does not, and takes about twice as long.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tempfile
import time
from typing import Any, Final

import numpy as np
import tensorflow as tf

from benchmarks import harness, held_out
from models import families
from models.contract import Fit, TrainingData
from models.data import Vocabularies
from models.data.artist_names import artist_names
from models.data.holding_out import part_of

FAMILIES: Final = ("als", "two_tower")
_START: Final = 0.5
_STEP: Final = 0.1
_UPDATES: Final = 5
_SEED: Final = 17
#: How many of the first recommendations two versions are compared by.
DEPTH: Final = 100
_ASKED_AT_ONCE: Final = 64


@dataclasses.dataclass(frozen=True)
class Version:
    """A version of a chain, as far as it is measured.

    Attributes:
        path: of its SavedModel.
        seconds: CPU seconds that fitting took.
        recommended: URIs [P, K] for the held-out playlists.
        values: float64 [P] by metric.
        growth: how its vectors came about.
    """

    path: str
    seconds: float
    recommended: np.ndarray
    values: dict[str, np.ndarray]
    growth: dict[str, dict[str, int]]


def measure() -> dict[str, Any]:
    """Runs each family in a process of its own."""
    figures = {}
    for family in FAMILIES:
        load = os.getloadavg()[0]
        finished = harness.run([sys.executable, "-m", "benchmarks.incremental", family])
        figures[family] = {
            "load_before_and_after": [round(load, 1), round(os.getloadavg()[0], 1)],
            "cpu_seconds_in_all": round(finished.cpu_seconds),
            "peak_gib": round(finished.peak_gib, 2),
            **json.loads(finished.output.splitlines()[-1]),
        }
    return figures


def part(
    data: TrainingData, vocabularies: Vocabularies, rows: np.ndarray
) -> tuple[TrainingData, Vocabularies]:
    """Some playlists with the vocabularies that Transform would have made of them alone.

    Args:
        data: all playlists.
        vocabularies: of all.
        rows: of those to keep, ascending.
    """
    kept, new_ids = part_of(data, rows)
    catalogue = kept.catalogue
    artists, artist_ids = _used(catalogue.artist_ids, data.num_artists)
    albums, album_ids = _used(catalogue.album_ids, data.num_albums)
    titles = kept.train.title_ngram_ids
    ngrams, ngram_ids = _used(titles.values, data.num_title_ngrams)
    tracks = np.flatnonzero(new_ids >= 0)
    tracks = tracks[np.argsort(new_ids[tracks])]
    catalogue = dataclasses.replace(
        catalogue,
        artist_ids=_mapped(catalogue.artist_ids, artist_ids),
        album_ids=_mapped(catalogue.album_ids, album_ids),
    )
    names = artist_names(catalogue, len(artists))
    named = np.where(np.array([*names, b""], object)[artist_ids] != b"", artist_ids, -1)
    train = dataclasses.replace(
        kept.train,
        title_ngram_ids=titles.map_ids(ngram_ids),
        # Two ids an artist: named in a title, and named by all of it.
        mention_ids=kept.train.mention_ids.map_ids(
            np.stack([2 * named, np.where(named < 0, -1, 2 * named + 1)], axis=1).ravel()
        ),
    )
    made = TrainingData(catalogue, train, len(artists), len(albums), len(ngrams), kept.stop)
    return made, Vocabularies(
        tracks=[vocabularies.tracks[old] for old in tracks],
        artists=[vocabularies.artists[old] for old in artists],
        title_ngrams=[vocabularies.title_ngrams[old] for old in ngrams],
        albums=[vocabularies.albums[old] for old in albums],
        artist_names=names,
    )


def _used(ids: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The ids that occur, ascending, and the new id of each old one."""
    counts = np.bincount(ids[ids >= 0], minlength=size)
    used = np.flatnonzero(counts)
    new_ids = np.full(size, -1, np.int64)
    new_ids[used] = np.arange(len(used))
    return used, new_ids


def _mapped(ids: np.ndarray, new_ids: np.ndarray) -> np.ndarray:
    return np.where(ids >= 0, new_ids[np.maximum(ids, 0)] if len(new_ids) else -1, -1)


def _chain(family: str) -> dict[str, Any]:
    held = held_out.load(held_out.default_name())
    order = np.random.default_rng(_SEED).permutation(len(held.data.train))
    params = families.family(family).params(_params(family))
    versions: dict[str, Version] = {}
    gaps, updates = [], []
    with tempfile.TemporaryDirectory() as folder:
        for update in range(_UPDATES + 1):
            share = _START + update * _STEP
            rows = np.sort(order[: round(share * len(order))])
            data, vocabularies = part(held.data, held.vocabularies, rows)
            before = dict(versions)
            for chain in ("full", "warm"):
                if not update and chain == "warm":
                    # The first version is made from scratch, and is the same in both chains.
                    versions[chain] = versions["full"]
                    continue
                given = dataclasses.replace(held, data=data, vocabularies=vocabularies)
                path = os.path.join(folder, f"{chain}-{update}")
                start = before["warm"].path if chain == "warm" else None
                versions[chain] = _version(family, params, given, path, start=start)
            updates.append(_figures(share, data, versions, before))
            gaps.append(_gap(versions["warm"], versions["full"]))
            print(json.dumps(updates[-1]), file=sys.stderr, flush=True)
        path = os.path.join(folder, "other-seed")
        other = _version(family, params, given, path, seed=_SEED + 1)
    return {
        "of": held.name,
        "playlists": len(held.data.train),
        "held_out_playlists": len(held.examples),
        "params": params.model_dump(mode="json"),
        "updates": updates,
        # Whether the gap between the chains grows: the last update's less the first one's.
        "gap_of_last_update_less_first": {
            name: _difference(gaps[-1][name], gaps[1][name], name) for name in held_out.METRICS
        },
        # What another random start changes, at the last update.
        "full_by_another_seed": {
            f"same_of_{DEPTH}": _same(other, versions["full"]),
            "less_full": {
                name: _difference(other.values[name], versions["full"].values[name], name)
                for name in held_out.METRICS
            },
        },
    }


def _params(family: str) -> dict[str, Any]:
    """The profile's for the real sample, but for its epochs: here gradient steps are run too."""
    given = held_out.profile("models", family)
    return {name: value for name, value in given.items() if name != "epochs"}


def _version(
    family: str,
    params: Any,
    given: held_out.HeldOut,
    path: str,
    *,
    seed: int = _SEED,
    start: str | None = None,
) -> Version:
    from models.export import ExportOptions, saved_model
    from models.warm_start import ServedWeights, Start
    from schema.model_card import ModelCard

    kind = families.family(family)
    with tempfile.TemporaryDirectory() as work:
        began = time.process_time()
        if start is None:
            fit: Fit = kind.fit(given.data, params, seed, work)
        else:
            assert kind.fit_from is not None
            served = Start(ServedWeights(start), given.vocabularies)
            fit = kind.fit_from(given.data, params, seed, work, served)
        seconds = time.process_time() - began
    card = ModelCard(family=family, params=params.model_dump(mode="json"))
    saved_model.export(
        fit.scorer,
        given.data.catalogue,
        given.vocabularies,
        path,
        card,
        options=ExportOptions(rows_per_step=32, warmup=False),
    )
    return Version(path, seconds, *_asked(path, given), _growth(fit))


def _growth(fit: Fit) -> dict[str, dict[str, int]]:
    return {name: growth.model_dump() for name, growth in fit.growth.items()}


def _asked(path: str, given: held_out.HeldOut) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What the exported model recommends for the held-out playlists, and how good that is."""
    from schema.signatures import SERVING_EXAMPLES

    signature = tf.saved_model.load(path).signatures[SERVING_EXAMPLES]
    answers = [
        signature(examples=tf.constant(given.examples[start : start + _ASKED_AT_ONCE]))
        for start in range(0, len(given.examples), _ASKED_AT_ONCE)
    ]
    recommended = np.concatenate([answer["track_uris"].numpy() for answer in answers])
    return recommended, held_out.values(recommended, given.examples)


def _figures(
    share: float, data: TrainingData, versions: dict[str, Version], before: dict[str, Version]
) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "share_of_playlists": round(share, 2),
        "playlists": len(data.train),
        "tracks": len(data.catalogue),
    }
    for chain, version in versions.items():
        figures[chain] = {
            "cpu_seconds": round(version.seconds, 1),
            **{name: round(float(np.nanmean(row)), 4) for name, row in version.values.items()},
        }
        if before:
            figures[chain][f"same_of_{DEPTH}_as_before"] = _same(version, before[chain])
    if before:
        figures["growth"] = versions["warm"].growth
        warm, full = versions["warm"], versions["full"]
        figures["warm_less_full"] = {
            name: _difference(warm.values[name], full.values[name], name)
            for name in held_out.METRICS
        }
        figures[f"same_of_{DEPTH}_in_both"] = _same(warm, full)
    return figures


def _gap(warm: Version, full: Version) -> dict[str, np.ndarray]:
    return {name: warm.values[name] - full.values[name] for name in held_out.METRICS}


def _same(one: Version, other: Version) -> float:
    return round(overlap(one.recommended, other.recommended), 3)


def _difference(warm: np.ndarray, full: np.ndarray, metric: str) -> dict[str, float | None]:
    from evaluation.significance.compare import compare_paired

    result = compare_paired(warm, full, metric)
    return {
        "mean": _rounded(result.mean_difference),
        "ci_low": _rounded(result.ci_low),
        "ci_high": _rounded(result.ci_high),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def overlap(one: np.ndarray, other: np.ndarray, depth: int = DEPTH) -> float:
    """The mean share of a playlist's first recommendations that two versions have in common.

    Args:
        one: URIs [P, K], best first, b"" where there is none.
        other: the same of another version, for the same playlists.
        depth: how many of the first count.
    """
    shares = [
        len({*mine[:depth]} & {*theirs[:depth]} - {b""}) / depth
        for mine, theirs in zip(one.tolist(), other.tolist(), strict=True)
    ]
    return float(np.mean(shares))


if __name__ == "__main__":
    print(json.dumps(_chain(sys.argv[1])))
