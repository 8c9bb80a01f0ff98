"""What each feature of two_tower is worth: without it, with it, or otherwise, by three seeds.

Every setting is fitted to the same playlists and scored on the same held-out ones
(`benchmarks/held_out.py`). Three bases, since not every feature shows in each: the profile's
setting, solved in closed form; that with gradient steps; and gradient steps from random tables,
where the loss and the seeds that are shown decide everything. The last two have fewer factors, to
save time.
"""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from benchmarks import held_out
from models import families
from models.contract import Fit, Ragged

SEEDS: Final = (1, 2, 3)
_FAMILY: Final = "two_tower"
# Playlists are drawn again so often for an interval.
_RESAMPLES: Final = 2000

#: What is taken out of the data rather than switched off.
Hidden = Literal["titles", "artists"]


class Variant(NamedTuple):
    """A base with something changed.

    Attributes:
        feature: what it describes; "" for a base itself.
        name: what is different.
        changes: parameters to set.
        hidden: what the data lose.
    """

    feature: str
    name: str
    changes: Mapping[str, Any]
    hidden: Hidden | None = None


class Base(NamedTuple):
    """A setting and what is tried around it."""

    name: str
    params: Mapping[str, Any]
    variants: Sequence[Variant]


_CLOSED_FORM: Final = (
    Variant("title", "no titles", {}, "titles"),
    Variant("title", "a title counts only without seeds", {"title_strength": 0.0}),
    Variant("artists", "no artists", {}, "artists"),
    Variant("artists", "tracks get no share of their artist", {"start": {"artist_share": 0.0}}),
    Variant("popularity", "popular tracks not damped", {"start": {"popularity_damping": 0.0}}),
    Variant("popularity", "long playlists not damped", {"start": {"length_damping": 0.0}}),
    Variant("popularity", "bias +0.02 for popular tracks", {"popularity_bias": 0.02}),
    Variant("popularity", "bias -0.02", {"popularity_bias": -0.02}),
    Variant("followers", "to the power 0.1", {"start": {"followers_weight": 0.1}}),
    Variant("followers", "to the power 0.3", {"start": {"followers_weight": 0.3}}),
    Variant("start", "ALS, seeds as bags", {"fold_in": False}),
    Variant("start", "SVD, seeds as bags", {"fold_in": False, "start": {"method": "svd"}}),
)
_ALBUMS: Final = (
    Variant("albums", "as columns, weight 0.25", {"start": {"album_weight": 0.25}}),
    Variant("albums", "weight 0.5", {"start": {"album_weight": 0.5}}),
    Variant(
        "albums", "weight 0.25, share 0.1", {"start": {"album_weight": 0.25, "album_share": 0.1}}
    ),
)
_GRADIENT: Final = (
    Variant("start", "no gradient steps", {"epochs": 0}),
    Variant("loss", "sampled softmax", {"full_softmax_max_tracks": 0}),
    Variant("loss", "ten times the rate", {"learning_rate": 3e-4}),
)
_WHOLE: Final = {"seed_counts": [10_000], "seedless_share": 0.0, "title_share": 1.0}
_RANDOM: Final = (
    Variant("loss", "full softmax", {"full_softmax_max_tracks": 300_000}),
    Variant("dropout of seeds", "always half of a playlist, and its title", _WHOLE),
    Variant("dropout of seeds", "always half, title as before", {**_WHOLE, "title_share": 0.7}),
)


def bases(name: str, profile: Mapping[str, Any]) -> list[Base]:
    """The settings to run.

    Args:
        name: of the playlists.
        profile: parameters of the profile.
    """
    closed_form = merged(profile, {"factors": 192, "epochs": 0})
    if name == held_out.SYNTHETIC:
        return [Base("closed form", closed_form, (*_CLOSED_FORM, *_ALBUMS))]
    small = {"factors": 64, "full_softmax_max_tracks": 300_000}
    gradient = merged(profile, {**small, "epochs": 2})
    from_random = merged(
        profile,
        {
            **small,
            "full_softmax_max_tracks": 0,
            "epochs": 5,
            "batch_size": 64,
            "learning_rate": 3e-3,
            "fold_in": False,
            "trained": ["seeds", "seed_artists", "titles", "tracks", "track_artists"],
            "start": {"method": "random"},
        },
    )
    return [
        Base("closed form", closed_form, _CLOSED_FORM),
        Base("ALS start, 2 epochs, 64 factors", gradient, _GRADIENT),
        Base("random start, sampled softmax, 5 epochs, 64 factors", from_random, _RANDOM),
    ]


def merged(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Values with some of them changed, also below a key."""
    result = dict(values)
    for key, value in changes.items():
        nested = isinstance(value, Mapping)
        result[key] = merged(result.get(key) or {}, value) if nested else value
    return result


def without(playlists: held_out.HeldOut, hidden: Hidden | None) -> held_out.HeldOut:
    """The playlists as they are to somebody who knows no titles, or no artists."""
    if hidden is None:
        return playlists
    data, vocabularies = playlists.data, playlists.vocabularies
    nothing = Ragged(np.zeros(0, np.int32), np.zeros(len(data.train) + 1, np.int64))
    train = dataclasses.replace(data.train, mention_ids=nothing)
    vocabularies = dataclasses.replace(vocabularies, artist_names=[])
    if hidden == "titles":
        train = dataclasses.replace(train, title_ngram_ids=nothing)
        data = dataclasses.replace(data, train=train, num_title_ngrams=0)
        vocabularies = dataclasses.replace(vocabularies, title_ngrams=[])
    else:
        unknown = np.full(len(data.catalogue), -1, np.int64)
        catalogue = dataclasses.replace(data.catalogue, artist_ids=unknown)
        data = dataclasses.replace(data, train=train, catalogue=catalogue, num_artists=0)
        vocabularies = dataclasses.replace(vocabularies, artists=[])
    return dataclasses.replace(playlists, data=data, vocabularies=vocabularies)


def measure() -> dict[str, Any]:
    """Runs every setting with every seed: on the real sample, if it is there, and the built-in."""
    # A recommender is built for every fit, which TensorFlow would warn of.
    tf.get_logger().setLevel("ERROR")
    console = Console()
    figures: dict[str, Any] = {"seeds": len(SEEDS)}
    for name in dict.fromkeys((held_out.default_name(), held_out.SYNTHETIC)):
        playlists = held_out.load(name)
        has_albums = bool((playlists.data.catalogue.album_ids >= 0).any())
        rows = []
        for base in bases(name, held_out.profile("models", _FAMILY)):
            rows += _run(base, playlists, console)
        console.print(_table(f"{name}, {len(playlists.examples)} held-out playlists", rows))
        figures[name] = {
            "train_playlists": len(playlists.data.train),
            "tracks": len(playlists.data.catalogue),
            "held_out_playlists": len(playlists.examples),
            "title_only_playlists": int(held_out.title_only(playlists.scenarios).sum()),
            "has_albums": has_albums,
            "rows": rows,
        }
    return figures


def _run(base: Base, playlists: held_out.HeldOut, console: Console) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    reference = None
    for variant in (Variant("", base.name, {}), *base.variants):
        runs = [_fit_and_score(base, variant, playlists, seed) for seed in SEEDS]
        # A playlist's metric, averaged over seeds: what differs between settings, not starts.
        ndcg = np.mean([run["ndcg"] for run in runs], axis=0)
        row: dict[str, Any] = {
            "base": base.name,
            "feature": variant.feature,
            "setting": variant.name,
        }
        row |= summary(runs, held_out.title_only(playlists.scenarios))
        if reference is None:
            reference = ndcg
        else:
            row |= difference(ndcg, reference)
        rows.append(row)
        console.print(f"{row['setting']}: NDCG {row['ndcg']:.4f}, {row['cpu_seconds']:.0f} s")
    return rows


def _fit_and_score(
    base: Base, variant: Variant, playlists: held_out.HeldOut, seed: int
) -> dict[str, Any]:
    family = families.family(_FAMILY)
    params = family.params(merged(base.params, variant.changes))
    seen = without(playlists, variant.hidden)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter(), time.process_time()
        fit: Fit = family.fit(seen.data, params, seed, folder)
        spent = time.perf_counter() - started[0], time.process_time() - started[1]
    return {**held_out.score(fit.scorer, seen), "seconds": spent[0], "cpu_seconds": spent[1]}


def summary(runs: Iterable[Mapping[str, Any]], title_only: np.ndarray) -> dict[str, float]:
    """Means over seeds, and standard deviations between seeds.

    Args:
        runs: float [P] by metric, and seconds, a seed each; at least two.
        title_only: bool [P].
    """
    runs = list(runs)
    by_seed = {name: [float(run[name].mean()) for run in runs] for name in held_out.METRICS}
    by_seed["title_only_ndcg"] = [float(run["ndcg"][title_only].mean()) for run in runs]
    result = {}
    for name, values in by_seed.items():
        result[name] = round(statistics.mean(values), 4)
        result[f"{name}_deviation"] = round(statistics.stdev(values), 4)
    for name in ("seconds", "cpu_seconds"):
        result[name] = round(statistics.mean(float(run[name]) for run in runs), 1)
    return result


def difference(values: np.ndarray, reference: np.ndarray) -> dict[str, float | None]:
    """The mean difference of the same playlists' metric, and its 95% interval."""
    from evaluation.significance.compare import compare_paired
    from evaluation.significance.result import ComparisonOptions

    options = ComparisonOptions(alternative="two-sided", resamples=_RESAMPLES)
    result = compare_paired(values, reference, "ndcg", options=options)
    found = {
        "difference": result.mean_difference,
        "difference_low": result.ci_low,
        "difference_high": result.ci_high,
    }
    return {name: None if value is None else round(value, 4) for name, value in found.items()}


def _table(title: str, rows: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(title=title)
    for header in ("feature", "setting"):
        table.add_column(header)
    for header in ("NDCG", "to base", "95% interval", "R-prec", "title only", "CPU s"):
        table.add_column(header, justify="right")
    for row in rows:
        if not row["feature"]:
            table.add_section()
        compared = ("", "")
        if "difference" in row:
            bounds = row["difference_low"], row["difference_high"]
            between = " to ".join("" if bound is None else f"{bound:+.4f}" for bound in bounds)
            compared = f"{row['difference']:+.4f}", between
        table.add_row(
            row["feature"],
            row["setting"],
            *(_with_deviation(row, "ndcg"), *compared),
            *(_with_deviation(row, name) for name in ("r_precision", "title_only_ndcg")),
            f"{row['cpu_seconds']:.0f}",
        )
    return table


def _with_deviation(row: Mapping[str, Any], name: str) -> str:
    return f"{row[name]:.4f} ± {row[f'{name}_deviation']:.4f}"
