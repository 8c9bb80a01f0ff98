"""Ten kills of a landing lose and repeat nothing; and the check would see it."""

from __future__ import annotations

import pytest

from benchmarks import landing_kills


@pytest.mark.soak
@pytest.mark.parametrize("kafka", [False, True], ids=["directory", "kafka"])
def test_ten_kills(kafka: bool) -> None:
    found = landing_kills.measure(kills=10, events=3000, kafka=kafka)
    assert landing_kills.failures(found) == []
    assert found["kills"] == 10
    assert len(set(found["seen"])) > 1  # it went on in between


def test_what_goes_wrong_is_told() -> None:
    found = {
        "wanted_kills": 10,
        "kills": 9,
        "lost": 1,
        "repeated": 2,
        "strange": 0,
        "poison": 5,
        "dead_letters": 4,
        "sums_up": False,
    }
    assert landing_kills.failures(found) == [
        "1 lost",
        "2 repeated",
        "9 kills in place of 10",
        "4 dead letters of 5",
        "read is not landed, duplicates and dead letters together",
    ]
