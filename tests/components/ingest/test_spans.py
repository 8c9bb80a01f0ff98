import pytest

from components.ingest.errors import IngestError
from components.ingest.spans import resolve


@pytest.fixture
def data(tmp_path):
    for span in ("2", "09", "10"):
        (tmp_path / f"span-{span}").mkdir()
        (tmp_path / f"span-{span}" / "slice.json").write_text("{}")
    (tmp_path / "span-11").mkdir()  # without a file there is none yet, as on an object store
    (tmp_path / "span-new").mkdir()
    (tmp_path / "span-new" / "slice.json").write_text("{}")
    return tmp_path


def test_the_highest_number_is_the_latest(data):
    assert resolve(f"{data}/span-{{SPAN}}", "latest") == f"{data}/span-10"


@pytest.mark.parametrize(("span", "name"), [("2", "2"), ("9", "09"), ("09", "09")])
def test_a_span_is_found_however_its_number_is_written(data, span, name):
    assert resolve(f"{data}/span-{{SPAN}}", span) == f"{data}/span-{name}"


def test_the_number_may_be_a_part_of_a_pattern(data):
    assert resolve(f"{data}/span-{{SPAN}}/slice.json", "latest") == f"{data}/span-10/slice.json"
    assert resolve(f"{data}/span-{{SPAN}}/*.json", "9") == f"{data}/span-09/*.json"


def test_a_path_without_a_span_stays_as_it_is(tmp_path):
    assert resolve(str(tmp_path / "none"), "3") == str(tmp_path / "none")


def test_a_span_that_is_not_there_is_told_with_the_latest(data, tmp_path):
    with pytest.raises(IngestError, match="for span 3; the latest is 10"):
        resolve(f"{data}/span-{{SPAN}}", "3")
    with pytest.raises(IngestError, match="there is no span yet"):
        resolve(f"{tmp_path}/nothing-{{SPAN}}", "latest")
