"""What every exported model must do (contract C3), each check a function of the models."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Final

import numpy as np
import tensorflow as tf

from models.conformance import listeners, only_tensorflow
from models.conformance.answers import assert_same_recommendations, check_answer
from models.conformance.exported import NUM_TRACKS, TRACKS, Exported
from models.conformance.playlists import uri
from schema.model_card import ModelCard
from schema.signatures import (
    MAX_RECOMMENDATIONS,
    OPTIONAL_SIGNATURES,
    PLAYLIST_VECTORS,
    SERVING_LISTENER,
    SIGNATURES,
    TRACK_METADATA,
    TRACK_VECTORS,
    TRACKS_KNOWN,
    VECTORS,
)

_UNKNOWN: Final = uri(10**6)
_ODD_TITLES: Final = (
    "", "   ", "!!!", "中文", "e\u0301", "\u202egnud", "a" * 5000, "\x00\n\t", "ﷺ",
)  # fmt: skip


def signatures_are_declared(exported: Exported) -> None:
    """Signatures take tensors of the declared types and numbers of dimensions, of any size."""
    listener = {SERVING_LISTENER: OPTIONAL_SIGNATURES[SERVING_LISTENER]}
    for name, declared in {**SIGNATURES, **listener}.items():
        _, inputs = exported.many.signatures[name].structured_input_signature
        found = {key: (spec.dtype.name, spec.shape.as_list()) for key, spec in inputs.items()}
        assert found == {
            key: (tensor.dtype, [None] * len(tensor.shape))
            for key, tensor in declared.inputs.items()
        }
        assert set(exported.many.signatures[name].structured_outputs) == set(declared.outputs)


def vectors_are_of_one_space(exported: Exported) -> None:
    """A family of dot products shows vectors; playlists of a kind lie nearer to its tracks."""
    found = exported.many.signatures
    there = {name for name in (PLAYLIST_VECTORS, TRACK_VECTORS) if name in found}
    if not exported.family.dot_product:
        assert not there, "It shows vectors, and does not say that its scores are dot products."
        return
    assert len(there) == 2, "Its scores are dot products, and it shows no vectors."
    playlists = [TRACKS[:20:2], TRACKS[1:20:2], [_UNKNOWN] * 10]
    asked = found[PLAYLIST_VECTORS](name=tf.constant([""] * 3), track_uris=tf.constant(playlists))
    assert asked[TRACKS_KNOWN].numpy().tolist() == [10, 10, 0]
    tracks = found[TRACK_VECTORS](track_uris=tf.constant([*TRACKS, _UNKNOWN]))[VECTORS].numpy()
    assert tracks.dtype == np.float32
    assert np.isfinite(tracks).all()
    assert not tracks[-1].any(), "An unknown track has a vector."
    scores = asked[VECTORS].numpy()[:2] @ tracks[20:-1].T
    of_even = np.array([int(uri[-4:]) % 2 == 0 for uri in TRACKS[20:]])
    for kind, row in enumerate(scores):
        same = of_even if kind == 0 else ~of_even
        assert row[same].mean() > row[~same].mean()


def seeds_are_never_recommended(exported: Exported) -> None:
    """The answer is full as long as candidates remain, and holds no seed."""
    for number in (1, 2, 5, 25, 100, 250):
        seeds = TRACKS[:number]
        uris, scores = exported.many.ask_one("Rock", seeds)
        assert len(uris) == MAX_RECOMMENDATIONS
        check_answer(seeds, uris, scores)
        found = len([uri for uri in uris if uri])
        assert found == min(MAX_RECOMMENDATIONS, NUM_TRACKS - number)


def malformed_and_repeated_seeds_change_nothing(exported: Exported) -> None:
    """Seeds that are unknown, malformed, repeated or padded are ignored."""
    plain = exported.many.ask(["jazz"], [[TRACKS[1], TRACKS[3]]])
    one, three = TRACKS[1], TRACKS[3]
    odd = ["", one, "spotify:track:", "🔥", one, _UNKNOWN, "", three, three, "\x00"]
    assert_same_recommendations(exported.many.ask(["jazz"], [odd]), plain)


def seeds_are_heard(exported: Exported) -> None:
    """Playlists of one kind get tracks of that kind; or, if it is not personal, all get the same.

    A playlist's own tracks are missing from its answer even then.
    """
    answers = [exported.many.ask_one("", TRACKS[kind:20:2])[0] for kind in (0, 1)]
    if not exported.family.personal:
        rest = [[uri for uri in answer if uri not in TRACKS[:20]] for answer in answers]
        size = min(map(len, rest))
        assert rest[0][:size] == rest[1][:size], "It is personal, and does not say so."
        return
    for kind, answer in enumerate(answers):
        assert sum(int(uri[-4:]) % 2 == kind for uri in answer[:20]) > 15


def a_title_is_answered_in_full(exported: Exported) -> None:
    """A title alone gets as many tracks as are recommended."""
    for name in ("Rock 🔥", "jazz & soul"):
        uris, scores = exported.many.ask_one(name)
        check_answer([], uris, scores)
        assert "" not in uris


def spellings_of_a_title_are_answered_alike(exported: Exported) -> None:
    """Composed and decomposed accents, full-width letters and capitals make no other title."""
    plain = exported.many.ask_one("rock")[0]
    for name in ("r\u00f3ck", "ro\u0301ck", "\uff32\uff2f\uff23\uff2b", "Ro\u0323\u0301CK\u3000"):
        assert exported.many.ask_one(name)[0] == plain, ascii(name)


def nothing_known_gives_popular_tracks(exported: Exported) -> None:
    """Without a known seed and a known title, the most popular tracks are recommended."""
    popular = exported.many.ask_one()[0]
    described = exported.many.signatures[TRACK_METADATA](track_uris=tf.constant(popular))
    assert (np.diff(described["playlists"].numpy()) <= 0).all()
    for name in _ODD_TITLES:
        assert exported.many.ask_one(name, ["spotify:track:none"])[0] == popular, repr(name)


def invalid_utf8_is_answered(exported: Exported) -> None:
    """Titles and URIs may be any bytes."""
    result = exported.many.signatures["serving_default"](
        name=tf.constant([b"\xff\xfe rock"]),
        track_uris=tf.constant([[b"\xff", TRACKS[0].encode()]]),
    )
    uris = [uri.decode() for uri in result["track_uris"].numpy()[0]]
    check_answer([TRACKS[0]], uris, result["scores"].numpy()[0].tolist())


def answers_do_not_depend_on_the_batch(exported: Exported) -> None:
    """A playlist is answered alike alone, among others and in another order."""
    generator = np.random.default_rng(1)
    names, tracks = [], []
    for index in range(21):
        names.append(["", "rock", "jazz fire", "artist 3 jazz"][index % 4])
        tracks.append([TRACKS[i] for i in generator.choice(60, index % 7 * 3, replace=False)])
    uris, scores = exported.many.ask(names, tracks)
    order = generator.permutation(21)
    shuffled = exported.many.ask([names[i] for i in order], [tracks[i] for i in order])
    assert_same_recommendations(shuffled, ([uris[i] for i in order], scores[order]))
    for index in range(21):
        alone = exported.many.ask([names[index]], [tracks[index]])
        assert_same_recommendations(alone, (uris[index : index + 1], scores[index : index + 1]))


def no_queries_get_no_answers(exported: Exported) -> None:
    """An empty batch is answered with an empty one."""
    uris, scores = exported.many.ask([], [])
    assert uris == []
    assert scores.shape == (0, MAX_RECOMMENDATIONS)
    assert exported.many.ask_examples([])[1].shape == (0, MAX_RECOMMENDATIONS)


def a_small_catalogue_fills_what_it_can(exported: Exported) -> None:
    """With fewer tracks than are recommended, "" with score -inf fills the rest."""
    seeds = [uri(0), uri(3)]
    uris, scores = exported.few.ask_one("rock", seeds)
    check_answer(seeds, uris, scores)
    assert sorted(uris) == ["", "", uri(1), uri(2), uri(4)]
    every = [uri(track) for track in range(5)]
    assert exported.few.ask_one("rock", every) == ([""] * 5, [-np.inf] * 5)


def examples_answer_as_tracks_do(exported: Exported) -> None:
    """`serving_examples` recommends what `serving_default` does for the same title and tracks."""
    tracks = [TRACKS[2], TRACKS[2], TRACKS[4]]
    examples = [
        _example(name=["Rock"], track_uri=tracks, artist_name=["artist 0", "artist 0", "artist 1"]),
        _example(name=["Rock"], track_uri=tracks, artist_uri=["one too few"]),
        _example(name=["Rock"]),
        _example(track_uri=[TRACKS[4]]),
        _example(),
    ]
    expected = exported.many.ask(
        ["Rock", "Rock", "Rock", "", ""], [tracks, tracks, [], [TRACKS[4]], []]
    )
    assert_same_recommendations(exported.many.ask_examples(examples), expected)


def unknown_tracks_of_known_artists_are_answered(exported: Exported) -> None:
    """By the artist or by popularity: whichever, in full and without a repeat."""
    record = _example(track_uri=[_UNKNOWN, uri(10**6 + 1)], artist_name=["artist 0", "nobody"])
    uris, scores = exported.many.ask_examples([record])
    check_answer([], uris[0], scores[0].tolist())
    assert "" not in uris[0]


def tracks_are_described(exported: Exported) -> None:
    """`track_metadata` names known tracks, and the model card the family and the index."""
    asked = tf.constant([TRACKS[7], "nonsense", ""])
    result = exported.many.signatures[TRACK_METADATA](track_uris=asked)
    assert result["track_name"].numpy().tolist() == [b"song 7", b"", b""]
    assert result["artist_name"].numpy().tolist() == [b"artist 2", b"", b""]
    assert result["playlists"].numpy()[0] > 0
    assert result["playlists"].numpy()[1:].tolist() == [0, 0]
    card = ModelCard.read(exported.many.path)
    assert card.family == exported.family.name
    kind = card.index.kind if card.index else None
    assert kind == ("partitioned" if exported.indexed else None)


def a_moved_model_loads_where_only_tensorflow_is(exported: Exported) -> None:
    """The SavedModel needs neither our code nor its place, and no op but TensorFlow's own."""
    with tempfile.TemporaryDirectory() as folder:
        moved = os.path.join(folder, "moved")
        shutil.copytree(exported.many.path, moved)
        answer = only_tensorflow.ask(moved, "Rock", TRACKS[2])
    assert_same_recommendations(answer, exported.many.ask(["Rock"], [[TRACKS[2]]]))


def _example(**features: list[str]) -> bytes:
    fields = {
        key: tf.train.Feature(
            bytes_list=tf.train.BytesList(value=[value.encode() for value in values])
        )
        for key, values in features.items()
    }
    # A feature that models do not read must not disturb.
    fields["num_followers"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[3]))
    return tf.train.Example(features=tf.train.Features(feature=fields)).SerializeToString()


#: Every check of exported models.
CHECKS: Final[tuple[Callable[[Exported], None], ...]] = (
    signatures_are_declared,
    vectors_are_of_one_space,
    seeds_are_never_recommended,
    malformed_and_repeated_seeds_change_nothing,
    seeds_are_heard,
    a_title_is_answered_in_full,
    spellings_of_a_title_are_answered_alike,
    nothing_known_gives_popular_tracks,
    invalid_utf8_is_answered,
    answers_do_not_depend_on_the_batch,
    no_queries_get_no_answers,
    a_small_catalogue_fills_what_it_can,
    examples_answer_as_tracks_do,
    unknown_tracks_of_known_artists_are_answered,
    tracks_are_described,
    *listeners.CHECKS,
    a_moved_model_loads_where_only_tensorflow_is,
)
