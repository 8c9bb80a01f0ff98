"""A model that keeps contract C3, and as many that break one rule of it each.

Twelve tracks, t(0) the most popular. With seeds, a track scores the sum of 1 / (1 + distance) to
them; without, t(0) scores 12 and t(11) scores 1.
"""

from __future__ import annotations

import json
import pathlib
from typing import Any

import tensorflow as tf

N = 12
_MASKED = float("-inf")

#: Flaws of the model itself, by the check that must find them.
FLAWS = {
    "answers": "fails for titles with a NUL",
    "shape": "gives 5 tracks",
    "own_tracks": "keeps seeds",
    "repeats": "gives the best track twice",
    "order": "is the wrong way round",
    "filling": "fills with the score 0",
    "ignored": "lets unknown tracks count",
    "popular": "gives the least popular tracks",
    "batch": "depends on the size of the batch",
    "names": "names unknown tracks",
    "listeners": "counts streams twice",
}


def uri(index: int) -> bytes:
    return b"spotify:track:%022d" % index


class ToyModel(tf.Module):
    def __init__(self, flaw: str) -> None:
        super().__init__()
        self.flaw = flaw
        self.uris = tf.Variable([uri(i) for i in range(N)] + [b""], trainable=False)
        self.ids = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                [uri(i) for i in range(N)], tf.range(N, dtype=tf.int64)
            ),
            -1,
        )

    def scores(
        self, name: tf.Tensor, track_uris: tf.Tensor, excluded: tf.Tensor | None = None
    ) -> tf.Tensor:
        ids = self.ids.lookup(track_uris)
        tracks = tf.range(N, dtype=tf.int64)
        near = 1.0 / (1.0 + tf.cast(tf.abs(tracks - ids[..., None]), tf.float32))
        near = tf.reduce_sum(tf.where(ids[..., None] >= 0, near, 0.0), axis=1)
        popular = tf.cast(N - tracks, tf.float32)
        if self.flaw == "popular":
            popular = tf.cast(tracks + 1, tf.float32)
        scores = tf.where(tf.reduce_any(ids >= 0, axis=1, keepdims=True), near, popular)
        # What does not depend on the title would not be held up by what happens to it.
        long = tf.strings.length(name)[:, None] > 1_000_000
        scores = tf.where(long, 2 * scores, scores)
        if self.flaw == "ignored":
            given = tf.reduce_sum(tf.cast(track_uris != "", tf.float32), axis=1, keepdims=True)
            scores += 0.01 * given
        if self.flaw == "batch":
            scores += tf.cast(tf.shape(name)[0], tf.float32)
        if self.flaw == "nan":
            scores *= float("nan")
        if self.flaw != "own_tracks":
            own = tf.reduce_any(tracks == ids[..., None], axis=1)
            scores = tf.where(own, _MASKED, scores)
        if excluded is not None and self.flaw != "excluded":
            own = tf.reduce_any(tracks == self.ids.lookup(excluded)[..., None], axis=1)
            scores = tf.where(own, _MASKED, scores)
        return scores

    def answer(
        self, name: tf.Tensor, track_uris: tf.Tensor, excluded: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        name = self.mishap(name)
        scores = self.scores(name, track_uris, excluded)
        scores, ids = tf.math.top_k(scores, 5 if self.flaw == "shape" else N)
        ids = tf.where(scores == _MASKED, N, ids)
        if self.flaw == "repeats":
            ids = tf.concat([ids[:, :1], ids[:, :1], ids[:, 2:]], axis=1)
        if self.flaw == "order":
            ids, scores = ids[:, ::-1], scores[:, ::-1]
        if self.flaw == "filling":
            scores = tf.where(scores == _MASKED, 0.0, scores)
        if self.flaw == "short":
            ids = tf.where(tf.range(N) < 3, ids, N)
            scores = tf.where(tf.range(N) < 3, scores, _MASKED)
        return {"track_uris": tf.gather(self.uris, ids), "scores": scores}

    def mishap(self, name: tf.Tensor) -> tf.Tensor:
        """What happens within the graph when a title holds a NUL."""
        hit = tf.reduce_any(tf.strings.regex_full_match(name, "road\\x00trip"))
        if self.flaw == "answers":
            with tf.control_dependencies([tf.debugging.Assert(~hit, ["no NUL, please"])]):
                return tf.identity(name)
        if self.flaw == "crash":
            stop = tf.cond(hit, lambda: _abort(name), lambda: name)
            return tf.ensure_shape(stop, [None])
        if self.flaw == "hang":
            # Not to be folded away: it counts on for ever, whatever it counts.
            count = tf.while_loop(lambda i: hit | (i < 1), lambda i: [i + 1], [tf.constant(0)])[0]
            return tf.strings.join([name, tf.where(count < 0, tf.strings.as_string(count), "")])
        return name

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, "name"),
            tf.TensorSpec([None, None], tf.string, "track_uris"),
        ],
        autograph=False,
    )
    def serving_default(self, name: tf.Tensor, track_uris: tf.Tensor) -> dict[str, tf.Tensor]:
        found = self.answer(name, track_uris)
        if self.flaw == "dtype":
            found["scores"] = tf.cast(found["scores"], tf.float64)
        return found

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.string, "track_uris"),
            tf.TensorSpec([None, None], tf.int64, "timestamps"),
            tf.TensorSpec([None, None], tf.float32, "features"),
            tf.TensorSpec([None, None], tf.string, "exclude_uris"),
        ],
        autograph=False,
    )
    def serving_listener(self, track_uris, timestamps, features, exclude_uris):
        untitled = tf.zeros([tf.shape(track_uris)[0]], tf.string)
        found = self.answer(untitled, track_uris, exclude_uris)
        if self.flaw == "listeners":
            found["scores"] *= 2.0
        return found

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")], autograph=False)
    def serving_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        feature = tf.io.RaggedFeature(tf.string)
        parsed = tf.io.parse_example(examples, {"name": feature, "track_uri": feature})
        name = parsed["name"].to_tensor("", shape=[None, 1])[:, 0]
        return self.answer(name, parsed["track_uri"].to_tensor(""))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "track_uris")], autograph=False)
    def track_metadata(self, track_uris: tf.Tensor) -> dict[str, tf.Tensor]:
        ids = self.ids.lookup(track_uris)
        known = ids >= 0
        title = tf.strings.join(["Track ", tf.strings.as_string(ids)])
        return {
            "track_name": title if self.flaw == "names" else tf.where(known, title, ""),
            "artist_name": tf.where(known, "Somebody", ""),
            "playlists": tf.where(known, N - ids, 0),
        }


def _abort(name: tf.Tensor) -> tf.Tensor:
    with tf.control_dependencies([tf.raw_ops.Abort(error_msg="as the test asks")]):
        return tf.identity(name)


def save(directory: pathlib.Path, flaw: str = "", **card: Any) -> pathlib.Path:
    """Writes a model with a flaw, and its card."""
    model = ToyModel(flaw)
    signatures = {
        name: getattr(model, name)
        for name in (
            *("serving_default", "serving_examples", "serving_listener"),
            "track_metadata",
        )
        if flaw != f"no {name}"
    }
    tf.saved_model.save(model, str(directory), signatures)
    extra = directory / "assets.extra"
    extra.mkdir()
    written = {
        "family": "toy",
        "catalogue_size": N,
        "playlists": {"train": 100},
        "fit_seconds": 0.1,
    } | card
    (extra / "segue.json").write_text(json.dumps(written))
    return directory
