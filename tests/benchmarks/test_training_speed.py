from __future__ import annotations

from benchmarks import training_speed


def test_everybody_has_a_turn_in_each_round() -> None:
    calls: list[str] = []
    contenders = {name: lambda name=name: calls.append(name) for name in ("a", "b")}
    spent = training_speed.take_turns(contenders, 2)
    assert calls == ["a", "b", "a", "b"]
    assert [len(rounds) for rounds in spent.values()] == [2, 2]


def test_ratios_are_of_the_same_round() -> None:
    # The second round was on a busy machine: 2 / 1, 24 / 8 and 3 / 2 are 2, 3 and 1.5.
    spent = {
        "als": [(1.0, 2.0), (8.0, 2.0), (2.0, 2.0)],
        "ours": [(2.0, 3.0), (24.0, 4.0), (3.0, 5.0)],
    }
    assert training_speed.compared(spent, "als") == {
        "als": {"seconds": 2.0, "cpu_seconds": 2.0},
        "ours": {
            "seconds": 3.0,
            "seconds_to_als": 2.0,
            "cpu_seconds": 4.0,
            "cpu_seconds_to_als": 2.0,
        },
    }
