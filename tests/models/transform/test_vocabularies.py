import collections
import itertools

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing.util import assert_that
from hypothesis import given
from hypothesis import strategies as st

from models.transform import counting, vocabularies
from schema import features

MIN_COUNTS = {"tracks": 1, "artists": 1, "albums": 2, "title_ngrams": 2}
_VALUES = st.lists(st.binary(max_size=3), max_size=30)


def batches(*columns: list[list[bytes]]) -> list[tuple[np.ndarray, ...]]:
    return [
        tuple(np.array(values, object) for values in batch) for batch in zip(*columns, strict=True)
    ]


def count(given_batches, bundles: int = 1) -> list[counting.Part]:
    """Counts in bundles, and merges them, as Beam would do it."""
    parts: list[counting.Part] = []
    for bundle in range(bundles):
        worker = counting.CountBatches()
        worker.start_bundle()
        for batch in given_batches[bundle::bundles]:
            parts += worker.process(batch)
        parts += [element.value for element in worker.finish_bundle()]
    grouped = collections.defaultdict(list)
    for kind, shard, table in parts:
        grouped[kind, shard].append(table)
    return [counting._added(key, tables) for key, tables in grouped.items()]


def counts_of(parts, kind: int) -> dict[bytes, int]:
    table = counting.tables_of(parts, kind)
    assert len(table) == len(set(table["value"].to_pylist())), "a value lies in two shards"
    return dict(zip(table["value"].to_pylist(), table["count"].to_pylist(), strict=True))


@given(st.lists(st.tuples(_VALUES, _VALUES), max_size=6), st.integers(1, 3))
def test_counts_are_those_of_all_batches_however_they_are_bundled(rows, bundles):
    parts = count([tuple(np.array(v, object) for v in row) for row in rows], bundles)
    for kind in (0, 1):
        wanted = collections.Counter(itertools.chain.from_iterable(row[kind] for row in rows))
        assert counts_of(parts, kind) == wanted


def test_a_worker_passes_on_what_it_cannot_keep(monkeypatch):
    monkeypatch.setattr(counting, "_WAITING", 4)
    monkeypatch.setattr(counting, "_KEPT", 6)
    worker = counting.CountBatches()
    worker.start_bundle()
    numbers = [[b"%d" % n for n in range(start, start + 4)] for start in range(0, 40, 4)]
    passed = [part for batch in batches(numbers) for part in worker.process(batch)]
    rest = [element.value for element in worker.finish_bundle()]
    assert passed
    table = counting.merged([counting._unpacked(p[2]) for p in [*passed, *rest]])
    assert sorted(table["value"].to_pylist()) == sorted(b"%d" % n for n in range(40))
    assert set(table["count"].to_pylist()) == {1}


@pytest.fixture
def written(tmp_path):
    def write(lines: list[bytes], ngrams: list[bytes]) -> dict[str, list[bytes]]:
        parts = count(batches([lines], [ngrams]))
        paths = {o.tag: str(o.value) for o in vocabularies.write(str(tmp_path), parts, MIN_COUNTS)}
        return {name: open(path, "rb").read().splitlines() for name, path in paths.items()}

    return write


def test_the_most_frequent_comes_first_and_of_equals_the_greater(written):
    files = written(
        [b"t1\tn\ta\tA\tX", b"t2\tn\ta\tA\tX", b"t2\tn\ta\tA\tX", b"t3\tn\tb\tB\tY"], []
    )
    assert files["tracks"] == [b"t2", b"t3", b"t1"]
    assert files["artists"] == [b"A", b"B"]
    assert files["albums"] == [b"X"]  # Y occurs once


def test_the_catalogue_has_the_most_frequent_spelling_of_each_track_in_their_order(written):
    old, new = b"t1\told\ta\tA\t", b"t1\tnew\ta\tA\t"
    other = b"t2\tn\ta\tA\t"
    files = written([old, new, new, *[other] * 2], [])
    assert files["tracks"] == [b"t1", b"t2"]
    assert files[features.CATALOGUE_VOCABULARY] == [new, other]


def test_what_is_too_rare_or_empty_is_left_out(written):
    files = written([b"t1\tn\t\t\t"], [b"ab", b"ab", b"c", b"", b""])
    assert files["title_ngrams"] == [b"ab"]
    assert files["artists"] == files["albums"] == [vocabularies._PLACEHOLDER]


def test_an_entry_of_the_cache_is_read_as_it_was_written():
    coder = vocabularies._Coder()
    for part in count(batches([[b"a", b"b"]], [[b"c"]])):
        assert coder.decode_cache(coder.encode_cache(part)) == part


def test_parts_are_merged_by_beam():
    parts = [*count(batches([[b"a", b"b"]])), *count(batches([[b"b", b"c"]]))]

    def check(found):
        assert counts_of(found, 0) == {b"a": 1, b"b": 2, b"c": 1}

    with beam.Pipeline() as pipeline:
        assert_that(pipeline | beam.Create(parts) | counting.MergeParts(), check)


@pytest.mark.parametrize("step", [vocabularies._Count, counting.MergeParts, vocabularies._Coder])
def test_steps_are_spelled_the_same_in_every_process(step):
    """tf.Transform's cache finds an entry again by it."""
    assert "0x" not in repr(step())
