"""`audio_embeddings`: from the contract's table and from exports, and from sound itself."""

from __future__ import annotations

import datetime
import math
import pathlib
import sys
import wave

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listening.features import audio, partitions
from listening.features.audio import descriptors, files
from listening.features.audio.scale import Scale
from schema.tables import AUDIO, DESCRIPTORS, conform
from tests.listening.features.conftest import World, cut

WHEN = cut(8)
IDS = [f"{number:022d}" for number in range(4)]
URIS = [f"spotify:track:{name}" for name in IDS]


def table(folder: pathlib.Path, **columns: list[float | None]) -> str:
    path = folder / "audio.parquet"
    rows = pa.table({"track_uri": URIS[: len(next(iter(columns.values())))], **columns})
    pq.write_table(conform(rows, AUDIO), path)
    return str(path)


def read(features: pathlib.Path, when: datetime.datetime = WHEN) -> pa.Table:
    return partitions.read(str(features), "audio_embeddings", when)


def test_standardised_in_the_order_of_the_contract(tmp_path: pathlib.Path) -> None:
    path = table(tmp_path, energy=[0.2, 0.4, 0.6, None], tempo=[100.0, 100.0, 100.0, 100.0])
    built = audio.build_from_tables([path], str(tmp_path / "f"), WHEN)
    found = read(tmp_path / "f")
    assert found.column("track_uri").to_pylist() == URIS
    vectors = np.array(found.column("vector").to_pylist())
    place = DESCRIPTORS.index("energy")
    one = 0.2 / math.sqrt(0.08 / 3)
    assert vectors[:, place] == pytest.approx([-one, 0, one, 0], abs=1e-6)
    assert not np.delete(vectors, place, axis=1).any()
    lacking = set(DESCRIPTORS) - {"energy", "tempo"}
    assert [set(row) for row in found.column("missing").to_pylist()] == [
        *([lacking] * 3),
        lacking | {"energy"},
    ]
    assert built.missing == {"energy": 1, **dict.fromkeys(lacking, 4)}
    assert built.space.startswith("descriptors-")
    assert set(found.column("space").to_pylist()) == {built.space}
    assert not audio.build_from_tables([path], str(tmp_path / "f"), WHEN).changed


def test_a_world(world: World, tmp_path: pathlib.Path) -> None:
    path = str(world.folder / "audio.parquet")
    built = audio.build_from_tables([path], str(tmp_path), WHEN)
    raw = pq.read_table(path).sort_by("track_uri")
    vectors = np.array(read(tmp_path).column("vector").to_pylist())
    assert built.counts["tracks"] == raw.num_rows == len(vectors)
    for place, name in enumerate(DESCRIPTORS):
        values = np.array(raw.column(name).to_pylist(), float)
        assert vectors[:, place] == pytest.approx((values - values.mean()) / values.std(), abs=1e-5)


EXPORTS = {
    "exportify": (
        '\ufeff"Track URI","Track Name","Artist Name(s)",'
        '"Danceability","Energy","Loudness","Tempo"\n'
        f'"{URIS[0]}","A ""B"", C","X, Y",0.5,0.25,-7.5,120.1\n'
        f'"{URIS[1]}","Two\nlines","Z",0.7,0.75,-5.5,99\n'
        '"spotify:local:::x:1","Local","Z",,,,\n'
    ),
    "ids": (
        "id;name;energy;tempo;danceability;loudness\n"
        f"{IDS[0]};a;0.25;120.1;0.5;-7.5\n{IDS[1]};b;0.75;99;0.7;-5.5\n;c;1;1;1;-1\n"
    ),
    "links": (
        "Spotify Track Id\tDANCEABILITY\tEnergy\tLoudness\tTempo\n"
        f"https://open.spotify.com/track/{IDS[0]}?si=x\t 0.5\t0.25\t-7.5\t120.1\n"
        f"{IDS[1]}\t0.7\t0.75\t-5.5\t99\nspotify:episode:{IDS[2]}\t1\t1\t-1\t1\n"
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_are_read_by_their_columns_names(name: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / f"{name}.csv"
    path.write_text(EXPORTS[name], encoding="utf-8")
    found = descriptors.read([str(path)])
    assert found.uris == URIS[:2]
    wanted = {"danceability": [0.5, 0.7], "energy": [0.25, 0.75], "loudness": [-7.5, -5.5]}
    for column, values in {**wanted, "tempo": [120.1, 99]}.items():
        assert found.values[:, DESCRIPTORS.index(column)].tolist() == values
    assert found.counts["no_tracks"] == 1
    assert found.missing() == dict.fromkeys(
        ("acousticness", "instrumentalness", "liveness", "speechiness", "valence"), 2
    )


def test_the_first_of_a_track_counts_and_odd_numbers_are_missing(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.csv"
    rows = [f"{IDS[0]},0.5", f"{IDS[0]},0.9", f"{IDS[1]},lots", f"{IDS[2]},inf", f"{IDS[3]},0.6"]
    path.write_text("\n".join(["uri,energy", *rows, f"{'A' * 22},7", f"{'B' * 22},0.1"]))
    found = descriptors.read([str(path)])
    energy = found.values[:, DESCRIPTORS.index("energy")].tolist()
    assert [None if math.isnan(value) else value for value in energy] == [
        *(0.5, None, None, 0.6, None, 0.1),
    ]
    assert (found.counts["repeated"], found.counts["out_of_range"]) == (1, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,energy\na,1\n", "no column names the track; one of trackuri, "),
        (f"uri,popularity\n{IDS[0]},3\n", "there is no descriptor; they are acousticness"),
        (f"uri,energy\n{IDS[0]},55\n{IDS[1]},80\n", "energy: values run from 55 to 80, where 0 to"),
        ("uri,energy\n", "no track is described"),
        ("", "no CSV"),
    ],
)
def test_what_cannot_be_used_is_told(content: str, message: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        descriptors.read([str(path)])


def test_vectors_compare_where_their_scale_is_one(tmp_path: pathlib.Path) -> None:
    one = tmp_path / "one.csv"
    one.write_text(f"uri,energy,valence\n{IDS[0]},0.2,0.1\n{IDS[1]},0.4,0.5\n")
    two = tmp_path / "two.csv"
    two.write_text(f"uri,energy,valence\n{IDS[2]},0.4,0.5\n")
    first = audio.build_from_tables([str(one)], str(tmp_path / "f"), WHEN)
    vectors = read(tmp_path / "f").column("vector").to_pylist()
    scale = f"{first.partition.folder}/scale.json"
    second = audio.build_from_tables([str(two)], str(tmp_path / "f"), cut(9), scale)
    assert second.space == first.space
    assert read(tmp_path / "f", cut(9)).column("vector").to_pylist() == [vectors[1]]
    other = audio.build_from_tables([str(two)], str(tmp_path / "g"), WHEN)
    assert other.space != first.space
    (tmp_path / "none.json").write_text("{}")
    with pytest.raises(ValueError, match="is no scale"):
        audio.build_from_tables([str(two)], str(tmp_path / "g"), WHEN, str(tmp_path / "none.json"))
    described = descriptors.read([str(two)])
    wrong = Scale(kind="descriptors", names=("energy",), means=(0.0,), deviations=(1.0,))
    with pytest.raises(ValueError, match="the scale is of energy"):
        list(wrong.rows(described))


def sound(path: pathlib.Path, pitch: float, seconds: float = 2.0) -> None:
    times = np.arange(int(22_050 * seconds)) / 22_050
    samples = (8_000 * np.sin(2 * np.pi * pitch * times)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(22_050)
        file.writeframes(samples.tobytes())


def test_sound(tmp_path: pathlib.Path) -> None:
    """Two notes are told apart by pitch and brightness; what is no sound or no track is counted."""
    pytest.importorskip("librosa", reason="librosa is not installed: the extra `audio`")
    folder = tmp_path / "sounds"
    folder.mkdir()
    sound(folder / f"low {IDS[0]}.wav", 220.0)
    sound(folder / f"{IDS[1]}.wav", 880.0)
    sound(folder / f"short-{IDS[2]}.wav", 880.0, seconds=0.1)
    sound(folder / "nameless.wav", 440.0)
    (folder / f"{IDS[3]}.wav").write_bytes(b"RIFF of nothing")
    (folder / "cover.jpg").write_bytes(b"")
    low, high = (
        files.analyse(str(folder / name)) for name in (f"low {IDS[0]}.wav", f"{IDS[1]}.wav")
    )
    assert low is not None
    assert high is not None
    centroid, a = files.NAMES.index("centroid_mean"), files.NAMES.index("chroma_a")
    assert low[centroid] < 400 < 800 < high[centroid]
    assert np.argmax(low[-12:]) == a - (len(files.NAMES) - 12)
    built = audio.build_from_files(str(folder), str(tmp_path / "f"), WHEN)
    assert built.counts == {"tracks": 2, "no_tracks": 1, "repeated": 0, "unreadable": 2}
    found = read(tmp_path / "f")
    assert found.column("track_uri").to_pylist() == URIS[:2]
    assert {len(vector) for vector in found.column("vector").to_pylist()} == {len(files.NAMES)}
    assert built.space.startswith("librosa-")


def test_without_the_library_it_says_what_to_install(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(audio.AudioExtraError, match=r"segue-recommender\[audio\]"):
        audio.build_from_files(str(tmp_path), str(tmp_path / "f"), WHEN)
    assert not (tmp_path / "f").exists()
