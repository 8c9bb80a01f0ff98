from __future__ import annotations

import collections
import gzip
import itertools
import json
import os
import random
import re
from pathlib import Path

import numpy as np
import pytest

from sample import names, titles
from sample.generator import generate, write_slices
from sample.playlists import PlaylistMaker
from sample.world import GENRES, MOODS, build_world, catalogue_bound, catalogue_size, choose_by_row

PLAYLIST_FIELDS = {
    "name": str, "collaborative": str, "pid": int, "modified_at": int, "num_tracks": int,
    "num_albums": int, "num_followers": int, "tracks": list, "num_edits": int, "duration_ms": int,
    "num_artists": int,
}  # fmt: skip
TRACK_FIELDS = {
    "pos": int, "artist_name": str, "track_uri": str, "artist_uri": str, "track_name": str,
    "album_uri": str, "duration_ms": int, "album_name": str,
}  # fmt: skip


@pytest.fixture(scope="module")
def maker():
    return PlaylistMaker(1000, seed=7)


@pytest.fixture(scope="module")
def playlists(maker):
    return [maker.playlist(index) for index in range(1000)]


def test_every_field_of_the_mpd_is_there_with_its_type(playlists):
    for playlist in playlists:
        fields = {key: type(value) for key, value in playlist.items() if key != "description"}
        assert fields == PLAYLIST_FIELDS
        for track in playlist["tracks"]:
            assert {key: type(value) for key, value in track.items()} == TRACK_FIELDS
    described = sum("description" in playlist for playlist in playlists)
    assert 1 <= described <= 60  # 2% are expected to
    assert {playlist["collaborative"] for playlist in playlists} == {"true", "false"}


def test_counts_agree_with_the_tracks(playlists):
    for playlist in playlists:
        tracks = playlist["tracks"]
        assert [track["pos"] for track in tracks] == list(range(playlist["num_tracks"]))
        assert playlist["duration_ms"] == sum(track["duration_ms"] for track in tracks)
        assert playlist["num_artists"] == len({track["artist_uri"] for track in tracks})
        assert playlist["num_albums"] == len({track["album_uri"] for track in tracks})
        assert playlist["num_artists"] >= 2
        assert playlist["num_followers"] >= 1
        assert playlist["modified_at"] % 86_400 == 0


def test_uris_are_of_spotifys_form_and_name_one_thing(playlists):
    seen = {}
    for track in itertools.chain.from_iterable(playlist["tracks"] for playlist in playlists):
        for kind in ("track", "artist", "album"):
            assert re.fullmatch(rf"spotify:{kind}:[0-9A-Za-z]{{22}}", track[f"{kind}_uri"])
        facts = {key: value for key, value in track.items() if key != "pos"}
        assert seen.setdefault(track["track_uri"], facts) == facts


def test_lengths_are_those_of_the_mpd(playlists):
    lengths = [playlist["num_tracks"] for playlist in playlists]
    assert min(lengths) >= 5
    assert max(lengths) <= 250
    # The standard deviation is 55, so the mean of 1,000 lies within 66 +- 3 * 1.75.
    assert abs(np.mean(lengths) - 66) < 5.3


def test_followers_have_a_long_tail(playlists):
    followers = np.array([playlist["num_followers"] for playlist in playlists])
    assert np.median(followers) == 1
    assert followers.max() > 10 * followers.mean()


def test_popularity_is_near_zipf(playlists):
    counts = collections.Counter(
        track["track_uri"] for playlist in playlists for track in playlist["tracks"]
    )
    ranked = np.array(sorted(counts.values(), reverse=True)[10:1000], dtype=float)
    slope, _ = np.polyfit(np.log(np.arange(11, 1001)), np.log(ranked), 1)
    assert -1.2 < slope < -0.4


def test_tracks_of_a_genre_occur_together(maker, playlists):
    genre_of = {}
    for artist, scene in enumerate(maker.world.artist_scene):
        genre_of[names.uri(7, "artist", artist)] = int(maker.world.scene_genre[scene])
    same = pairs = 0
    share = collections.Counter()
    for playlist in playlists:
        genres = [genre_of[track["artist_uri"]] for track in playlist["tracks"]]
        share.update(genres)
        same += sum(one == other for one, other in itertools.pairwise(genres))
        pairs += len(genres) - 1
    # By chance, neighbours share their genre as often as two draws from all tracks do.
    total = share.total()
    chance = sum((count / total) ** 2 for count in share.values())
    assert same / pairs > 2 * chance


def test_neighbours_in_playlists_tell_more_than_popularity(playlists):
    ids = {}
    rows = [
        list(dict.fromkeys(ids.setdefault(track["track_uri"], len(ids)) for track in p["tracks"]))
        for p in playlists
    ]
    held_in = np.zeros((900, len(ids)), dtype=np.float32)
    for row, tracks in enumerate(rows[:900]):
        held_in[row, tracks] = 1
    popularity = held_in.sum(axis=0)
    hits = collections.Counter()
    for tracks in rows[900:]:
        seeds, withheld = tracks[: len(tracks) // 2], tracks[len(tracks) // 2 :]
        together = held_in.T @ held_in[:, seeds].sum(axis=1)  # tracks of playlists with the seeds
        scores = {"popular": popularity, "together": together / np.sqrt(popularity + 1)}
        for name, score in scores.items():
            kept = np.where(np.isin(np.arange(len(ids)), seeds), -1, score)
            hits[name] += np.isin(np.argsort(-kept)[: len(withheld)], withheld).sum()
    assert hits["together"] > 1.5 * hits["popular"]


def test_titles_tell_the_genre(maker, playlists):
    genre_names = list(GENRES)
    genre_of = {
        names.uri(7, "artist", artist): genre_names[maker.world.scene_genre[scene]]
        for artist, scene in enumerate(maker.world.artist_scene)
    }

    def share_of_country(chosen):
        tracks = [track for playlist in chosen for track in playlist["tracks"]]
        return np.mean([genre_of[track["artist_uri"]] == "country" for track in tracks])

    titled = [playlist for playlist in playlists if "country" in playlist["name"].lower()]
    assert len(titled) >= 5
    assert share_of_country(titled) > 3 * share_of_country(playlists)


def test_titles_are_also_generic_emoji_and_misspelt(playlists):
    typed = collections.Counter(playlist["name"].lower() for playlist in playlists)
    assert typed["music"] >= 1
    assert any(not title.isascii() for title in typed)

    assert titles.misspell(random.Random(1), "abc") == "abc"
    for seed in range(20):
        misspelt = titles.misspell(random.Random(seed), "country")
        assert misspelt != "country"
        assert len(misspelt) in (6, 7, 8)


def test_some_names_are_not_ascii(playlists):
    artists = {track["artist_name"] for playlist in playlists for track in playlist["tracks"]}
    foreign = sum(not artist.isascii() for artist in artists)
    assert 0.1 < foreign / len(artists) < 0.3
    assert all(artist.encode().decode() == artist for artist in artists)


def test_the_same_seed_gives_the_same_playlists_and_another_does_not():
    first = list(generate(30, seed=3))
    assert list(generate(30, seed=3)) == first
    assert list(generate(30, seed=4)) != first


def test_a_playlist_depends_on_no_other(maker, playlists):
    fresh = PlaylistMaker(1000, seed=7)
    for index in (999, 0, 500):
        assert fresh.playlist(index) == playlists[index]


def test_a_larger_sample_of_the_same_step_starts_with_the_smaller(playlists):
    assert list(generate(300, seed=7)) == playlists[:300]


def test_the_catalogue_grows_in_steps_and_sublinearly():
    assert [catalogue_bound(n) for n in (1, 250, 251, 2000, 4001)] == [250, 250, 1000, 4000, 16000]
    assert catalogue_size(2000) == 14_000
    assert 2_200_000 < catalogue_size(1_000_000) < 2_400_000  # the MPD has 2,262,292


def test_playlists_longer_than_their_scenes_are_filled():
    # 250 of a catalogue of 1,750: the longest playlists exhaust what their theme offers.
    longest = max(generate(250, seed=0), key=lambda playlist: playlist["num_tracks"])
    uris = [track["track_uri"] for track in longest["tracks"]]
    assert longest["num_tracks"] > 200
    assert len(set(uris)) >= len(uris) - 1


def test_world_is_consistent():
    world = build_world(250, seed=1)
    assert world.artist_start[-1] == world.tracks
    assert len(world.cell_start) == world.scenes * len(MOODS) + 1
    assert world.cell_start[-1] == len(world.entry_track)
    assert set(world.entry_track.tolist()) == set(range(world.tracks))
    # An album has one artist.
    assert len(set(zip(world.album_of, world.artist_of, strict=True))) == world.album_of[-1] + 1


def test_choose_by_row():
    summed = np.array([[0.5, 1.0, 1.0], [0.0, 0.25, 1.0]])
    rows = np.array([0, 0, 0, 1, 1, 1])
    draws = np.array([0.0, 0.49, 0.5, 0.0, 0.25, 0.999])
    assert choose_by_row(summed, rows, draws).tolist() == [0, 0, 1, 1, 2, 2]


def test_slices_are_named_by_their_positions(tmp_path):
    paths = write_slices(tmp_path / "new", 25, seed=1, slice_size=10)
    assert [path.rsplit("/", 1)[-1] for path in paths] == [
        "mpd.slice.0-9.json",
        "mpd.slice.10-19.json",
        "mpd.slice.20-24.json",
    ]
    slices = [json.loads(Path(path).read_bytes()) for path in paths]
    assert [content["info"]["slice"] for content in slices] == ["0-9", "10-19", "20-24"]
    assert all(set(content["info"]) == {"generated_on", "slice", "version"} for content in slices)
    written = [playlist for content in slices for playlist in content["playlists"]]
    assert written == list(generate(25, seed=1))
    assert not list((tmp_path / "new").glob(".*"))


def test_compressed_slices_and_workers_write_the_same(tmp_path):
    (plain,) = write_slices(tmp_path / "a", 5, seed=1)
    packed = write_slices(tmp_path / "b", 5, seed=1, slice_size=3, compress=True, workers=2)
    assert [path.rsplit("/", 1)[-1] for path in packed] == [
        "mpd.slice.0-2.json.gz",
        "mpd.slice.3-4.json.gz",
    ]
    unpacked = [
        json.loads(gzip.decompress(Path(path).read_bytes()))["playlists"] for path in packed
    ]
    assert unpacked[0] + unpacked[1] == json.loads(Path(plain).read_bytes())["playlists"]


@pytest.mark.parametrize("compress", [False, True])
def test_writing_again_touches_nothing(tmp_path, compress):
    (path,) = write_slices(tmp_path, 5, seed=1, compress=compress)

    os.utime(path, (1, 1))
    write_slices(tmp_path, 5, seed=1, compress=compress)
    assert os.stat(path).st_mtime == 1
    write_slices(tmp_path, 5, seed=2, compress=compress)
    assert os.stat(path).st_mtime > 1


def test_slices_of_another_sample_are_an_error(tmp_path):
    write_slices(tmp_path, 20, seed=1, slice_size=10)
    with pytest.raises(FileExistsError, match=r"1 other slices, such as mpd\.slice\.10-19\.json"):
        write_slices(tmp_path, 10, seed=1, slice_size=10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"playlists": 0, "seed": 1}, "playlists: 0 is not between 1 and 10,000,000"),
        ({"playlists": 1, "seed": -1}, "seed: -1 is negative"),
        ({"playlists": 1, "seed": 1, "slice_size": 0}, "slice_size: 0 is not at least 1"),
        ({"playlists": 1, "seed": 1, "workers": 0}, "workers: 0 is not at least 1"),
    ],
)
def test_bad_arguments_name_themselves(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        write_slices(tmp_path, **arguments)
