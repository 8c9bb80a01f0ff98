"""Families that start from a served model, through the SavedModel that they export."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from models import families
from models.contract import Fit, TrainingData
from models.data import Vocabularies
from models.export import ExportOptions, IndexOptions, saved_model
from models.export.index.sampling import sample_queries
from models.families.als import model as als_model
from models.families.two_tower import factorization
from models.warm_start import MisfitError, ServedWeights, Start
from schema.model_card import ModelCard, VocabularyGrowth
from tests.models.training_fixture import query, training_data, uri

SMALL = {"factors": 8, "batch_size": 64}
#: A family and its parameters by what is tried.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "als": ("als", {"factors": 8}),
    "towers": ("two_tower", {**SMALL, "epochs": 2}),
    "closed_form": ("two_tower", {**SMALL, "epochs": 0}),
    "corrected": (
        "two_tower",
        {
            **SMALL,
            "epochs": 1,
            "trained": ["seeds", "seed_artists"],
            "popularity_bias": -0.02,
        },
    ),
    "bags": ("two_tower", {**SMALL, "epochs": 2, "fold_in": False}),
    "random": (
        "two_tower",
        {
            **SMALL,
            "epochs": 20,
            "learning_rate": 0.05,
            "trained": ["seeds", "titles", "tracks"],
            "fold_in": False,
            "start": {"method": "random"},
        },
    ),
    "albums": (
        "two_tower",
        {**SMALL, "epochs": 0, "start": {"album_weight": 0.5, "album_share": 0.1}},
    ),
    "two_stage": (
        "two_stage",
        {
            "retrieval": {**SMALL, "epochs": 0},
            # In one fold: half of the 80 playlists.
            "ranking": {
                "epochs": 1,
                "cuts": 1,
                "min_playlists": 10,
                "max_playlists": 40,
                "holdout_share": 0.5,
            },
        },
    ),
}


def playlists(count: int, first: int, tracks: int) -> list[tuple[str, list[int]]]:
    """Even tracks are rock, odd ones jazz; low numbers from `first` on are the most frequent."""
    generator = np.random.default_rng(count)
    weights = 1.0 / np.arange(1, tracks // 2 + 1)
    made = []
    for index in range(count):
        chosen = generator.choice(tracks // 2, 6, replace=False, p=weights / weights.sum())
        title = ("rock", "jazz")[index % 2]
        made.append((title, [first + int(2 * track) + index % 2 for track in chosen]))
    return made


#: Tracks 0 to 39, and then 6 to 59 of them: what is served knows 6 to 39 by other ids.
BEFORE = training_data(playlists(80, 0, 40))
NOW = training_data([*playlists(80, 6, 54), ("new words", [58, 59])])


def kind_of(name: str) -> tuple[families.Family, Any]:
    family = families.family(KINDS[name][0])
    return family, family.params(KINDS[name][1])


def export(
    found: Fit,
    data: TrainingData,
    vocabularies: Vocabularies,
    name: str,
    directory: pathlib.Path,
    index: str = "brute_force",
) -> str:
    family, params = kind_of(name)
    card = ModelCard(family=family.name, params=params.model_dump(mode="json"))
    saved_model.export(
        found.scorer,
        data.catalogue,
        vocabularies,
        str(directory),
        card,
        ranker=found.ranker,
        options=ExportOptions(index=IndexOptions(kind=index, min_recall=0.01)),
        index_queries=sample_queries(data, 5, 0),
    )
    return str(directory)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The directory of an exported model by kind, made when first asked for."""

    class Made(dict[str, str]):
        def __missing__(self, name: str) -> str:
            family, params = kind_of(name)
            folder = tmp_path_factory.mktemp(name)
            found = family.fit(BEFORE[0], params, 1, str(folder / "work"))
            self[name] = export(found, *BEFORE, name, folder / "model")
            return self[name]

    return Made()


def start_from(path: str, now: tuple[TrainingData, Vocabularies] = NOW) -> Start:
    return Start(ServedWeights(path), now[1])


def fit_from(name: str, path: str, workdir: pathlib.Path, **changes: Any) -> Fit:
    family, params = kind_of(name)
    assert family.fit_from is not None
    workdir.mkdir(parents=True, exist_ok=True)
    params = params.model_copy(update=changes)
    return family.fit_from(NOW[0], params, 3, str(workdir), start_from(path))


def scores(found: Fit, seeds: list[int]) -> np.ndarray:
    ids = [NOW[1].tracks.index(uri(number).encode()) for number in seeds]
    return found.scorer.score(query([ids])).numpy()[0]


@pytest.mark.parametrize("name", KINDS)
def test_a_family_goes_on_from_what_it_has_exported(
    name: str, served: dict[str, str], tmp_path: pathlib.Path
) -> None:
    found = fit_from(name, served[name], tmp_path / "work")
    best = np.argsort(-scores(found, [6, 8]))[:10]
    numbers = np.array([int(NOW[1].tracks[index].decode()[-4:]) for index in best])
    assert (numbers % 2 == 0).mean() >= 0.8, "rock continues with rock"
    tracks = found.growth["tracks"]
    assert tracks.kept + tracks.from_relatives + tracks.from_company + tracks.from_mean == len(
        NOW[1].tracks
    )
    assert tracks.kept == len({*BEFORE[1].tracks} & {*NOW[1].tracks})
    assert tracks.dropped == len({*BEFORE[1].tracks} - {*NOW[1].tracks})


@pytest.mark.parametrize("name", ["als", "towers"])
def test_a_seed_and_a_start_decide_and_the_next_one_goes_on_from_that(
    name: str, served: dict[str, str], tmp_path: pathlib.Path
) -> None:
    found, again = (fit_from(name, served[name], tmp_path / part) for part in ("one", "two"))
    assert (scores(found, [6, 8]) == scores(again, [6, 8])).all()
    path = export(found, *NOW, name, tmp_path / "next")
    assert fit_from(name, path, tmp_path / "three").growth["tracks"].kept == len(NOW[1].tracks)


def test_als_starts_each_track_at_its_own_vector(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    family, params = kind_of("als")
    found = family.fit(BEFORE[0], params, 1, str(tmp_path))
    # An index holds the vectors in another order; those of the scorer are read.
    path = export(found, *BEFORE, "als", tmp_path / "model", "partitioned")
    vectors = dict(
        zip(BEFORE[1].tracks, found.scorer.candidate_embeddings().numpy().tolist(), strict=True)
    )
    given: dict[str, Any] = {}

    def als(matrix: Any, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
        given.update(settings)
        return np.zeros((matrix.shape[0], 8)), settings["start"]

    monkeypatch.setattr(als_model, "als", als)
    fit_from("als", path, tmp_path / "work", warm_iterations=3)
    assert given["iterations"] == 3
    for name, vector in zip(NOW[1].tracks, given["start"].tolist(), strict=True):
        if name in vectors:
            assert vector == vectors[name]
        elif int(name.decode()[-4:]) in (40, 41):
            # Both are by artist 13, of whom 39 is known, and 40 and 41 are on album 20, of which
            # nothing is.
            known = [name for name in vectors if int(name.decode()[-4:]) // 3 == 13]
            expected = np.mean([vectors[name] for name in known], axis=0)
            np.testing.assert_allclose(vector, expected, rtol=1e-5)


def test_two_tower_factors_go_on_from_those_served(
    served: dict[str, str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = served["albums"]
    starts = []
    real = factorization.als

    def als(matrix: Any, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
        starts.append((settings["iterations"], settings["start"]))
        return real(matrix, **settings)

    monkeypatch.setattr(factorization, "als", als)
    fit_from("albums", path, tmp_path)
    ((iterations, start),) = starts
    assert iterations == 2
    weights = ServedWeights(path)
    tower = ("_scorer", "_query_tower", "_fold_in")
    names = [*NOW[1].tracks, *NOW[1].artists]
    table = {
        **dict(zip(BEFORE[1].tracks, weights.table(*tower, "tracks"), strict=True)),
        **dict(zip(BEFORE[1].artists, weights.table(*tower, "artists"), strict=True)),
    }
    assert len(start) == len(names) + NOW[0].num_albums
    known = [place for place, name in enumerate(names) if name in table]
    assert len(known) > 40
    assert all((start[place] == table[names[place]]).all() for place in known)
    # The served model holds no names of albums; the tracks on them tell which they are.
    albums = dict(zip(BEFORE[1].albums, weights.table(*tower, "_albums", "0"), strict=True))
    for place, name in enumerate(NOW[1].albums, len(names)):
        if name in albums and int(name.split()[1]) <= 19:
            assert (start[place] == albums[name]).all()


def test_what_gradient_steps_taught_a_track_is_kept(
    served: dict[str, str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the factors as they were, and no steps, a track that both know is where it was."""

    def als(matrix: Any, **settings: Any) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((matrix.shape[0], 8), np.float32), settings["start"]

    path = served["towers"]
    old = ServedWeights(path).table("_scorer", "_candidates").T
    monkeypatch.setattr(factorization, "als", als)
    found = fit_from("towers", path, tmp_path, warm_epochs=0)
    new = found.scorer.candidate_embeddings().numpy()
    start = start_from(path)
    known = start.tracks >= 0
    np.testing.assert_allclose(new[known], old[start.tracks[known]], atol=1e-6)
    bare = ServedWeights(path).table("_scorer", "_query_tower", "_fold_in", "tracks")
    assert np.abs(old - bare).max() > 1e-4
    # A track that is new has nothing but its start: its vector and its artist's share.
    assert np.isfinite(new).all()


@pytest.mark.parametrize("name", ["bags", "random"])
def test_without_fold_in_every_table_goes_on(
    name: str, served: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """No steps: a title, seeds and tracks that both know give the scores that they gave."""
    found = fit_from(name, served[name], tmp_path, warm_epochs=0)
    assert set(found.growth) == {"tracks", "artists", "title_ngrams"}
    model = tf.saved_model.load(served[name])
    start = start_from(served[name])
    old = model._scorer._candidates.numpy().T
    known = start.tracks >= 0
    new = found.scorer.candidate_embeddings().numpy()
    np.testing.assert_array_equal(new[known], old[start.tracks[known]])
    title = found.scorer._query_tower._title
    served_titles = start.served.table("_scorer", "_query_tower", "_title", "vectors")
    grams = start.title_ngrams
    assert (grams < 0).any(), "there are new words"
    np.testing.assert_array_equal(
        title.vectors.numpy()[grams >= 0], served_titles[grams[grams >= 0]]
    )


def test_two_stage_and_two_tower_start_from_each_other(
    served: dict[str, str], tmp_path: pathlib.Path
) -> None:
    found = fit_from("two_stage", served["closed_form"], tmp_path / "one")
    assert found.ranker is not None
    assert found.growth["tracks"].kept > 30
    assert fit_from("towers", served["two_stage"], tmp_path / "two").growth["tracks"].kept > 30


@pytest.mark.parametrize(
    ("name", "source", "changes", "message"),
    [
        ("als", "als", {"factors": 16}, "its vectors have 8 dimensions, and 16 are wanted"),
        ("towers", "towers", {"factors": 4}, "its vectors have 8 dimensions, and 4 are wanted"),
        ("bags", "bags", {"factors": 4}, "its vectors have 8 dimensions, and 4 are wanted"),
        ("towers", "bags", {}, "it was trained without fold_in, and now it is with"),
        ("bags", "towers", {}, "it was trained with fold_in, and now it is without"),
        ("als", "towers", {}, "it has no weights _scorer._factors"),
    ],
)
def test_what_does_not_fit_is_refused(
    name: str,
    source: str,
    changes: dict[str, Any],
    message: str,
    served: dict[str, str],
    tmp_path: pathlib.Path,
) -> None:
    with pytest.raises(MisfitError, match=message.replace(".", r"\.")):
        fit_from(name, served[source], tmp_path, **changes)


def test_more_artists_than_none(tmp_path: pathlib.Path) -> None:
    """A model that was served knew no artist: their vectors start at their company's."""
    data, vocabularies = BEFORE
    catalogue = dataclasses.replace(
        data.catalogue, artist_ids=np.full(len(data.catalogue), -1, np.int64)
    )
    bare = dataclasses.replace(data, catalogue=catalogue, num_artists=0)
    family, params = kind_of("closed_form")
    names = dataclasses.replace(vocabularies, artists=[])
    found = family.fit(bare, params, 1, str(tmp_path / "work"))
    path = export(found, bare, names, "closed_form", tmp_path / "model")
    growth = fit_from("closed_form", path, tmp_path / "next").growth
    assert growth["artists"] == VocabularyGrowth(kept=0, from_mean=len(NOW[1].artists))
    assert growth["tracks"].kept > 30
