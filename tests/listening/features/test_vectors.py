"""Vectors of tracks and listeners: what the model itself scores by, of one version."""

from __future__ import annotations

import pathlib
import shutil

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from listening.features import finish, partitions, vectors
from models.conformance import export, fit
from models.families import family
from schema.tables import LISTENING_HISTORY
from tests.listening.features.conftest import cut, micros

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
