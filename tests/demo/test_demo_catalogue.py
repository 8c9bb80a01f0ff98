from __future__ import annotations

import pathlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo import filling
from demo.backend import Track
from demo.catalogue import Catalogue
from tests.serving import toy_model

SONGS = [
    Track("u1", "Don't Stop Believin'", "Journey"),
    Track("u2", "Stop", "Spice Girls"),
    Track("u3", "Für Elise", "Beethoven"),
    Track("u4", "99 Luftballons", "Nena"),
    Track("u5", "夜に駆ける", "YOASOBI"),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("stop", ["u1", "u2"]),  # in the order in which they were added
        ("sto", ["u1", "u2"]),
        ("STOP jour", ["u1"]),  # title and artist together
        ("fur elise", ["u3"]),  # accents do not matter
        ("don't", ["u1"]),
        ("99", ["u4"]),
        ("夜", ["u5"]),
        ("top", []),  # words are found by how they begin
        ("stop nena", []),
        ("", []),
        (" .,!? ", []),
        ('"', []),
        ("title:stop OR NOT *", []),  # no operator of the search engine: just words
    ],
)
def test_words_find_tracks_by_how_they_begin(catalogue, text, found):
    catalogue.add(SONGS)
    assert [track.uri for track in catalogue.search(text, 10)] == found


def test_the_first_tracks_are_the_ones_that_were_added_first(catalogue):
    catalogue.add(Track(f"u{index:03d}", f"Song {index}", "Band") for index in range(300))
    assert [track.uri for track in catalogue.search("song", 3)] == ["u000", "u001", "u002"]


def test_a_track_is_kept_once_and_one_without_names_not_at_all(catalogue):
    catalogue.add([Track("u1", "First", "A"), Track("u1", "Second", "B"), Track("u2")])
    catalogue.add([Track("u1", "Third", "C")])
    assert len(catalogue) == 1
    assert catalogue.search("first", 5) == [Track("u1", "First", "A")]
    assert catalogue.search("second", 5) == []


@pytest.fixture(scope="module")
def shared() -> Catalogue:
    made = Catalogue()
    made.add(SONGS)
    return made


@settings(
    max_examples=200,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_text_breaks_the_search(shared, text):
    assert set(shared.search(text, 5)) <= set(SONGS)


def test_after_closing_nothing_is_found_and_nothing_fails():
    made = Catalogue()
    made.add(SONGS)
    made.close()
    made.add(SONGS)
    assert made.search("stop", 5) == []


def test_the_models_own_files_fill_it_whole(catalogue, fill, model_base):
    fill(model_base)
    assert catalogue.complete
    assert len(catalogue) == toy_model.TRACKS
    assert catalogue.search("track 3", 5) == [Track(toy_model.uri(3), "Track 3", "Artist 0")]


def test_without_files_popular_tracks_fill_it(catalogue, fill):
    fill(None)
    # The empty playlist's answer holds all eight tracks of the toy.
    assert not catalogue.complete
    assert len(catalogue) == toy_model.TRACKS


def test_the_latest_version_that_has_the_file_is_read(tmp_path):
    for version in (3, 20):
        (tmp_path / str(version) / "assets").mkdir(parents=True)
    (tmp_path / "3" / "assets" / "tracks.txt").write_text("a\n")
    assert filling.find_vocabulary(str(tmp_path)) == str(tmp_path / "3" / "assets" / "tracks.txt")
    (tmp_path / "20" / "assets" / "tracks.txt").write_text("b\n")
    assert pathlib.Path(filling.find_vocabulary(str(tmp_path))).parts[-3] == "20"
    (tmp_path / "empty").mkdir()
    assert filling.find_vocabulary(str(tmp_path / "empty")) is None


def test_long_lists_are_read_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(filling, "_AT_ONCE", 2)
    (tmp_path / "tracks.txt").write_bytes(b"a\nb\nc\n\xff\n\ne\n")
    batches = list(filling._batches(str(tmp_path / "tracks.txt")))
    assert batches == [["a", "b"], ["c", "\ufffd"], ["", "e"]]
