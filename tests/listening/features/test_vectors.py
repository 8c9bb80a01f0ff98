"""Vectors of tracks and listeners: what the model itself scores by, of one version."""

from __future__ import annotations

import datetime
import pathlib
import shutil

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from listening.features import erasing, finish, model_time, partitions, vectors
from listening.store import open_store
from models.conformance import export, fit
from models.families import family
from schema import checksums
from schema.model_card import ModelCard
from schema.tables import LISTENING_HISTORY
from tests.listening.features.conftest import cut, micros
from tests.listening.store.making import timed

WHEN = cut(8)
#: Of the conformance suite's models.
TRACKS = [f"spotify:track:{number:022d}" for number in range(640)]
LISTENERS = {
    "a" * 32: [TRACKS[2], TRACKS[0], "spotify:track:" + "9" * 22],
    "b" * 32: [TRACKS[1]],
    "c" * 32: [],
    "d" * 32: ["spotify:track:" + "9" * 22],
}


def history(root: pathlib.Path) -> None:
    columns = []
    for field in LISTENING_HISTORY:
        if field.name == "listener_id":
            columns.append(pa.array(list(LISTENERS)))
        elif field.name == "seed_uris":
            columns.append(pa.array(list(LISTENERS.values()), field.type))
        elif field.name == "seed_times":
            times = [[micros(cut(7))] * len(row) for row in LISTENERS.values()]
            columns.append(pa.array(times, pa.list_(pa.int64())).cast(field.type))
        elif pa.types.is_timestamp(field.type):
            times = pa.array([micros(cut(7))] * len(LISTENERS), pa.int64())
            columns.append(times.cast(field.type))
        elif pa.types.is_list(field.type):
            columns.append(pa.array([[]] * len(LISTENERS), field.type))
        else:
            columns.append(pa.array([1] * len(LISTENERS)).cast(field.type))
    with partitions.building(str(root), "listening_history", WHEN) as draft:
        finish(draft, [pa.table(columns, schema=LISTENING_HISTORY)])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Versions 9 and 10 of a model by ALS, and one by item_knn, which has no vectors."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("als", "item_knn"):
        fitted = fit(family(name), str(folder / "work" / name))
        export(fitted, str(folder / name))
    (folder / "segue").mkdir()
    shutil.copytree(folder / "als" / "many", folder / "segue" / "9")
    shutil.copytree(folder / "als" / "many", folder / "segue" / "10")
    (folder / "other").mkdir()
    shutil.copytree(folder / "item_knn" / "many", folder / "other" / "1")
    return folder


@pytest.fixture
def features(tmp_path: pathlib.Path) -> str:
    history(tmp_path)
    return str(tmp_path)


def test_products_are_what_the_model_ranks_by(models: pathlib.Path, features: str) -> None:
    built = vectors.build(str(models / "segue"), features, WHEN)
    assert (built.model_version, built.unknown) == ("10", 2)
    listeners, tracks = vectors.read(features, WHEN)
    assert set(tracks.column("model_version").to_pylist()) == {"10"}
    assert tracks.column("track_uri").to_pylist() == sorted(TRACKS)
    rows = listeners.to_pylist()
    assert [(row["listener_id"][0], row["seeds"], row["seeds_known"]) for row in rows] == [
        ("a", 3, 2),
        ("b", 1, 1),
    ]
    served = tf.saved_model.load(str(models / "segue" / "10")).signatures["serving_default"]
    matrix = np.array(tracks.column("vector").to_pylist())
    uris = np.array(tracks.column("track_uri").to_pylist())
    for row in rows:
        seeds = LISTENERS[row["listener_id"]]
        asked = served(name=tf.constant([""]), track_uris=tf.constant([seeds]))
        scores = matrix @ np.array(row["vector"])
        found = dict(zip(uris.tolist(), scores.tolist(), strict=True))
        top = [uri.decode() for uri in asked["track_uris"].numpy()[0][:50]]
        assert [found[uri] for uri in top] == pytest.approx(
            asked["scores"].numpy()[0][:50].tolist(), abs=1e-5
        )
    again = vectors.build(str(models / "segue" / "10"), features, WHEN)
    assert set(again.changed.values()) == {False}


def test_versions_do_not_mix(models: pathlib.Path, features: str, tmp_path: pathlib.Path) -> None:
    vectors.build(str(models / "segue" / "9"), features, WHEN)
    home = tmp_path / "track_vectors"
    kept = tmp_path / "kept"
    shutil.copytree(home, kept)
    vectors.build(str(models / "segue"), features, WHEN)
    assert {
        name
        for each in vectors.read(features, WHEN)
        for name in each.column("model_version").to_pylist()
    } == {"10"}
    # As a kill between both leaves it.
    shutil.rmtree(home)
    shutil.copytree(kept, home)
    with pytest.raises(ValueError, match="vectors are of model versions 10 and 9"):
        vectors.read(features, WHEN)


@pytest.mark.parametrize(
    ("end", "undated", "says"),
    [
        (WHEN, 0, ()),
        (WHEN, 3, ("3 of the playlists that", "do not say when they were changed")),
        (None, 0, ("does not say of all its data until when that goes",)),
        (cut(7), None, ("does not say of all its data until when that goes",)),
    ],
)
def test_what_a_card_leaves_open_is_a_warning(
    models: pathlib.Path,
    features: str,
    tmp_path: pathlib.Path,
    end: datetime.datetime | None,
    undated: int | None,
    says: tuple[str, ...],
) -> None:
    model = of_data_until(models, tmp_path, end, undated)
    built = vectors.build(str(model), features, WHEN)
    for warnings in built.warnings.values():
        assert len(warnings) == bool(says)
        assert all(text in warnings[0] for text in says)


def test_a_model_of_later_data_is_refused(
    models: pathlib.Path, features: str, tmp_path: pathlib.Path
) -> None:
    """A second behind the cut is too late, and what lay there before stays."""
    vectors.build(str(models / "segue" / "9"), features, WHEN)
    model = of_data_until(models, tmp_path, WHEN + datetime.timedelta(seconds=1), 0)
    with pytest.raises(ValueError, match="11 has learnt from data up to 2017-11-08T00:00:01, so"):
        vectors.build(str(model), features, WHEN)
    assert {each.version for each in partitions.partitions(features, "track_vectors")} == {1}
    assert set(vectors.read(features, WHEN)[1].column("model_version").to_pylist()) == {"9"}


def test_no_store_takes_vectors_from_before_the_data_of_their_model(
    models: pathlib.Path, features: str, tmp_path: pathlib.Path
) -> None:
    vectors.build(str(of_data_until(models, tmp_path, cut(7, 5), 0)), features, WHEN)
    store = open_store(f"embedded:{tmp_path / 'store'}", features)
    store.materialise("track_vectors")
    _, table = vectors.read(features, WHEN)
    for hour, fits in ((4, False), (5, True)):
        rows = timed(table.slice(0, 2), [cut(9), cut(7, hour)])
        if fits:
            assert store.push("track_vectors", rows).taken == 1
        else:
            with pytest.raises(
                ValueError, match=r"model 11 has learnt from data up to .*T05:00:00"
            ):
                store.push("track_vectors", rows)
    removed = erasing.erase(features, ["a" * 32])
    assert removed["rows"] == 2
    told = model_time.read(partitions.at(features, "listener_vectors", WHEN).folder)
    assert told is not None
    assert (told.version, told.data_end) == ("11", cut(7, 5))


def of_data_until(
    models: pathlib.Path, folder: pathlib.Path, end: datetime.datetime | None, undated: int | None
) -> pathlib.Path:
    """Version 11, whose card says so."""
    made = folder / "dated" / "11"
    shutil.copytree(models / "segue" / "10", made)
    card = ModelCard.read(str(made))
    card.model_copy(update={"data_end": end, "undated_playlists": undated}).write(str(made))
    checksums.write(str(made))
    return made


def test_what_has_no_vectors_is_told(
    models: pathlib.Path, features: str, tmp_path: pathlib.Path
) -> None:
    for path, message in (
        (models / "other", "shows no vectors: its family, item_knn, has none"),
        (tmp_path / "nowhere", "is no version of a model"),
        (models / "als" / "many", "is no version of a model"),
        (tmp_path, "is no version of a model"),
    ):
        with pytest.raises(ValueError, match=message):
            vectors.build(str(path), features, WHEN)
    with pytest.raises(ValueError, match="holds no listening_history as of 2017-11-09T00"):
        vectors.build(str(models / "segue"), features, cut(9))
    broken = tmp_path / "broken" / "1"
    shutil.copytree(models / "segue" / "9", broken)
    weights = next((broken / "variables").glob("*.data-*"))
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(ValueError, match="its weights cannot be read"):
        vectors.build(str(broken), features, WHEN)
