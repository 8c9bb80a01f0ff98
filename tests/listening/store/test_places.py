"""Where a store is, as a text says it."""

from __future__ import annotations

import pathlib
import sys

import pytest

from listening.store import PlaceError, open_store
from listening.store.feast import Place
from listening.store.feast.place import remember, remembered


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("out/store", "out/store: a store is KIND:DIR, KIND among embedded, feast"),
        ("redis:out", "redis:out: a store is KIND:DIR, KIND among embedded, feast"),
        ("embedded:", "embedded:: the directory: String should have at least 1 character"),
        ("embedded:out?redis=a:1", "there is no option redis; this store has none"),
        ("embedded:out?redis", "options are option=value, with & in between"),
        ("feast:out?port=1", "there is no option port; there are offline, project, python, redis"),
        ("feast:out?redis=here", "redis: String should match pattern"),
        ("feast:out?project=A-b", "project: String should match pattern"),
        ("feast:out?offline=bigquery:p", "offline: String should match pattern"),
        ("feast:out?ttl_days=-1", "ttl_days: Input should be greater than or equal to 0"),
        ("feast:out?python=none/here", "make feature-store sets Feast up"),
    ],
)
def test_a_text_that_names_no_store_says_what_does(
    place: str, says: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEGUE_FEAST_PYTHON", sys.executable)
    with pytest.raises(PlaceError) as raised:
        open_store(place, "features")
    assert says in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_belongs_to_one_place(tmp_path: pathlib.Path) -> None:
    here = Place(root=str(tmp_path), redis="a:1", python=sys.executable)
    assert remembered(str(tmp_path)) is None
    remember(here)
    remember(here)
    with pytest.raises(ValueError, match="was made with redis=a:1, not b:1: say that"):
        remember(here.model_copy(update={"redis": "b:1"}))


def test_what_a_place_says_is_kept(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_FEAST_PYTHON", sys.executable)
    said = Place(root=str(tmp_path), redis="a:1", project="p", offline="bigquery:my-project.data")
    remember(said)
    found = remembered(str(tmp_path))
    assert found == said
    assert found is not None
    assert found.dataset == "my-project.data"
