"""What is said of models that are not whole, and which version is taken in their place."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Callable

import pytest

from schema import checksums
from serving.protocol import BrokenModelError, ConfigError, ServingError, saved_models
from serving.server import Servable
from tests.serving import toy_model

DATA = "variables/variables.data-00000-of-00001"
Damage = Callable[[pathlib.Path], object]


def cut(file: str, size: int) -> Damage:
    return lambda model: os.truncate(model / file, size)


def without(file: str) -> Damage:
    return lambda model: (model / file).unlink()


@pytest.mark.parametrize(
    ("damage", "flaw"),
    [
        (lambda _: None, None),
        (without("saved_model.pb"), "saved_model.pb is missing"),
        (cut("saved_model.pb", 1000), "saved_model.pb is cut off or damaged"),
        (cut("saved_model.pb", 0), "saved_model.pb is empty"),
        (
            lambda model: shutil.rmtree(model / "variables"),
            "variables/variables.index is missing",
        ),
        (cut("variables/variables.index", 50), "variables/variables.index is cut off or damaged"),
        (without(DATA), "variables/variables.data-* is missing"),
        (cut(DATA, 50), "variables/variables.data-* is cut off or damaged"),
        (cut(DATA, 1500), "variables/variables.data-* is cut off or damaged"),
        (without("assets/version.txt"), "assets/version.txt is missing"),
    ],
)
def test_what_is_missing_is_named(
    saved_model: pathlib.Path, tmp_path: pathlib.Path, damage: Damage, flaw: str | None
) -> None:
    # Brackets are a pattern to TensorFlow.
    model = shutil.copytree(saved_model, tmp_path / "a [copy]" / "1")
    damage(model)
    assert saved_models.flaw(str(model)) == flaw


def test_a_sound_version_is_taken_when_that_is_wanted(
    push: Callable[[int], pathlib.Path], base: pathlib.Path
) -> None:
    for version in (1, 2, 10, 11):
        push(version)
    assert saved_models.choose(str(base)) == str(base / "11")
    assert saved_models.choose(str(base / "2")) == str(base / "2")
    os.truncate(base / "11" / DATA, 50)
    (base / "10" / "saved_model.pb").unlink()
    with pytest.raises(BrokenModelError, match=r"11 is not .*data-\*.* version 2 .*--fall-back"):
        saved_models.choose(str(base))
    with pytest.raises(BrokenModelError, match=r"or give .*/base/2, which is whole$"):
        saved_models.choose(str(base), None)
    assert saved_models.choose(str(base), True) == str(base / "2")
    for version in (1, 2):
        shutil.rmtree(base / str(version))
    with pytest.raises(BrokenModelError, match=r"11 is not .*; copy it again$"):
        saved_models.choose(str(base), True)


def test_a_model_without_its_graph_is_no_missing_model(base: pathlib.Path) -> None:
    with pytest.raises(ValueError, match=r"No model in .*expected saved_model\.pb"):
        saved_models.choose(str(base))
    with pytest.raises(ValueError, match="No model in"):
        saved_models.choose(str(base / "none"))
    (base / "variables").mkdir()
    with pytest.raises(BrokenModelError, match=r"not a whole model: saved_model\.pb is missing"):
        saved_models.choose(str(base))


def test_a_base_is_a_directory_of_versions(
    saved_model: pathlib.Path, base: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    saved_models.check_base(str(base))
    saved_models.check_base(str(tmp_path / "comes later"))
    version = toy_model.push(saved_model, base, 3)
    saved_models.check_base(str(base))
    with pytest.raises(
        ConfigError, match=f"3 is one version .*give the directory above it: {base}"
    ):
        saved_models.check_base(str(version))
    (version / "saved_model.pb").unlink()
    with pytest.raises(ConfigError, match=r"whose saved_model\.pb is missing; give the directory"):
        saved_models.check_base(str(version))
    with pytest.raises(ConfigError, match="in which versions have numbers for names"):
        saved_models.check_base(str(saved_model))
    with pytest.raises(ConfigError, match="is a file; give the directory"):
        saved_models.check_base(str(saved_model / "saved_model.pb"))


@pytest.mark.parametrize(
    ("damage", "flaw"),
    [
        (lambda _: None, None),
        (without("assets/version.txt"), "assets/version.txt is missing"),
        (cut("assets/version.txt", 0), "assets/version.txt is cut off or damaged"),
        (
            lambda model: (model / "assets/version.txt").write_text("x"),
            "assets/version.txt is cut off or damaged",
        ),
        (cut(checksums.CHECKSUMS_FILE, 0), "assets.extra/sha256sums is cut off or damaged"),
        (cut(checksums.CHECKSUMS_FILE, 40), "assets.extra/sha256sums is cut off or damaged"),
        (without(checksums.CHECKSUMS_FILE), None),
        (lambda model: (model / "assets.extra/more").write_text("warm-up"), None),
    ],
)
def test_files_that_are_not_whole_are_noticed_by_their_checksums(
    saved_model: pathlib.Path, tmp_path: pathlib.Path, damage: Damage, flaw: str | None
) -> None:
    model = shutil.copytree(saved_model, tmp_path / "base" / "1")
    checksums.write(str(model))
    damage(model)
    assert saved_models.flaw(str(model)) == flaw
    if flaw is None:
        Servable.load("segue", 1, str(model)).close()
        return
    with pytest.raises(ServingError, match=f"base/1 is not a whole model: {flaw}; copy it again"):
        Servable.load("segue", 1, str(model))


@pytest.mark.parametrize("name", ["a [copy]", "what*", "is?", "{a,b}"])
def test_a_model_is_served_from_a_path_like_a_pattern(
    saved_model: pathlib.Path, tmp_path: pathlib.Path, name: str
) -> None:
    model = shutil.copytree(saved_model, tmp_path / name / "1")
    Servable.load("segue", 1, str(model)).close()
