"""What the graph gives must be what Python's own tables of Unicode give."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterator

import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.transform import folding

# Of every kind that spellings differ in, so that examples need not be found by chance.
TRICKY = "eéÉñßſ\u0130\u0301\u0323\u0345\u0307ﬁ½①ＡｂﾊﾟハがΣς각\u1100\u1161ก็ु\u200d\ufe0f❤Å\u212b …"
TEXT = st.text(st.sampled_from(TRICKY) | st.characters(exclude_categories=("Cs",)), max_size=12)


@functools.cache
def graph() -> Callable[[tf.Tensor], tf.Tensor]:
    """Traced once, as in Transform and exported models."""
    spec = tf.TensorSpec([None], tf.string)
    return tf.function(folding.fold, input_signature=[spec], autograph=False)


@pytest.fixture(scope="module", autouse=True)
def _forget_the_graph() -> Iterator[None]:
    yield
    # TensorFlow complains of graphs that Python's own end finds.
    graph.cache_clear()


def folded(*texts: str) -> list[str]:
    fold = graph()(tf.constant([text.encode() for text in texts], tf.string))
    return [text.decode() for text in fold.numpy()]


def is_mark(character: str) -> bool:
    invisible = unicodedata.category(character) == "Cf" or (
        0xFE00 <= ord(character) <= 0xFE0F
        or 0xE0100 <= ord(character) <= 0xE01EF
        or character in "\u180b\u180c\u180d"
    )
    return invisible or unicodedata.combining(character) not in (0, 8)


def is_no_character(character: str) -> bool:
    return ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF


def reference(text: str) -> str:
    text = "".join("\ufffd" if is_no_character(c) else c for c in text)
    kept = [c for c in unicodedata.normalize("NFKD", text) if not is_mark(c)]
    again = unicodedata.normalize("NFKD", "".join(kept).casefold())
    return "".join(c for c in again if not is_mark(c))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café", "cafe"),
        ("Cafe\u0301", "cafe"),
        ("ＲＯＣＫ＆Ｒｏｌｌ", "rock&roll"),
        ("ﬁve ½", "five 1\u20442"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Ọ̀yọ́", "oyo"),
        ("한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"),
        ("パ ハ", "ハ\u309a ハ"),
        ("ﾊﾟ", "ハ\u309a"),
        ("❤️", "❤"),
        ("soft\u00adhyphen", "softhyphen"),
        ("हिन्दी", "हिनदी"),
        ("Йод", "иод"),
        ("🔥 mix", "🔥 mix"),
        ("", ""),
    ],
)
def test_spellings(text: str, expected: str) -> None:
    assert folded(text) == [expected]
    assert reference(text) == expected


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXT, max_size=4))
@example(["a\u0323\u0301", "a\u0301\u0323", "\u0301a"])
def test_the_graph_gives_what_python_gives(texts: list[str]) -> None:
    assert folded(*texts) == [reference(text) for text in texts]


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_equivalent_texts_are_one_and_folding_again_changes_nothing(text: str) -> None:
    forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    (expected,) = folded(text)
    assert folded(*forms, expected) == [expected] * 5


def test_every_character_is_folded_as_python_does() -> None:
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    assert folded(*characters) == [reference(character) for character in characters]


def test_bytes_that_are_no_text_are_replaced() -> None:
    fold = folding.fold(tf.constant([b"\xff\xfeROCK", b"", b"\xed\xa0\xbd", b"\xc3"])).numpy()
    assert fold[0].decode() == "\ufffd\ufffdrock"
    assert fold[1] == b""
    assert set(fold[2].decode()) == set(fold[3].decode()) == {"\ufffd"}


def test_an_empty_batch() -> None:
    assert folding.fold(tf.constant([], tf.string)).shape == (0,)
