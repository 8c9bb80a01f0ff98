from __future__ import annotations

import dataclasses
import io
import logging
import re
from typing import Any

import hypothesis
import numpy as np
import pytest
import rich.console
from hypothesis import strategies as st

from components.data_gate.anomalies import Anomaly
from models.progress import LOGGER_NAME
from pipeline.console import run_console as consoles
from pipeline.console.progress import ProgressHandler, progress_to
from schema.documents import RunMetrics

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Screen:
    """A run console, and what it wrote."""

    def __init__(self, terminal: bool = False, width: int = 80, encoding: str = "utf-8") -> None:
        self.bytes = io.BytesIO()
        file = io.TextIOWrapper(self.bytes, encoding=encoding, write_through=True)
        self.clock = Clock()
        self.run = consoles.RunConsole(
            rich.console.Console(
                file=file,
                force_terminal=terminal,
                width=width,
                color_system="standard" if terminal else None,
                _environ={"TERM": "xterm"},
            ),
            self.clock,
        )
        self._file = file  # closing it would close the bytes

    @property
    def text(self) -> str:
        return self.bytes.getvalue().decode(self._file.encoding)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


def metrics(**more: Any) -> RunMetrics:
    def model(fit: float | None, **means: float | None) -> dict[str, Any]:
        overall = {name.replace("_at_", "@"): {"mean": mean} for name, mean in means.items()}
        return {"overall": overall, "fit_seconds": fit}

    models = {
        "popularity": model(0.3, ndcg=0.05, clicks=17.9, recall_at_500=0.11),
        "als": model(88.0, ndcg=0.26, clicks=5.6, recall_at_500=None),
        "two_tower": model(None, ndcg=0.25, clicks=5.5, recall_at_500=0.33),
    }
    content = {"models": models, "tests": [{"candidate": "two_tower"}], **more}
    return RunMetrics.model_validate(content)


def test_a_piped_run_is_plain_and_complete() -> None:
    screen = Screen()
    run = screen.run
    run.start("Segue: two_tower", "out/run.log")
    run.component_started("Ingest")
    run.component_finished("Ingest", 2.13, "2,000 playlists · 3 rejects", False)
    run.component_started("Transform")
    run.component_finished("Transform", 0.2, "9,000 tracks", True)
    screen.clock.now += 185
    run.finish("out/report/index.html", "make serve")
    assert screen.lines == [
        "Segue: two_tower",
        "Log: out/run.log",
        "",
        "▸ Ingest",
        "✓ Ingest                     2.1 s  2,000 playlists · 3 rejects",
        "▸ Transform",
        "↺ Transform                 cached  9,000 tracks",
        "",
        "Report  out/report/index.html",
        "Log     out/run.log",
        "Next    make serve",
        "Done in 3 min 05 s.",
    ]
    assert not CONTROL.search(screen.text)


def test_piped_lines_are_never_broken() -> None:
    screen = Screen(width=40)
    summary = " ".join(["many"] * 50)
    screen.run.component_finished("Ingest", 1, summary, False)
    screen.run.finish("/a/very/long/path" * 10, "")
    assert screen.lines[0].endswith(summary)
    assert f"Report  {'/a/very/long/path' * 10}" in screen.lines


def test_piped_progress_is_told_at_a_sane_rate() -> None:
    screen = Screen()
    screen.run.component_started("Trainer.als")
    for step in range(1000):
        # 0.1 s a step: 100 s in all, of which every 20 s are told.
        screen.clock.now += 0.1
        screen.run.component_progress("Trainer.als", step + 1, 1000, f"loss {1000 - step}")
    told = [line for line in screen.lines if "loss" in line]
    assert 4 <= len(told) <= 5
    assert re.fullmatch(r"  Trainer\.als   20%  loss 80\d", told[0])


def test_progress_without_a_total_or_a_component() -> None:
    screen = Screen()
    screen.run.component_progress(None, None, None, "warming up")
    screen.clock.now += 60
    screen.run.component_progress(None, 3, 0, "loss 1")
    assert screen.lines == ["▸ Training", "  Training  loss 1"]


def test_a_failure_names_the_log_and_shows_the_first_lines() -> None:
    screen = Screen()
    screen.run.start("Segue", "out/run.log")
    screen.run.component_started("Trainer")
    message = "\n".join([f"\n  ValueError: {'x' * 900}", *(f"line {n}" for n in range(2, 30))])
    screen.run.component_failed("Trainer", 3.2, message)
    failed = next(line for line in screen.lines if "3.2 s" in line)
    assert failed.startswith("✗ Trainer                    3.2 s  ValueError: xxx")
    assert failed.endswith("x...")
    assert len(failed) < 500
    # Twelve lines of the message, its first beside the component.
    assert "    line 12" in screen.lines
    assert "line 13" not in screen.text
    assert screen.lines[-1] == "  The log has the details: out/run.log"


def test_a_failure_without_a_message_says_so() -> None:
    screen = Screen()
    screen.run.component_failed("Trainer", 0, "")
    assert "no reason given" in screen.lines[0]


def test_anomalies_are_listed_up_to_a_limit() -> None:
    screen = Screen()
    skewed = Anomaly("eval", "f", "COMPARATOR_L_INFTY_HIGH", "warning", "skewed")
    screen.run.anomalies([skewed] * 12)
    assert len(screen.lines) == 11
    assert screen.lines[0] == "    ! f (eval, warning): skewed"
    assert screen.lines[-1] == "      and 2 more, which the report lists"
    empty = Screen()
    empty.run.anomalies([])
    assert empty.text == ""
    empty.run.anomalies([dataclasses.replace(skewed, description="")])
    assert empty.lines == ["    ! f (eval, warning): no description"]


def test_the_table_has_the_candidate_first_and_then_the_best() -> None:
    screen = Screen()
    screen.run.models_table(metrics())
    rows = [line.split() for line in screen.lines[1:]]
    assert rows[0] == ["Model", "NDCG", "↑", "Clicks", "↓", "R@500", "↑", "Fit"]
    assert rows[1] == ["two_tower", "0.2500", "5.50", "0.3300", "—"]
    assert rows[2] == ["als", "0.2600", "5.60", "—", "1", "min", "28", "s"]
    assert rows[3] == ["popularity", "0.0500", "17.90", "0.1100", "0.3", "s"]


def test_the_best_value_is_marked_on_a_terminal() -> None:
    screen = Screen(terminal=True)
    screen.run.models_table(metrics())
    marked = re.findall(r"\x1b\[1;32m\s*([0-9.]+)", screen.text)
    # The highest NDCG, the fewest clicks, the highest recall.
    assert sorted(marked) == ["0.2600", "0.3300", "5.50"]


def test_a_narrow_console_gets_fewer_metrics_but_whole_ones() -> None:
    screen = Screen(width=38)
    screen.run.models_table(metrics())
    assert screen.lines[1].split() == ["Model", "NDCG", "↑", "Fit"]
    assert "…" not in screen.text


def test_no_model_is_said() -> None:
    screen = Screen()
    unknown = {"models": {"als": {"overall": {"ndcg": {"mean": None}}}}}
    screen.run.models_table(RunMetrics.model_validate(unknown))
    assert screen.lines == ["", "No model was scored."]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            {"blessing": {"blessed": True, "reasons": []}, "pushed_version": "17"},
            "✓ two_tower is blessed and pushed as version 17.",
        ),
        (
            {
                "blessing": {"blessed": True},
                "pushed_version": "17",
                "push": "served already as version 17, not pushed again",
            },
            "✓ two_tower is blessed and served already as version 17, not pushed again.",
        ),
        (
            {"blessing": {"blessed": True}, "pushed_version": None},
            "✓ two_tower is blessed and not pushed.",
        ),
        (
            {"blessing": {"blessed": False, "reasons": ["NDCG is too low."]}},
            "✗ two_tower is not blessed: nothing was pushed.",
        ),
        ({}, "! No verdict on two_tower was recorded."),
    ],
)
def test_the_verdict(more: dict[str, Any], sentence: str) -> None:
    screen = Screen()
    screen.run.verdict(metrics(**more))
    reasons = (more.get("blessing") or {}).get("reasons", [])
    assert screen.lines == ["", sentence, *[f"  • {reason}" for reason in reasons]]


def test_what_others_wrote_is_shown_literally_and_cannot_steer_the_terminal() -> None:
    screen = Screen()
    screen.run.start("[red]title[/red] :smile:", "log")
    screen.run.component_finished("[b]x", 1, "evil \x1b[2J\x9b2J \r\n\ud800 ünï 夜 🌴", False)
    assert "[red]title[/red] :smile:" in screen.text
    assert "[b]x" in screen.text
    assert "ünï 夜 🌴" in screen.text
    assert not CONTROL.search(screen.text)


def test_a_console_without_unicode_gets_ascii() -> None:
    screen = Screen(encoding="ascii")
    run = screen.run
    run.component_started("Ingest")
    run.component_finished("Ingest", 1, "a · b 夜", False)
    run.models_table(metrics())
    run.verdict(metrics(blessing={"blessed": False, "reasons": ["x"]}))
    assert screen.text.isascii()
    assert "+ Ingest" in screen.text
    assert "a - b ?" in screen.text
    assert "x two_tower is not blessed" in screen.text


def test_a_terminal_shows_a_live_line_and_takes_it_away() -> None:
    screen = Screen(terminal=True)
    with screen.run as run:
        run.component_started("Trainer.als")
        run.component_progress("Trainer.als", 3, 8, "loss 0.5")
        assert "Trainer.als" in screen.text
        run.component_finished("Trainer.als", 12, "loss 0.4", False)
    assert "\x1b[?25l" in screen.text  # the cursor was hidden, and is shown again
    assert screen.text.rindex("\x1b[?25h") > screen.text.rindex("\x1b[?25l")
    assert "▸" not in screen.text


def test_a_long_summary_stays_in_its_column_on_a_terminal() -> None:
    screen = Screen(terminal=True, width=60)
    screen.run.component_finished("Ingest", 1, "word " * 12, False)
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in screen.lines]
    assert len(lines) > 1
    assert all(line.startswith(" " * 36 + "word") for line in lines[1:])


def test_leaving_the_block_restores_the_terminal_after_an_error() -> None:
    screen = Screen(terminal=True)

    def interrupted() -> None:
        with progress_to(screen.run):
            screen.run.component_started("Trainer")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert screen.text.rindex("\x1b[?25h") > screen.text.rindex("\x1b[?25l")
    screen.run.close()  # a second time does no harm


def test_starting_twice_is_starting_once() -> None:
    screen = Screen()
    screen.run.component_started("Ingest")
    screen.run.component_started("Ingest")
    assert screen.lines == ["▸ Ingest"]


class Sink:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []
        self.closed = False

    def component_progress(self, *args: Any) -> None:
        self.seen.append(args)

    def close(self) -> None:
        self.closed = True


def test_training_reaches_the_console_through_the_log() -> None:
    sink, logger = Sink(), logging.getLogger(LOGGER_NAME)
    level = logger.level
    with progress_to(sink):
        progress = {"completed": np.int64(2), "total": 8, "text": "loss 1.23"}
        logger.info("epoch", extra={"progress": progress})
        logger.info("named", extra={"progress": {"component": "Trainer.als", "completed": "x"}})
        logger.info("an ordinary line")
        logger.info("odd", extra={"progress": "half"})
    logger.info("too late", extra={"progress": {"completed": 1}})
    assert sink.seen == [(None, 2.0, 8.0, "loss 1.23"), ("Trainer.als", None, None, "")]
    assert sink.closed
    assert logger.level == level
    assert not any(isinstance(handler, ProgressHandler) for handler in logger.handlers)


def test_a_sink_that_fails_does_not_stop_training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sink = Sink()
    monkeypatch.setattr(sink, "component_progress", lambda *args: 1 / 0)
    with progress_to(sink):
        logging.getLogger(LOGGER_NAME).info("x", extra={"progress": {}})
    assert "ZeroDivisionError" in capsys.readouterr().err


@hypothesis.given(st.text(), st.text(), st.floats(allow_nan=True), st.text())
def test_no_text_or_number_breaks_a_line(name: str, text: str, number: float, title: str) -> None:
    screen = Screen()
    screen.run.start(title, text)
    screen.run.component_started(name)
    screen.clock.now += 1000
    screen.run.component_progress(name, number, number, text)
    screen.run.component_finished(name, number, text, False)
    screen.run.component_failed(name, number, text)
    assert not CONTROL.search(screen.text)
