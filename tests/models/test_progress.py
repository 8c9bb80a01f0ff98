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
