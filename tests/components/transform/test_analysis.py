"""What Transform keeps of spans: names, what is taken, and what goes."""

from __future__ import annotations

import json

import pytest

from components.transform.analysis import Analysis

FUNCTION = "models.transform.preprocessing.preprocessing_fn"


@pytest.fixture
def place(tmp_path):
    return tmp_path / "analysis"


def analysis(place, spans, schema="schema", **config):
    custom = {"analysis": str(place), "min_counts": {}, **config}
    return Analysis.of(custom, FUNCTION, schema, json.dumps(spans))


def make(tmp_path, *keys):
    """Entries as TensorFlow Transform writes them."""
    for key in keys:
        folder = tmp_path / "made" / key
        folder.mkdir(parents=True)
        for name in ("0-00000-of-00001.gz", "MANIFEST", "METADATA-00000-of-00001"):
            (folder / name).write_text(key)
    return str(tmp_path / "made")


def entries(place):
    return sorted(f"{path.name}" for path in place.glob("*/*"))


def test_nothing_is_kept_without_spans_or_a_place(place):
    assert Analysis.of({"analysis": ""}, FUNCTION, "schema", '{"1": "a"}') is None
    assert Analysis.of({}, FUNCTION, "schema", '{"1": "a"}') is None
    assert Analysis.of({"analysis": str(place)}, FUNCTION, "schema", "") is None


def test_an_entry_is_taken_for_the_same_playlists_code_and_schema_only(place, tmp_path):
    first = analysis(place, {"1": "a", "2": "b"})
    assert first.known() == []
    first.put(make(tmp_path, "span-00001-a", "span-00002-b"))
    assert analysis(place, {"1": "a", "2": "b"}).known() == [1, 2]
    assert analysis(place, {"1": "a", "2": "other", "3": "c"}).known() == [1]
    assert analysis(place, {"1": "a"}, schema="other").known() == []
    assert analysis(place, {"1": "a"}, min_counts={"tracks": 2}).known() == []
    assert analysis(place, {"1": "a"}, source_hash="v2").known() == []


def test_an_entry_without_a_manifest_is_none_and_is_replaced(place, tmp_path):
    found = analysis(place, {"1": "a"})
    found.put(make(tmp_path, "span-00001-a"))
    (entry,) = place.glob("*/*")
    (entry / "MANIFEST").unlink()
    (entry / "7-00000-of-00001.gz").write_text("of a run that was killed")
    assert found.known() == []
    (tmp_path / "made" / "span-00001-a").rmdir()
    found.put(make(tmp_path, "span-00001-a"))
    assert found.known() == [1]
    assert not (entry / "7-00000-of-00001.gz").exists()


def test_what_no_run_takes_any_more_goes(place, tmp_path):
    analysis(place, {"1": "a", "2": "b"}).put(make(tmp_path, "span-00001-a", "span-00002-b"))
    (tmp_path / "made" / "span-00001-a").rmdir()
    (tmp_path / "made" / "span-00002-b").rmdir()
    analysis(place, {"2": "new", "3": "c"}).put(make(tmp_path, "span-00002-new", "span-00003-c"))
    assert entries(place) == ["span-00001-a", "span-00002-new", "span-00003-c"]
    for name in ("span-00002-new", "span-00003-c"):
        (tmp_path / "made" / name).rmdir()
    analysis(place, {"1": "a"}, source_hash="v2").put(make(tmp_path, "span-00001-a"))
    assert entries(place) == ["span-00001-a"]
