"""Which playlists go along with listeners, by when they were changed."""

from __future__ import annotations

import json
import pathlib

import pandas as pd
import pytest

from pipeline import playlists_along


@pytest.mark.parametrize("hour", [0, 1, 23])
def test_a_playlist_changed_on_the_day_of_the_cut_stays_behind(
    hour: int, tmp_path: pathlib.Path
) -> None:
    """Its time is rounded down to midnight, so it may have been changed after the cut."""
    midnight = int(pd.Timestamp("2017-11-08T00Z").timestamp())
    times = [midnight - 86_400, midnight, midnight + 86_400, None]
    playlists = [{"pid": pid, "modified_at": time} for pid, time in enumerate(times)]
    (tmp_path / "mpd.slice.0-9.json").write_text(json.dumps({"playlists": playlists}))
    (tmp_path / "out").mkdir()
    found = playlists_along.copy(str(tmp_path), str(tmp_path / "out"), midnight + hour * 3600)
    assert found == playlists_along.Along(playlists=2, changed_later=2, undated=1)
