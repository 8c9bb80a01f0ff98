"""The quick look at a flat object finds every key that the slower reader finds to stand twice."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema import strict_json
from schema.events import RefusedError, parse

TEXTS = st.text(st.sampled_from('ab":,{}\\ \u00e9\n'), max_size=4)
SCALARS = st.one_of(TEXTS, st.integers(-2, 2), st.booleans(), st.none())
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(TEXTS, SCALARS, max_size=2)
)
GAPS = st.sampled_from(["", " ", "\n"])


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """An object of JSON in any spelling, keys of which may stand twice."""
    parts = []
    for key, value in draw(st.lists(st.tuples(TEXTS, VALUES), max_size=4)):
        is_ascii = draw(st.booleans())
        name = json.dumps(key, ensure_ascii=is_ascii)
        parts.append(f"{draw(GAPS)}{name}{draw(GAPS)}:{draw(GAPS)}{json.dumps(value)}{draw(GAPS)}")
    return ("{" + ",".join(parts) + "}").encode()


@given(content=objects())
def test_no_key_stands_twice_unseen(content: bytes) -> None:
    try:
        strict_json.loads(content)
    except strict_json.DuplicateKeyError:
        is_twice = True
    else:
        is_twice = False
    with pytest.raises(RefusedError) as caught:  # none of these is an event
        parse(content)
    assert (caught.value.reason == "duplicate_key") == is_twice
