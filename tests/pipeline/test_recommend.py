import pytest

from pipeline import recommend


def test_the_newest_version_with_a_model_is_found(tmp_path):
    for version in ("1", "20", "3"):
        (tmp_path / version).mkdir()
    (tmp_path / "1" / "saved_model.pb").touch()
    (tmp_path / "3" / "saved_model.pb").touch()
    (tmp_path / "not-a-version").mkdir()
    # Version 20 is still being written.
    assert recommend.model_directory(str(tmp_path)) == str(tmp_path / "3")


def test_a_saved_model_may_be_named_itself(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    assert recommend.model_directory(str(tmp_path)) == str(tmp_path)


@pytest.mark.parametrize("name", ["", "missing"])
def test_without_a_model_the_error_says_what_was_expected(tmp_path, name):
    with pytest.raises(ValueError, match=r"saved_model\.pb"):
        recommend.model_directory(str(tmp_path / name))
