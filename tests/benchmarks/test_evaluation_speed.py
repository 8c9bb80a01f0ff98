import dataclasses

import pytest

from benchmarks import evaluation_cases, evaluation_speed
from schema import features


def test_what_a_playlist_takes_is_a_difference_of_the_same_round() -> None:
    # 100 playlists more take 1 s and then 3 s, of CPU 2 s and 4 s.
    spent = {"few": [(5.0, 1.0), (6.0, 2.0)], "many": [(6.0, 3.0), (9.0, 6.0)]}
    few, many = ("few", 50), ("many", 150)
    assert evaluation_speed.per_playlist(spent, few, many, 0) == [10.0, 30.0]
    assert evaluation_speed.per_playlist(spent, few, many, 1) == [20.0, 40.0]


def test_ratios_are_above_1_where_scoring_is_quicker_than_bare() -> None:
    spent = {
        "few": [(5.0, 1.0), (6.0, 2.0)],
        "bare 8": [(0.4, 0.4), (0.3, 0.4)],
        "many": [(6.0, 3.0), (9.0, 6.0)],
    }
    figures = evaluation_speed.figures_of(spent, (50, 150), 20)
    # Bare takes 20 ms and 15 ms beside 10 ms and 30 ms, of CPU 20 ms twice beside 20 ms and 40 ms.
    assert figures == {
        "wall": {
            "ms_a_playlist": 20.0,
            "fixed_seconds": 4.5,
            "bare 8": {"ms_a_playlist": 17.5, "ratio": 1.25},
        },
        "cpu": {
            "ms_a_playlist": 30.0,
            "fixed_seconds": 0.0,
            "bare 8": {"ms_a_playlist": 20.0, "ratio": 0.75},
        },
    }


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return evaluation_cases.make("3000", tmp_path_factory.mktemp("case"))


def test_a_made_up_case_is_scored_as_significance_does(case, tmp_path) -> None:
    from components.significance.scoring import ModelScorer

    assert (case.tracks, case.factors) == (3000, 128)
    rows, recommended, _ = ModelScorer(case.model).score(
        [playlist.SerializeToString() for playlist in _held_out(case, tmp_path, 40)]
    )
    assert [row["pid"] for row in rows] == [str(number) for number in range(40)]
    assert all(len(set(tracks)) == 500 for tracks in recommended.tolist())
    assert sum(row["unreachable"] for row in rows) == 0  # All are of train.


def test_more_are_held_out_than_there_are_playlists_by_other_tracks(case, tmp_path) -> None:
    few = dataclasses.replace(case, playlists=case.playlists[:20])
    held = [example.features.feature for example in _held_out(few, tmp_path, 40)]
    withheld, seeds = (
        [sorted(each[name].bytes_list.value) for each in held]
        for name in (features.HOLDOUT_TRACK_URI, features.TRACK_URI)
    )
    assert withheld[:20] != withheld[20:]
    whole = [sorted(pair[0] + pair[1]) for pair in zip(withheld, seeds, strict=True)]
    assert whole[:20] == whole[20:]


def _held_out(case, folder, count):
    import tensorflow as tf

    case.hold_out(folder / "held-out", count)
    files = [str(path) for path in (folder / "held-out").iterdir()]
    records = tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()
    return [tf.train.Example.FromString(record) for record in records]
