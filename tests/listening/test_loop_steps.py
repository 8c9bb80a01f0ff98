"""What a step of `make loop` says of a command that fails, or is killed."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from scripts import loop_steps
from scripts.loop_steps import StepError


@pytest.mark.parametrize(
    ("code", "out", "err", "says"),
    [
        (-9, "3 rows\n", "", "segue events failed: it ended with -9"),
        (-9, '{"status": "o', "out of memory\n", "segue events failed: out of memory"),
        (0, "", "", "segue events failed: it ended with 0"),
        (0, "17\n", "", "segue events failed: it ended with 0"),
        (2, '{"error": "there is no such file"}', "", "segue events failed: there is no such file"),
    ],
)
def test_a_command_that_ends_without_a_good_status_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, code: int, out: str, err: str, says: str
) -> None:
    def ended(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, code, out, err)

    monkeypatch.setattr("scripts.loop_steps.subprocess.run", ended)
    with pytest.raises(StepError) as raised:
        loop_steps.segue("events", "land")
    assert str(raised.value) == says


def test_the_last_line_is_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, '3 rows\n{"status": "ok"}\n', "")

    monkeypatch.setattr("scripts.loop_steps.subprocess.run", ended)
    assert loop_steps.segue("events", "land") == {"status": "ok"}
