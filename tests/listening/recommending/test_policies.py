"""Policies are files: each that is shipped is sound, and each wrong key is named."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

from listening.recommending import blocklist, policies
from schema.option_files import OptionFileError
from tests.listening.recommending.making import artist, uri


def of(**change: Any) -> dict[str, Any]:
    """A change of the one shelf."""
    return {"shelves": [{**SHELF, **change}]}


SHELF = {"name": "all", "title": "All", "sources": ["model"], "most": 5}


def test_those_that_are_shipped(root: pathlib.Path) -> None:
    found = {policy.name: policy for policy in policies.load([root / "configs" / "policies"])}
    assert list(found) == ["discover", "home", "new_releases"]
    assert all(policy.heard == "leave_out" and policy.per_artist for policy in found.values())
    assert (found["discover"].days, found["new_releases"].days, found["home"].days) == (0, 28, 28)
    assert len(found["home"].shelves) > 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shelf": []}, "shelf: no such key; accepted are name, description, heard"),
        (
            {"shelves": [{**SHELF, "top": 1}]},
            "shelves.0.top: no such key; accepted are name, title",
        ),
        (of(most=0), "shelves.0.most: Input should be greater than"),
        (of(sources=["magic"]), "'model', 'similar', 'releases' or 'popu"),
        (of(sources=["model", "model"]), "one stands twice"),
        (
            {"shelves": [{**SHELF, "title": "{track}"}]},
            "{track} is not known here; accepted are no",
        ),
        (of(title="a {"), "a brace is not closed"),
        (
            {"shelves": [{**SHELF, "sources": ["similar"], "title": "{x}"}]},
            "are {artist} and {track}",
        ),
        ({"shelves": [SHELF, SHELF]}, "shelves: two are named all"),
        ({"shelves": []}, "shelves: "),
        ({"heard": "maybe"}, "heard: Input should be 'leave_out' or 'keep', not 'maybe'"),
        ({"market": "us"}, "market: "),
        ({"per_artist": 0}, "per_artist: "),
        ({"name": "other"}, "name: 'other' is not the file's, 'some'"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], says: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "some.yaml"
    path.write_text(yaml.safe_dump({"name": "some", "shelves": [SHELF], **change}))
    with pytest.raises(OptionFileError) as error:
        policies.load([path])
    assert str(error.value).startswith(f"{path}: ")
    assert says in str(error.value)


def test_where_there_is_none(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match=r"holds no policies: a file NAME\.yaml each"):
        policies.load([tmp_path])
    with pytest.raises(ValueError, match="name a file or a folder"):
        policies.load([])
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"name": "a", "shelves": [SHELF]}))
    with pytest.raises(ValueError, match="another file has the policy a"):
        policies.load([tmp_path, tmp_path / "a.yaml"])
    (tmp_path / "a.yaml").write_text("[1]")
    with pytest.raises(OptionFileError, match="holds no keys; accepted are name, description"):
        policies.load([tmp_path])


def test_a_blocklist(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "blocked.txt"
    path.write_text(f"# nobody\n\n{uri(1)}\n  {artist(2)} \n")
    found = blocklist.load(path)
    assert (found.tracks, found.artists) == ((uri(1),), (artist(2),))
    path.write_text(f"{uri(1)}\nspotify:album:x\n")
    with pytest.raises(ValueError, match="line 2: 'spotify:album:x' is not accepted: spotify:tra"):
        blocklist.load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="is no text in UTF-8"):
        blocklist.load(path)
