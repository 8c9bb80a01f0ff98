from __future__ import annotations

import pytest

from report import formatting


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (0.26144, 4, "0.2614"),
        (-0.5, 2, "−0.50"),
        (0.0, 2, "0.00"),
        (0.00001, 4, "1.0e−05"),
        (123.456, 4, "123.5"),
        (1476384000.0, 2, "1,476,384,000"),
        (None, 4, "—"),
    ],
)
def test_fixed(value: float | None, decimals: int, expected: str) -> None:
    assert formatting.fixed(value, decimals) == expected


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.0, "0%"),
        (0.0004, "<0.1%"),
        (0.012, "1.2%"),
        (0.21, "21%"),
        (1.0, "100%"),
        (None, "—"),
    ],
)
def test_percent(share: float | None, expected: str) -> None:
    assert formatting.percent(share) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.04, "<0.1 s"),
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7625, "2 h 07 min"),
        (-1, "—"),
        (None, "—"),
    ],
)
def test_duration(seconds: float | None, expected: str) -> None:
    assert formatting.duration(seconds) == expected


def test_signed_and_p_value() -> None:
    assert formatting.signed(0.0123) == "+0.0123"
    assert formatting.signed(-0.0123) == "−0.0123"
    assert formatting.signed(0.0) == "0.0000"
    assert formatting.p_value(0.0004) == "<0.001"
    assert formatting.p_value(0.04) == "0.040"


def test_moment_and_listing() -> None:
    assert formatting.moment("2025-11-21T20:41:00Z") == "21 November 2025, 20:41 UTC"
    assert formatting.moment("yesterday") == "yesterday"
    assert formatting.listing([]) == ""
    assert formatting.listing(["a"]) == "a"
    assert formatting.listing(["a", "b", "c"]) == "a, b and c"


def test_unknown_metrics_keep_their_name_and_come_last() -> None:
    assert formatting.measure("serendipity").label == "serendipity"
    assert formatting.metric_order({"serendipity", "clicks", "ndcg"}) == [
        "ndcg",
        "clicks",
        "serendipity",
    ]
    assert formatting.measure("recall@20").label == "Recall@20"
    assert formatting.measure("hit_rate@x").label == "hit_rate@x"
    assert formatting.directed("clicks") == "Clicks ↓"
    assert formatting.directed("coverage") == "Coverage"


def test_nested_settings_are_lines() -> None:
    assert formatting.flatten({"a": {"b": [1, "x"], "c": {}}, "d": "", "e": None}) == [
        ("a.b", '[1, "x"]'),
        ("a.c", "{}"),
        ("d", '""'),
        ("e", "null"),
    ]
