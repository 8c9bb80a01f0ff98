import json

import pytest

from serving.protocol import ConfigError, version_files
from serving.release import labels, look


@pytest.fixture
def base(tmp_path):
    return tmp_path / "serving" / "segue"


@pytest.fixture
def put(base):
    """Puts versions there; a model is a file here."""

    def make(*versions, file="saved_model.pb"):
        for version in versions:
            (base / str(version)).mkdir(parents=True)
            (base / str(version) / file).write_text(f"model {version}")

    return make


@pytest.fixture
def release(base):
    def write(*stable, model="segue"):
        releases = [
            {"action": "promote", "at": "2026-01-02T03:04:05+00:00", "stable": version}
            for version in stable
        ]
        base.parent.mkdir(parents=True, exist_ok=True)
        record = {"format": 1, "model": model, "releases": releases}
        (base.parent / "releases.json").write_text(json.dumps(record))

    return write


@pytest.fixture
def found(base):
    return lambda: look(str(base), str(base.parent / "releases.json"), "segue")


def test_nothing_is_served_from_nowhere(found, base):
    assert (found().version, found().path, found().versions) == (None, None, {})
    base.mkdir(parents=True)
    assert found().version is None


def test_the_highest_number_is_served_not_the_longest_or_the_last_written(found, put, base):
    put(20261127, 9, 100)
    assert (found().version, found().path) == (20261127, str(base / "20261127"))
    assert not found().pinned
    assert set(found().versions) == {9, 100, 20261127}


def test_a_version_without_its_last_file_is_not_served(found, put):
    put(3)
    put(7, file="fingerprint.pb")
    assert found().version == 3
    assert set(found().versions) == {3, 7}


def test_what_is_no_version_is_passed_over(found, put, base):
    put(3, ".staging-9", "v12", "9" * 30)
    (base / "11").write_text("a file")
    assert found().version == 3


def test_the_release_record_decides(found, put, release, base):
    put(1, 2, 3)
    release(1, 2, 1)
    assert (found().version, found().path, found().pinned) == (1, str(base / "1"), True)


def test_a_record_that_names_a_missing_version_says_so(found, put, release):
    put(1)
    release(2)
    assert (found().version, found().path, found().pinned) == (2, None, True)
    assert "names it, but it is missing" in found().problem
    put(2, file="fingerprint.pb")
    assert "holds no saved_model.pb" in found().problem


def test_a_record_that_cannot_be_read_stops_whoever_asks(found, put, release, base):
    put(1)
    release(1, model="other")
    with pytest.raises(ConfigError, match="records releases of model 'other'"):
        found()
    (base.parent / "releases.json").write_text("[]")
    with pytest.raises(ConfigError, match="is not a record of releases"):
        found()


def test_copies_have_one_content_and_other_models_another(tmp_path):
    def model(name, **files):
        for path, text in files.items():
            file = tmp_path / name / path.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return version_files.content(str(tmp_path / name))

    one = model("one", saved_model="graph", variables__index="sums", assets__words="a b")
    assert model("two", saved_model="graph", variables__index="sums", assets__words="a b") == one
    assert model("three", saved_model="graph", variables__index="sum2", assets__words="a b") != one
    assert model("four", saved_model="graph", variables__index="sums", assets__words="b a") != one
    assert model("five", saved_model="graph", variables__index="sums", assets__other="a b") != one
    weights = tmp_path / "one" / "variables" / "variables.data-00000-of-00001"
    weights.write_bytes(b"1234")
    told = version_files.content(str(tmp_path / "one"))
    weights.write_bytes(b"4321")  # its index would differ
    assert version_files.content(str(tmp_path / "one")) == told
    weights.write_bytes(b"12345")
    assert version_files.content(str(tmp_path / "one")) != told


def test_labels_are_those_of_the_last_release(put, release, base):
    def named():
        return labels(str(base), str(base.parent / "releases.json"), "segue")

    assert named() == {}
    put(3, 5, 7)
    assert named() == {}
    release(7, 3)
    assert named() == {"stable": 3}
    record = base.parent / "releases.json"
    record.write_text(record.read_text().replace('"stable": 3', '"stable": 3, "canary": 5'))
    assert named() == {"stable": 3, "canary": 5}
    release(4)
    with pytest.raises(ConfigError, match=r"names version 4 as stable, but it is missing from"):
        named()
