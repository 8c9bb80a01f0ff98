from __future__ import annotations

import pathlib
import shutil

import numpy as np
import pytest

from models import families
from models.export import saved_model
from models.warm_start import MisfitError, ServedWeights
from schema.model_card import ModelCard
from tests.models.training_fixture import training_data

DATA, VOCABULARIES = training_data([("a b", [0, 1, 2]), ("b", [0, 1]), ("c", [3, 4])])
FACTORS = ("_scorer", "_factors")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("served")
    als = families.family("als")
    found = als.fit(DATA, als.params({"factors": 2}), 1, str(folder))
    saved_model.export(
        found.scorer, DATA.catalogue, VOCABULARIES, str(folder / "model"), ModelCard(family="als")
    )
    np.save(folder / "vectors.npy", found.scorer.candidate_embeddings().numpy())
    return folder


@pytest.fixture
def model(exported: pathlib.Path, tmp_path: pathlib.Path) -> pathlib.Path:
    return pathlib.Path(shutil.copytree(exported / "model", tmp_path / "model"))


def test_weights_and_vocabularies_are_those_that_were_exported(exported: pathlib.Path) -> None:
    served = ServedWeights(str(exported / "model"))
    assert served.card.family == "als"
    assert served.tracks == VOCABULARIES.tracks
    assert served.artists == VOCABULARIES.artists
    assert served.title_ngrams == VOCABULARIES.title_ngrams
    vectors = served.vectors(FACTORS, served.tracks, 2, transposed=True)
    assert (vectors == np.load(exported / "vectors.npy")).all()
    assert served.has(*FACTORS)
    assert not served.has("_scorer")
    assert not served.has("_scorer", "_nothing")


@pytest.mark.parametrize(
    ("names", "dimensions", "message"),
    [
        (["a"] * 5, 3, "its vectors have 2 dimensions, and 3 are wanted"),
        (["a"] * 4, 2, "its _factors has 5 vectors and its vocabulary 4 names"),
    ],
)
def test_another_shape_is_a_misfit(
    exported: pathlib.Path, names: list[bytes], dimensions: int, message: str
) -> None:
    served = ServedWeights(str(exported / "model"))
    with pytest.raises(MisfitError, match=message):
        served.vectors(FACTORS, names, dimensions, transposed=True)
    with pytest.raises(MisfitError, match=r"it has no weights _scorer\._gone"):
        served.table("_scorer", "_gone")
    # A vector of numbers is no table of vectors.
    with pytest.raises(MisfitError, match="its vectors have no dimensions"):
        served.vectors(("_counts",), names, 2)


def test_a_model_without_a_card(model: pathlib.Path) -> None:
    (model / "assets.extra" / "segue.json").unlink()
    with pytest.raises(MisfitError, match="it has no readable model card"):
        ServedWeights(str(model))


def test_a_vocabulary_that_is_cut(model: pathlib.Path) -> None:
    path = model / "assets" / "tracks.txt"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(MisfitError, match=r"it is damaged: assets/tracks\.txt is cut off"):
        ServedWeights(str(model))


def test_weights_that_are_damaged(model: pathlib.Path) -> None:
    (data,) = (model / "variables").glob("variables.data-*")
    content = bytearray(data.read_bytes())
    vectors = ServedWeights(str(model)).table(*FACTORS).tobytes()
    content[content.index(vectors) + 1] ^= 255
    data.write_bytes(bytes(content))
    with pytest.raises(MisfitError, match="its weights cannot be read"):
        ServedWeights(str(model)).table(*FACTORS)


def test_weights_that_are_missing(model: pathlib.Path) -> None:
    for path in (model / "variables").glob("variables.data-*"):
        path.unlink()
    with pytest.raises(MisfitError, match="its weights cannot be read"):
        ServedWeights(str(model))
