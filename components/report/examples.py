"""Example recommendations for the report: a few held-out playlists and what they got."""

from __future__ import annotations

from typing import Any, Final

import tensorflow as tf
from tfx import types
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.example_records import first_records
from evaluation.scenarios import BY_NAME
from schema import features
from schema.documents import Example, RecommendedSong, Song

_SCENARIOS: Final = ("title", "title+first1", "title+first5", "first10", "title+rand25")
_MOST: Final = 5
_SHOWN_SEEDS: Final = 5
_SHOWN: Final = 10
_READ: Final = 400


def pick(model: types.Artifact, held_out: types.Artifact, split: str = "eval") -> list[Example]:
    """Recommends for the first playlist of several scenarios, or listener of several segments.

    Args:
        model: the candidate.
        held_out: the held-out examples.
        split: which of their splits.

    Returns:
        At most one example a scenario, fewer where the split is small.
    """
    folder = artifact_utils.get_split_uri([held_out], split)
    chosen: dict[str, bytes] = {}
    for serialized in first_records(folder, _READ):
        scenario = _values(tf.train.Example.FromString(serialized), features.SCENARIO)[0].decode()
        if scenario in _SCENARIOS or scenario not in BY_NAME:
            chosen.setdefault(scenario, serialized)
    if not chosen:
        return []
    loaded = tf.saved_model.load(path_utils.serving_model_path(model.uri))
    names: list[str] = [name for name in _SCENARIOS if name in chosen]
    names += sorted(chosen.keys() - set(names))  # segments
    ordered = [chosen[name] for name in names[:_MOST]]
    answers = loaded.signatures["serving_examples"](examples=tf.constant(ordered))
    describe = loaded.signatures["track_metadata"]
    return [
        _example(tf.train.Example.FromString(serialized), uris[:_SHOWN], scores[:_SHOWN], describe)
        for serialized, uris, scores in zip(
            ordered, answers["track_uris"], answers["scores"], strict=True
        )
    ]


def _example(
    example: tf.train.Example, uris: tf.Tensor, scores: tf.Tensor, describe: Any
) -> Example:
    withheld = set(_values(example, features.HOLDOUT_TRACK_URI))
    seeds = _values(example, features.TRACK_URI)[:_SHOWN_SEEDS]
    names = _values(example, features.TRACK_NAME) or [b""] * len(seeds)
    artists = _values(example, features.ARTIST_NAME) or [b""] * len(seeds)
    described = describe(track_uris=uris)
    return Example(
        title=b"".join(_values(example, features.NAME)).decode(errors="replace"),
        scenario=_values(example, features.SCENARIO)[0].decode(),
        seeds=[
            Song(track=name.decode(errors="replace"), artist=artist.decode(errors="replace"))
            for _, name, artist in zip(seeds, names, artists, strict=False)
        ],
        recommended=[
            RecommendedSong(
                track=name.decode(errors="replace"),
                artist=artist.decode(errors="replace"),
                score=float(score),
                hit=uri in withheld,
            )
            for uri, score, name, artist in zip(
                uris.numpy(),
                scores.numpy(),
                described["track_name"].numpy(),
                described["artist_name"].numpy(),
                strict=True,
            )
            if uri
        ],
        withheld=len(withheld),
    )


def _values(example: tf.train.Example, name: str) -> list[bytes]:
    return list(example.features.feature[name].bytes_list.value)
