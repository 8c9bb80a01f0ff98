from __future__ import annotations

import pathlib
import subprocess
import sys

import pydantic
import pytest

from models.families import registry

OTHER = """
import pydantic

from models.families import Family, imported


class Params(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")
    sign: float = pydantic.Field(default=1.0, description="of the scores")


FAMILY = Family(
    name="theirs",
    params_type=Params,
    fit=imported("their_package.model:fit"),
    personal=False,
)
NOT_A_FAMILY = 3
"""
MODEL = """
import tensorflow as tf

from models.contract import Fit, Scorer


class Counts(Scorer):
    def __init__(self, counts):
        super().__init__(name="counts")
        self._counts = tf.Variable(counts, trainable=False, dtype=tf.float32)

    def score(self, query):
        return tf.tile(self._counts[tf.newaxis], [query.track_ids.nrows(), 1])


def fit(data, params, seed, workdir):
    return Fit(Counts(params.sign * data.catalogue.counts))
"""


@pytest.fixture
def installed(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Another distribution that brings families, installed in a folder of its own."""
    package = tmp_path / "their_package"
    package.mkdir()
    (package / "__init__.py").write_text(OTHER)
    (package / "model.py").write_text(MODEL)
    info = tmp_path / "their_package-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[segue.families]\n"
        "theirs = their_package:FAMILY\n"
        "als = their_package:FAMILY\n"
        "other_name = their_package:FAMILY\n"
        "number = their_package:NOT_A_FAMILY\n"
        "gone = their_package.gone:FAMILY\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("their_package", "their_package.model"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def test_our_own_families() -> None:
    ours = {"als", "item_knn", "popularity", "two_stage", "two_tower"}
    assert ours <= set(registry.names())
    assert all(registry.family(name).name == name for name in ours)
    assert registry.baselines() == ("als", "item_knn", "popularity")
    assert registry.family("two_stage").built_on == ("two_tower",)
    assert registry.package("als") == "models.families.als"


def test_a_family_of_another_distribution(installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    from models.conformance import check_family

    family = registry.family("theirs")
    assert "theirs" in registry.names()
    assert registry.package("theirs") == "their_package"
    assert "their_package.model" not in sys.modules
    check_family(family, str(tmp_path / "models"))
    assert "their_package.model" in sys.modules


def test_what_is_installed_or_removed_meanwhile_is_noticed(installed: pathlib.Path) -> None:
    assert "theirs" in registry.names()
    info = installed / "their_package-1.2.dist-info"
    info.rename(installed / "elsewhere")
    assert "theirs" not in registry.names()
    (installed / "elsewhere").rename(info)
    assert "theirs" in registry.names()


def test_our_own_names_are_ours(installed: pathlib.Path) -> None:
    assert registry.package("als") == "models.families.als"
    assert "theirs" not in registry.baselines()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("other_name", "their_package:FAMILY is not a model family named 'other_name'"),
        ("number", "NOT_A_FAMILY is not a model family named 'number', but 3"),
        ("gone", r"'gone' at their_package\.gone:FAMILY fails: No module named"),
    ],
)
def test_an_entry_point_that_leads_nowhere_says_so(
    installed: pathlib.Path, name: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        registry.family(name)


@pytest.mark.parametrize("name", ["alss", "", "shared", "als.model", "../als"])
def test_unknown_families_are_named_with_those_there_are(name: str) -> None:
    with pytest.raises(ValueError, match="choose from") as caught:
        registry.family(name)
    assert repr(name) in str(caught.value)
    assert all(family in str(caught.value) for family in registry.names())


def test_declarations_are_read_without_tensorflow(root: pathlib.Path) -> None:
    code = (
        "import sys; from models.families import registry;"
        "[registry.family(name).params({}) for name in registry.names()];"
        "sys.exit('tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)


def test_params_are_converted() -> None:
    params = registry.family("als").params({"factors": 16, "regularization": 3})
    assert isinstance(params, pydantic.BaseModel)
    assert params.model_dump()["regularization"] == 3.0


def test_wrong_params_name_themselves_and_what_is_accepted() -> None:
    with pytest.raises(ValueError, match=r"models\.als\.alpha") as caught:
        registry.family("als").params({"factor": 3, "alpha": "high", "iterations": 0})
    message = str(caught.value)
    assert "factor: no such parameter; choose from factors, regularization" in message
    assert "alpha: Input should be a valid number" in message
    assert "iterations: Input should be greater than or equal to 1, not 0" in message
