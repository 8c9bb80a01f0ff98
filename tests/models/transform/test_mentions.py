from __future__ import annotations

from collections.abc import Sequence

import pytest
import tensorflow as tf

from models.transform import titles
from models.transform.mentions import mention_ids, spans

NAMES = [
    "drake",
    "the weeknd",
    "ac dc",
    "r&b",
    "dj khaled",
    "a b c d e",
    "one two three four five six",
]


def lookup(texts: tf.Tensor) -> tf.Tensor:
    ids = [NAMES.index(text.decode()) if text.decode() in NAMES else -1 for text in texts.numpy()]
    return tf.constant(ids, tf.int64)


def found(names: Sequence[str]) -> list[list[int]]:
    normalized = titles.normalize(tf.constant(names, tf.string))
    return mention_ids(normalized, lookup).to_list()


def test_spans_by_hand() -> None:
    cut = spans(tf.constant(["the weeknd mix", "", "pop"])).to_list()
    assert cut == [
        [b"the", b"weeknd", b"mix", b"the weeknd", b"weeknd mix", b"the weeknd mix"],
        [],
        [b"pop"],
    ]


def test_spans_have_five_words_at_most() -> None:
    (cut,) = spans(tf.constant(["1 2 3 4 5 6 7"])).to_list()
    assert len(cut) == 7 + 6 + 5 + 4 + 3
    assert max(len(span.split()) for span in cut) == 5


def test_very_long_titles_are_cut() -> None:
    (cut,) = spans(tf.constant(["a " * 5000])).to_list()
    assert len(cut) == 128 + 127 + 126 + 125 + 124


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Drake", [1]),
        ("best of DRAKE!", [0]),
        ("drakes", []),
        ("The Weeknd", [3]),
        ("weeknd", []),
        ("AC/DC", [5]),
        ("ac-dc", []),
        ("R&B", [7]),
        ("Drake, The Weeknd", [0, 2]),
        ("drake drake", [0]),
        ("a b c d e", [11]),
        ("one two three four five six", []),
        ("", []),
        ("!!!", []),
        ("🔥", []),
    ],
)
def test_what_titles_name(title: str, expected: list[int]) -> None:
    assert found([title]) == [expected]


def test_titles_do_not_get_mixed_up() -> None:
    assert found(["drake", "", "dj khaled and drake", "drake"]) == [[1], [], [0, 8], [1]]
    assert found([]) == []
