"""A model with the signatures of contract C3, small enough to score by hand.

Eight tracks, t(0) to t(7). With known seeds a track scores the sum of 1 / (1 + distance) to them;
without, t(0) is the most popular (8 points) and t(7) the least (1), or the other way round for the
title "reverse". To every score 100 times the version is added, so that an answer shows which
version it came from. A track is in as many playlists as it scores by popularity. The version
is a line in an asset: a copied directory becomes another one.
"""

from __future__ import annotations

import pathlib
import shutil

import tensorflow as tf

TRACKS = 8
K = 8
_UNKNOWN = -1


def uri(index: int) -> str:
    return f"spotify:track:{index:022d}"


def title(index: int) -> str:
    return f"Track {index}"


def artist(index: int) -> str:
    return f"Artist {index % 3}"


def scores_by_hand(version: int, seeds: list[int], reverse: bool = False) -> list[float]:
    """What the model should give each track, before its seeds are left out."""
    if seeds:
        plain = [sum(1 / (1 + abs(track - seed)) for seed in seeds) for track in range(TRACKS)]
    else:
        plain = [float(track + 1 if reverse else TRACKS - track) for track in range(TRACKS)]
    return [100.0 * version + score for score in plain]


class ToyModel(tf.Module):
    def __init__(self, asset: str) -> None:
        super().__init__()
        self.asset = tf.saved_model.Asset(asset)
        self.uris = tf.Variable([uri(i) for i in range(TRACKS)], trainable=False)
        self.titles = tf.Variable([title(i) for i in range(TRACKS)], trainable=False)
        self.artists = tf.Variable([artist(i) for i in range(TRACKS)], trainable=False)
        self.ids = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                [uri(i) for i in range(TRACKS)], tf.range(TRACKS, dtype=tf.int64)
            ),
            _UNKNOWN,
        )
        self.version = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(self.asset, tf.string, 0, tf.int64, 1, delimiter=" "),
            _UNKNOWN,
        )

    def number(self) -> tf.Tensor:
        return self.version.lookup(tf.constant("version"))

    def answer(
        self, name: tf.Tensor, ids: tf.Tensor, excluded: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        known = tf.cast(ids >= 0, tf.float32)
        tracks = tf.range(TRACKS, dtype=tf.int64)
        distance = tf.abs(tf.cast(tracks - ids[..., None], tf.float32))
        near = tf.reduce_sum(known[..., None] / (1.0 + distance), axis=1)
        rank = tf.cast(tracks, tf.float32)
        popular = tf.where((name == "reverse")[:, None], rank + 1.0, TRACKS - rank)
        any_known = tf.reduce_any(ids >= 0, axis=1, keepdims=True)
        version = tf.cast(self.number(), tf.float32)
        scores = tf.where(any_known, near, popular) + 100.0 * version
        hidden = ids if excluded is None else tf.concat([ids, excluded], axis=1)
        own = tf.reduce_any(tracks == hidden[..., None], axis=1)
        scores, order = tf.math.top_k(tf.where(own, float("-inf"), scores), K)
        uris = tf.where(tf.math.is_inf(scores), "", tf.gather(self.uris, order))
        return {"track_uris": uris, "scores": scores}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, "name"),
            tf.TensorSpec([None, None], tf.string, "track_uris"),
        ]
    )
    def serving_default(self, name: tf.Tensor, track_uris: tf.Tensor) -> dict[str, tf.Tensor]:
        return self.answer(name, self.ids.lookup(track_uris))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    def serving_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        parsed = tf.io.parse_example(
            examples,
            {
                "name": tf.io.FixedLenFeature([], tf.string, ""),
                "track_uri": tf.io.VarLenFeature(tf.string),
            },
        )
        uris = tf.sparse.to_dense(parsed["track_uri"], default_value="")
        return self.answer(parsed["name"], self.ids.lookup(uris))

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.string, "track_uris"),
            tf.TensorSpec([None, None], tf.int64, "timestamps"),
            tf.TensorSpec([None, None], tf.float32, "features"),
            tf.TensorSpec([None, None], tf.string, "exclude_uris"),
        ]
    )
    def serving_listener(
        self,
        track_uris: tf.Tensor,
        timestamps: tf.Tensor,
        features: tf.Tensor,
        exclude_uris: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Streams before the year 1970 do not count, nor those of a listener with a known 0."""
        heard = tf.where(timestamps >= 0, track_uris, "")
        heard = tf.where(tf.reduce_any(features == 0.0, axis=1)[:, None], "", heard)
        untitled = tf.zeros([tf.shape(heard)[0]], tf.string)
        return self.answer(untitled, self.ids.lookup(heard), self.ids.lookup(exclude_uris))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "track_uris")])
    def track_metadata(self, track_uris: tf.Tensor) -> dict[str, tf.Tensor]:
        ids = self.ids.lookup(track_uris)
        at = tf.maximum(ids, 0)
        return {
            "track_name": tf.where(ids >= 0, tf.gather(self.titles, at), ""),
            "artist_name": tf.where(ids >= 0, tf.gather(self.artists, at), ""),
            "playlists": tf.where(ids >= 0, TRACKS - ids + 100 * self.number(), 0),
        }


def save(directory: pathlib.Path) -> None:
    """Writes the model as version 1."""
    asset = directory.parent / "version.txt"
    asset.write_text("version 1\n")
    model = ToyModel(str(asset))
    tf.saved_model.save(
        model,
        str(directory),
        signatures={
            "serving_default": model.serving_default,
            "serving_examples": model.serving_examples,
            "serving_listener": model.serving_listener,
            "track_metadata": model.track_metadata,
        },
    )


def push(saved: pathlib.Path, base: pathlib.Path, version: int) -> pathlib.Path:
    """Puts a version under a base path as a careful pusher does: whole or not at all."""
    base.mkdir(parents=True, exist_ok=True)
    staging = base / f".staging-{version}"
    shutil.copytree(saved, staging)
    (staging / "assets" / "version.txt").write_text(f"version {version}\n")
    return staging.rename(base / str(version))
