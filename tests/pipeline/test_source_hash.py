import pytest

from pipeline.source_hash import Hashes


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "code.py").write_text("x = 1\n")
    (tmp_path / "part" / "notes.txt").write_text("not code\n")
    return tmp_path


def test_the_hash_changes_with_content_and_names_of_code(tree):
    before = Hashes(tree).of("part")
    (tree / "part" / "notes.txt").write_text("still not code\n")
    assert Hashes(tree).of("part") == before
    (tree / "part" / "new.py").write_text("x = 1\n")
    renamed = Hashes(tree).of("part")
    assert renamed != before
    (tree / "part" / "code.py").unlink()
    assert Hashes(tree).of("part") not in {before, renamed}


def test_a_single_file_can_be_named(tree):
    assert Hashes(tree).of("part/code.py") != Hashes(tree).of("part/code.py", "part")


def test_a_missing_part_is_an_error(tree):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Hashes(tree).of("nowhere")
