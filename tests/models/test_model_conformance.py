"""What every exported model must do (the serving contract), whatever its family."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.export import saved_model
from models.export.index.options import IndexOptions
from models.export.index.sampling import sample_queries
from models.export.options import ExportOptions
from models.families import registry
from schema.model_card import ModelCard
from tests.models.answers import assert_same_recommendations
from tests.models.training_fixture import training_data, two_genres, uri

NUM_TRACKS = 640
MANY = [uri(track) for track in range(NUM_TRACKS)]
# Cheap settings for families whose defaults are for real data.
PARAMS = {
    "als": {"factors": 16},
    "item_knn": {"neighbours": 50},
    "two_stage": {
        "retrieval": {"factors": 16, "epochs": 0},
        "ranking": {"epochs": 2, "cuts": 1, "min_playlists": 10},
    },
    "two_tower": {"factors": 16, "epochs": 1},
}
# Families whose scores, or those of the first stage, are dot products, which an index searches.
INDEXED = ("als", "two_stage", "two_tower")
FEW = [("rock", [0, 1, 2]), ("rock", [0, 1]), ("jazz", [3, 4]), ("", [0, 4])]

Answer = tuple[list[list[str]], np.ndarray]


class Model:
    """An exported model, loaded again."""

    def __init__(self, family: str, path: str, indexed: bool) -> None:
        self.family = family
        self.indexed = indexed
        self.path = path
        self.loaded = tf.saved_model.load(path)

    def ask(self, names: list[str], tracks: list[list[str]]) -> Answer:
        width = max((len(row) for row in tracks), default=0)
        padded = [row + [""] * (width - len(row)) for row in tracks]
        uris = tf.reshape(tf.constant(padded, tf.string), [len(tracks), width])
        return self._answer("serving_default", name=tf.constant(names, tf.string), track_uris=uris)

    def ask_one(self, name: str = "", tracks: list[str] | None = None) -> tuple[list[str], list]:
        uris, scores = self.ask([name], [tracks or []])
        return uris[0], scores[0].tolist()

    def ask_examples(self, examples: list[bytes]) -> Answer:
        return self._answer("serving_examples", examples=tf.constant(examples, tf.string))

    def _answer(self, signature: str, **inputs: tf.Tensor) -> Answer:
        result = self.loaded.signatures[signature](**inputs)
        assert set(result) == {"track_uris", "scores"}
        assert result["scores"].dtype == tf.float32
        uris = [[uri.decode() for uri in row] for row in result["track_uris"].numpy()]
        return uris, result["scores"].numpy()


@pytest.fixture(
    scope="module",
    params=[
        *((family, False) for family in registry.names()),
        *((family, True) for family in INDEXED),
    ],
    ids=lambda param: f"{param[0]}-index" if param[1] else param[0],
)
def models(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """A model of 640 tracks and one of 5, for each family, some with an index too."""
    name, indexed = request.param
    family = registry.family(name)
    # One probe holds too few tracks, so that more partitions must be looked into.
    options = ExportOptions(
        index=IndexOptions(kind="partitioned", probes=1, shortlist=1, min_recall=0.01)
        if indexed
        else IndexOptions()
    )
    exported = []
    for size, (data, vocabularies) in (
        ("many", two_genres(NUM_TRACKS, 120, 20)),
        ("few", training_data(FEW)),
    ):
        directory = tmp_path_factory.mktemp(f"{name}_{size}")
        fit = family.fit(data, family.params(PARAMS.get(name, {})), 7, str(directory / "work"))
        path = str(directory / "model")
        saved_model.export(
            fit.scorer,
            data.catalogue,
            vocabularies,
            path,
            ModelCard(family=name),
            ranker=fit.ranker,
            options=options,
            index_queries=sample_queries(data, 10, 7),
        )
        exported.append(Model(name, path, indexed))
    return exported


@pytest.fixture
def many(models: list[Model]) -> Model:
    return models[0]


@pytest.fixture
def few(models: list[Model]) -> Model:
    return models[1]


def check(seeds: list[str], uris: list[str], scores: list[float]) -> None:
    """The promises that hold for every answer."""
    filled = [uri for uri in uris if uri]
    assert uris == filled + [""] * (len(uris) - len(filled))
    assert len(set(filled)) == len(filled)
    assert not set(filled) & set(seeds)
    assert scores == sorted(scores, reverse=True)
    assert np.isfinite(scores[: len(filled)]).all()
    assert scores[len(filled) :] == [-np.inf] * (len(uris) - len(filled))


def test_signatures(many: Model) -> None:
    signatures = many.loaded.signatures
    assert {"serving_default", "serving_examples", "track_metadata"} <= set(signatures)
    _, inputs = signatures["serving_default"].structured_input_signature
    assert {key: (spec.dtype, spec.shape.as_list()) for key, spec in inputs.items()} == {
        "name": (tf.string, [None]),
        "track_uris": (tf.string, [None, None]),
    }
    _, inputs = signatures["serving_examples"].structured_input_signature
    assert [spec.shape.as_list() for spec in inputs.values()] == [[None]]


@pytest.mark.parametrize("number", [1, 2, 5, 25, 100, 250])
def test_seeds_are_never_recommended(many: Model, number: int) -> None:
    seeds = MANY[:number]
    uris, scores = many.ask_one("Rock", seeds)
    assert len(uris) == 500
    check(seeds, uris, scores)
    assert len([uri for uri in uris if uri]) == min(500, NUM_TRACKS - number)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.text(max_size=40),
    seeds=st.lists(st.sampled_from([*MANY[:40], "", "x", "spotify:track:", uri(10**6)])),
)
def test_any_query(many: Model, name: str, seeds: list[str]) -> None:
    uris, scores = many.ask_one(name, seeds)
    check(seeds, uris, scores)
    assert len(uris) == 500


def test_unknown_malformed_repeated_and_padded_seeds_change_nothing(many: Model) -> None:
    plain = many.ask(["jazz"], [[MANY[1], MANY[3]]])
    odd = ["", MANY[1], "spotify:track:", "🔥", MANY[1], uri(10**9), "", MANY[3], MANY[3], "\x00"]
    assert_same_recommendations(many.ask(["jazz"], [odd]), plain)


def test_seeds_are_heard(many: Model) -> None:
    rock, jazz = many.ask_one("", MANY[0:20:2])[0][:20], many.ask_one("", MANY[1:20:2])[0][:20]
    if many.family == "popularity":  # answers everyone alike, but for what they have
        popular = many.ask_one("")[0]
        assert rock == [uri for uri in popular if uri not in MANY[0:20:2]][:20]
        assert jazz == [uri for uri in popular if uri not in MANY[1:20:2]][:20]
        return
    assert sum(int(uri[-4:]) % 2 == 0 for uri in rock) > 15
    assert sum(int(uri[-4:]) % 2 == 1 for uri in jazz) > 15


@pytest.mark.parametrize("name", ["Rock 🔥", "jazz & soul"])
def test_title_only(many: Model, name: str) -> None:
    uris, scores = many.ask_one(name)
    check([], uris, scores)
    assert len([uri for uri in uris if uri]) == 500


@pytest.mark.parametrize(
    "name", ["", "   ", "!!!", "中文", "e\u0301", "\u202egnud", "a" * 5000, "\x00\n\t", "ﷺ"]
)
def test_nothing_known_gives_popular_tracks(many: Model, name: str) -> None:
    popular = many.ask_one()[0]
    counts = many.loaded.signatures["track_metadata"](track_uris=tf.constant(popular))["playlists"]
    assert (np.diff(counts.numpy()) <= 0).all()
    assert many.ask_one(name, ["spotify:track:none"])[0] == popular


def test_invalid_utf8_is_answered(many: Model) -> None:
    result = many.loaded.signatures["serving_default"](
        name=tf.constant([b"\xff\xfe rock"]), track_uris=tf.constant([[b"\xff", MANY[0].encode()]])
    )
    check(
        [MANY[0]],
        [uri.decode() for uri in result["track_uris"].numpy()[0]],
        result["scores"].numpy()[0].tolist(),
    )


def test_answers_do_not_depend_on_the_batch(many: Model) -> None:
    generator = np.random.default_rng(1)
    names, tracks = [], []
    for index in range(21):
        names.append(["", "rock", "jazz fire"][index % 3])
        tracks.append([MANY[i] for i in generator.choice(60, index % 7 * 3, replace=False)])
    uris, scores = many.ask(names, tracks)
    order = generator.permutation(21)
    shuffled = many.ask([names[i] for i in order], [tracks[i] for i in order])
    assert_same_recommendations(shuffled, ([uris[i] for i in order], scores[order]))
    for index in range(21):
        alone = many.ask([names[index]], [tracks[index]])
        assert_same_recommendations(alone, (uris[index : index + 1], scores[index : index + 1]))


def test_no_queries(many: Model) -> None:
    uris, scores = many.ask([], [])
    assert uris == []
    assert scores.shape == (0, 500)
    assert many.ask_examples([])[1].shape == (0, 500)


def test_fewer_tracks_than_500(few: Model) -> None:
    uris, scores = few.ask_one("rock", [uri(0), uri(3)])
    assert len(uris) == 5
    check([uri(0), uri(3)], uris, scores)
    assert set(uris) == {uri(1), uri(2), uri(4), ""}


def test_every_track_is_a_seed(few: Model) -> None:
    assert few.ask_one("rock", [uri(track) for track in range(5)]) == ([""] * 5, [-np.inf] * 5)


def example(**features: list[str]) -> bytes:
    fields = {
        key: tf.train.Feature(
            bytes_list=tf.train.BytesList(value=[value.encode() for value in values])
        )
        for key, values in features.items()
    }
    # A feature that models do not read must not disturb.
    fields["num_followers"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[3]))
    return tf.train.Example(features=tf.train.Features(feature=fields)).SerializeToString()


def test_examples_answer_as_tracks_do(many: Model) -> None:
    tracks = [MANY[2], MANY[2], MANY[4]]
    examples = [
        example(name=["Rock"], track_uri=tracks, artist_name=["artist 0", "artist 0", "artist 1"]),
        example(name=["Rock"], track_uri=tracks, artist_uri=["one too few"]),
        example(name=["Rock"]),
        example(track_uri=[MANY[4]]),
        example(),
    ]
    expected = many.ask(["Rock", "Rock", "Rock", "", ""], [tracks, tracks, [], [MANY[4]], []])
    assert_same_recommendations(many.ask_examples(examples), expected)


def test_unknown_tracks_of_known_artists_are_answered(many: Model) -> None:
    # By the artist, by popularity: whichever, in full and without a repeat.
    record = example(track_uri=[uri(10**6), uri(10**6 + 1)], artist_name=["artist 0", "nobody"])
    uris, scores = many.ask_examples([record])
    check([], uris[0], scores[0].tolist())
    assert "" not in uris[0]


def test_metadata(many: Model) -> None:
    asked = tf.constant([MANY[7], "nonsense", ""])
    result = many.loaded.signatures["track_metadata"](track_uris=asked)
    assert result["track_name"].numpy().tolist() == [b"song 7", b"", b""]
    assert result["artist_name"].numpy().tolist() == [b"artist 2", b"", b""]
    assert result["playlists"].numpy()[0] > 0
    assert result["playlists"].numpy()[1:].tolist() == [0, 0]
    card = ModelCard.read(many.path)
    assert card.family == many.family
    assert (card.index or {}).get("kind") == ("partitioned" if many.indexed else None)


FRESH_PROCESS = """
import json, sys
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
result = model(name=tf.constant(["Rock"]), track_uris=tf.constant([[sys.argv[2]]]))
assert not [name for name in sys.modules if name.split(".")[0] in ("models", "tensorflow_text")]
uris = [uri.decode() for uri in result["track_uris"].numpy()[0]]
print(json.dumps([[uris], result["scores"].numpy().tolist()]))
"""


def test_a_moved_model_loads_where_only_tensorflow_is(many: Model, tmp_path: pathlib.Path) -> None:
    shutil.copytree(many.path, tmp_path / "moved")
    finished = subprocess.run(
        [sys.executable, "-c", FRESH_PROCESS, str(tmp_path / "moved"), MANY[2]],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    # That process has none of our environment, so TensorFlow may compute another way there.
    answer = json.loads(finished.stdout)
    assert_same_recommendations(answer, many.ask(["Rock"], [[MANY[2]]]))
