from __future__ import annotations

import csv
import dataclasses
import io
import json

import pytest

from schema.scores import Basis
from serving.client import render
from serving.protocol import Continuation, Playlist, Recommendation

ANSWER = Continuation(
    Playlist("road [bold]trip[/]", ("a", "b"), "7"),
    (
        Recommendation(1, "spotify:track:x", 12.5, "A \x1b[31mred, song", "Ö"),
        Recommendation(2, "spotify:track:y", -0.25, "", ""),
    ),
    3,
    1,
    Basis.TRACKS,
)
EMPTY = Continuation(Playlist("", ("a",)), (), 3)


def rendered(form: str, *answers: Continuation) -> str:
    stream = io.StringIO()
    render(answers, form, stream)
    return stream.getvalue()


def test_table() -> None:
    text = rendered("table", ANSWER, EMPTY)
    joined = " ".join(text.split())
    assert '"road [bold]trip[/]" with 2 tracks, 1 of 2 seeds known by the model' in joined
    assert (
        "scores: the model's, from the known tracks; they rank this answer" in joined
    )  # markup in a title is shown, not obeyed
    assert "untitled with 1 track " in text
    assert "1 of 1" not in text  # what was not asked is not told
    assert "12.5" in text
    assert "Ö" in text
    assert "\x1b" not in text  # nor do control codes of a title reach the terminal
    assert "model version 3" in text
    assert "nothing to recommend" in text


def test_table_without_names_shows_uris() -> None:
    nameless = Continuation(Playlist("x"), (Recommendation(1, "spotify:track:x", 1.0),), 1)
    assert "spotify:track:x" in rendered("table", nameless)


def test_json() -> None:
    (answer,) = json.loads(rendered("json", ANSWER))
    assert answer["model_version"] == 3
    assert answer["playlist"]["track_uris"] == ["a", "b"]
    assert (answer["seeds"], answer["seeds_known"]) == (2, 1)
    assert (answer["basis"], answer["comparable"]) == ("tracks", False)
    popular = dataclasses.replace(ANSWER, basis=Basis.POPULARITY)
    assert json.loads(rendered("json", popular))[0]["comparable"] is True
    assert answer["recommendations"][0] == {
        "rank": 1,
        "track_uri": "spotify:track:x",
        "score": 12.5,
        "track_name": "A \x1b[31mred, song",
        "artist_name": "Ö",
    }


def test_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(rendered("csv", ANSWER, EMPTY))))
    assert [row["playlist"] for row in rows] == ["7", "7"]
    assert rows[0]["track_name"] == "A \x1b[31mred, song"
    assert float(rows[1]["score"]) == -0.25
    assert [rows[0][key] for key in ("seeds", "seeds_known", "basis")] == ["2", "1", "tracks"]


@pytest.mark.parametrize("start", [*"=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"])
def test_csv_has_no_formulas(start: str) -> None:
    text = start + 'HYPERLINK("http://x")|cmd'
    answer = Continuation(
        Playlist(text),
        (Recommendation(1, text, -0.5, text, text), Recommendation(2, "a=b", 1.0)),
        3,
    )
    inert, plain = csv.reader(io.StringIO(rendered("csv", answer).partition("\n")[2], newline=""))
    told = ["0", "", ""]
    assert inert == ["'" + text, "1", "'" + text, "-0.5", "'" + text, "'" + text, "3", *told]
    assert plain == ["'" + text, "2", "a=b", "1.0", "", "", "3", *told]


def test_csv_keeps_a_line_break_within_its_cell() -> None:
    answer = Continuation(Playlist("x"), (Recommendation(1, "u", 1.0, "a\r=1+1", "b\n=1"),), 3)
    (row,) = csv.reader(io.StringIO(rendered("csv", answer).partition("\n")[2], newline=""))
    assert row[4:6] == ["b\n=1", "a\r=1+1"]


def test_csv_shows_a_nul_as_a_character_that_is_missing() -> None:
    answer = Continuation(Playlist("a\0b"), (Recommendation(1, "u", 1.0, "\0", "c\0"),), 3)
    (row,) = csv.reader(io.StringIO(rendered("csv", answer).partition("\n")[2]))
    assert (row[0], *row[4:6]) == ("a\ufffdb", "c\ufffd", "\ufffd")


def test_unknown_format() -> None:
    with pytest.raises(ValueError, match="'xml' is not a valid Format"):
        rendered("xml")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_programs_get_every_character_through_any_stream(encoding: str) -> None:
    name = "Ö 🎸"
    answer = Continuation(Playlist(name), (Recommendation(1, "u", 1.0, name, name),), 3)
    for form in ("json", "csv"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        render([answer], form, stream)
        stream.seek(0)
        text = stream.read()
        if form == "json":
            assert json.loads(text)[0]["recommendations"][0]["track_name"] == name
        else:
            assert r"\U0001f3b8" in text
