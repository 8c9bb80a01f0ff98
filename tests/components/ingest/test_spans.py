import pytest

from components.ingest.errors import IngestError
from components.ingest.spans import choose, find, missing, with_numbers, written_number


@pytest.fixture
def data(tmp_path):
    for span in ("2", "09", "10"):
        (tmp_path / f"span-{span}").mkdir()
        (tmp_path / f"span-{span}" / "slice.json").write_text("{}")
    (tmp_path / "span-11").mkdir()  # without a file there is none yet, as on an object store
    (tmp_path / "span-new").mkdir()
    (tmp_path / "span-new" / "slice.json").write_text("{}")
    return tmp_path


def test_spans_are_found_however_their_numbers_are_written(data):
    found = find(f"{data}/span-{{SPAN}}")
    assert found == {2: "2", 9: "09", 10: "10"}
    assert list(found) == [2, 9, 10]


def test_the_number_may_be_a_part_of_a_pattern(data):
    assert list(find(f"{data}/span-{{SPAN}}/slice.json")) == [2, 9, 10]
    assert list(find(f"{data}/span-{{SPAN}}/*.json")) == [2, 9, 10]


def test_numbers_take_their_place_in_a_path():
    assert with_numbers("a/{SPAN}/b", ["09"]) == "a/09/b"
    assert with_numbers("a/{SPAN}/b", ["09", "10"]) == "a/{09,10}/b"
    assert written_number("a/{SPAN}/*.json", "a/09/*.json") == "09"
    assert written_number("a/{SPAN}/*.json", "b/09/*.json") is None


@pytest.mark.parametrize(
    ("span", "window", "chosen"),
    [
        ("latest", 1, [10]),
        ("latest", 2, [9, 10]),
        ("latest", None, [2, 9, 10]),
        ("9", 5, [2, 9]),
        ("09", 1, [9]),
        ("7", 2, [2, 7]),
    ],
)
def test_a_window_ends_with_its_span(span, window, chosen):
    there = {2: "2", 9: "09", 10: "10"}
    assert choose("path", span, window, there, kept=[7] if span == "7" else []) == chosen


def test_a_span_that_is_not_there_is_told_with_the_latest(data, tmp_path):
    with pytest.raises(IngestError, match="for span 3; the latest is 10"):
        choose(f"{data}/span-{{SPAN}}", "3", 1, {2: "2", 10: "10"}, [])
    with pytest.raises(IngestError, match="there is no span yet"):
        find(f"{tmp_path}/nothing-{{SPAN}}")


def test_numbers_that_are_missing_are_named():
    assert missing([3, 1, 2]) == ""
    assert missing([1, 3, 7]) == "2, 4 to 6"
    assert missing([1, 3, 5, 7, 9]) == "2, 4, 6, 1 more gaps"
