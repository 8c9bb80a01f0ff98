from __future__ import annotations

import logging

import pytest

from models import progress


def test_report_is_a_record_with_its_numbers(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, progress.LOGGER_NAME):
        progress.report(2, 8, "loss 1.5")
    (record,) = caplog.records
    assert record.progress == {  # type: ignore[attr-defined]
        "completed": 2,
        "total": 8,
        "text": "loss 1.5",
    }
    assert record.getMessage() == "2/8 loss 1.5"


def test_parts_are_counted_together(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, progress.LOGGER_NAME):
        with progress.part(2, 5, "trial 3 of 5"):
            progress.report(1, 4, "loss 1.5")
            progress.report(0, 0, "loading")
        progress.report(5, 5, "done")
    told = [record.progress for record in caplog.records]  # type: ignore[attr-defined]
    assert told == [
        {"completed": 2.25, "total": 5, "text": "trial 3 of 5 · loss 1.5"},
        {"completed": 2.0, "total": 5, "text": "trial 3 of 5 · loading"},
        {"completed": 5, "total": 5, "text": "done"},
    ]
