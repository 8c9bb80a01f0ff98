"""A table of what trends does not tell a run the plays that it withholds of listeners."""

from __future__ import annotations

import datetime
import json
import pathlib

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from listening.held_out import MANIFEST
from pipeline import tables_check
from pipeline.cli.main import app
from pipeline.overrides import load_config
from schema.side_tables import write_side_table
from schema.tables import AUDIO_EMBEDDINGS, AUDIO_NAME, TRENDING, TRENDING_NAME
from serving.protocol import ConfigError

CUT = "2017-11-12T00"
HOUR = datetime.timedelta(hours=1)
TIME = datetime.datetime(2017, 11, 12, tzinfo=datetime.timezone.utc)
LISTENERS = "holdout.of=listeners"


def slices(folder: pathlib.Path, cut: str | None = CUT) -> str:
    folder.mkdir(parents=True)
    (folder / "mpd.slice.listeners-00000.json").write_text('{"playlists": []}')
    if cut is not None:
        (folder / MANIFEST).write_text(json.dumps({"cut": cut}))
    return str(folder)


def table(folder: pathlib.Path, as_of: datetime.datetime) -> str:
    rows = pa.Table.from_pylist([], TRENDING)
    write_side_table(folder, TRENDING_NAME, rows, as_of)
    return str(folder)


def check(data: str, trending: str, *more: str) -> None:
    tables_check.check(load_config(None, [f"data={data}", f"trending={trending}", *more]))


@pytest.mark.parametrize("name", ["", "/mpd.slice.*", "/mpd.slice.listeners-00000.json"])
def test_a_table_of_a_later_time_is_refused(name: str, tmp_path: pathlib.Path) -> None:
    data, trending = slices(tmp_path / "data"), table(tmp_path / "trending", TIME + HOUR)
    with pytest.raises(ConfigError) as refused:
        check(data + name, trending, LISTENERS)
    assert str(refused.value) == (
        f"trending: {trending} is as of 2017-11-12T01:00 and so holds plays that are withheld of "
        f"the listeners in {data}, whose cut is 2017-11-12T00: write it with `segue events "
        "trending --as-of 2017-11-12T00`"
    )


def test_a_table_of_sound_of_a_later_time_is_refused(tmp_path: pathlib.Path) -> None:
    data, sound = slices(tmp_path / "data"), tmp_path / "sound"
    rows = pa.Table.from_pylist([], AUDIO_EMBEDDINGS)
    for time, refused in ((TIME, False), (TIME + HOUR, True)):
        write_side_table(sound, AUDIO_NAME, rows, time)
        config = load_config(None, [f"data={data}", f"cold_audio={sound}", LISTENERS])
        if refused:
            with pytest.raises(ConfigError, match="may know tracks that come out behind the cut"):
                tables_check.check(config)
        else:
            tables_check.check(config)


def test_what_leaks_nothing_is_not_refused(tmp_path: pathlib.Path) -> None:
    data, later = slices(tmp_path / "data"), table(tmp_path / "later", TIME + HOUR)
    # The same moment, as another zone spells it.
    east = datetime.timezone(3 * HOUR)
    check(data, table(tmp_path / "trending", TIME.astimezone(east)), LISTENERS)
    check(data, later)  # playlists are held out
    check(slices(tmp_path / "playlists", None), later, LISTENERS)
    check(str(tmp_path / "nowhere"), later, LISTENERS)
    check(data, str(tmp_path / "nowhere"), LISTENERS)


def test_of_spans_those_count_that_are_read(tmp_path: pathlib.Path) -> None:
    trending = table(tmp_path / "trending", TIME)
    slices(tmp_path / "span-1", "2017-11-11T00")
    slices(tmp_path / "span-2", CUT)
    data = str(tmp_path / "span-{SPAN}")
    check(data, trending, LISTENERS)
    for more in ("window=2", "span=1"):
        with pytest.raises(ConfigError, match="whose cut is 2017-11-11T00"):
            check(data, trending, LISTENERS, more)


def test_a_run_begins_with_it(tmp_path: pathlib.Path) -> None:
    data, trending = slices(tmp_path / "data"), table(tmp_path / "trending", TIME + HOUR)
    out = tmp_path / "out"
    asked = ["run", "--data", data, "--out", str(out), "--set", LISTENERS]
    done = CliRunner().invoke(app, [*asked, "--set", f"trending={trending}"])
    assert done.exit_code == 2
    assert f"segue events trending --as-of {CUT}" in " ".join(done.output.split())
    assert not (out / "metadata.db").exists()
