from __future__ import annotations

import numpy as np

from models.data import HeldOutPlaylists
from models.data.holding_out import cut, part_of
from tests.models.training_fixture import two_genres

DATA, _ = two_genres(num_tracks=60, num_playlists=40, length=8)


def test_cuts_one_after_another() -> None:
    rows = np.arange(0, 20)
    part, new_ids = part_of(DATA, np.arange(20, 40))
    first, second = cut(DATA, rows, new_ids, 0), cut(DATA, rows, new_ids, 1)
    both = HeldOutPlaylists.concatenate([first, second])
    assert len(part.train) == 20
    assert not len(part.evaluation)
    assert len(both) == 40
    query = both.query()
    for row in range(40):
        held, index = (first, row) if row < 20 else (second, row - 20)
        expected = held.track_ids.row(index).tolist()
        assert query.track_ids[row].numpy().tolist() == expected
        assert both.artist_ids.row(row).tolist() == held.artist_ids.row(index).tolist()
    assert list(first.scenarios) != list(second.scenarios)
