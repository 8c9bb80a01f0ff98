"""The normalisation must equal the challenge's own, written out below in Python.

What comes before it, that all spellings of a text are one, is in `test_folding.py`.
"""

from __future__ import annotations

import re
import unicodedata

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from models.transform import titles


def challenge_normalize(name: str) -> str:
    name = name.lower()
    name = re.sub(r"[.,\/#!$%\^\*;:{}=\_`~()@]", " ", name)
    return re.sub(r"\s+", " ", name).strip()


def ngrams(title: str, **kwargs: int) -> list[str]:
    row = titles.character_ngrams(tf.constant([title]), **kwargs)[0]
    return [gram.decode() for gram in row.numpy()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Chill  VIBES!!", "chill vibes"),
        ("r&b / hip-hop", "r&b hip-hop"),
        ("(2014) #throwback_@home", "2014 throwback home"),
        ("\t\nÉtÉ\u00a0mix ", "ete mix"),
        ("Ｒｏａｄ\u3000Ｔｒｉｐ！", "road trip"),
        ("e\u0301te\u0301…", "ete"),
        ("🔥🔥", "🔥🔥"),
        ("...", ""),
        ("", ""),
    ],
)
def test_normalize(name: str, expected: str) -> None:
    assert titles.normalize(tf.constant(name)).numpy().decode() == expected


@settings(max_examples=100, deadline=None)
@given(
    st.text(st.characters(max_codepoint=0x7F, exclude_characters="\x1c\x1d\x1e\x1f"), max_size=30)
)
def test_normalize_equals_the_challenges(name: str) -> None:
    assert titles.normalize(tf.constant(name)).numpy().decode() == challenge_normalize(name)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30))
def test_all_spellings_of_a_title_are_one(name: str) -> None:
    forms = [unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    found = titles.normalize(tf.constant([name, *forms])).numpy()
    assert len(set(found)) == 1


def test_normalize_keeps_shape_and_survives_invalid_utf8() -> None:
    result = titles.normalize(tf.constant([[b"\xff\xfeROCK", b"B"]]))
    assert result.shape == (1, 2)
    assert result.numpy()[0, 0].decode().endswith("rock")


def test_ngrams_of_a_short_title() -> None:
    # " pop ": 4 pairs, then 3 triples.
    assert ngrams("pop", max_n=3) == [" p", "po", "op", "p ", " po", "pop", "op "]


def test_ngrams_count_characters_not_bytes() -> None:
    assert ngrams("🔥") == [" 🔥", "🔥 ", " 🔥 "]


def test_default_lengths() -> None:
    # " rock ": 6 characters have 5 pairs, 4 triples, 3 of four and 2 of five.
    assert len(ngrams("rock")) == 5 + 4 + 3 + 2


def test_empty_titles_have_no_ngrams() -> None:
    result = titles.character_ngrams(tf.constant(["", "a", ""]))
    assert result.row_lengths().numpy().tolist() == [0, 3, 0]
    assert titles.character_ngrams(tf.constant([], tf.string)).nrows() == 0


def test_a_very_long_title_is_cut() -> None:
    characters = titles.MAX_CHARACTERS + 2
    assert len(ngrams("a" * 10_000, min_n=2, max_n=2)) == characters - 1


@pytest.mark.parametrize(("low", "high"), [(0, 2), (3, 2)])
def test_bad_lengths_are_refused(low: int, high: int) -> None:
    with pytest.raises(ValueError, match="min_n"):
        titles.character_ngrams(tf.constant(["a"]), low, high)
