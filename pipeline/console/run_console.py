"""What a run shows while it runs: a line per component, progress, and the results at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import rich.console
import rich.progress
import rich.table
import rich.text

from pipeline.console import results
from pipeline.console.progress import progress_to
from report.formatting import duration
from schema.documents import RunMetrics

if TYPE_CHECKING:
    from components.data_gate.anomalies import Anomaly

__all__ = ["RunConsole", "progress_to"]

#: Without a terminal, progress is lines of a log, with so many seconds between them.
PLAIN_INTERVAL = 20.0
MAX_ANOMALIES = 10
MAX_MESSAGE = 400
MAX_LINES = 12
_NAME_WIDTH = 20
_TIME_WIDTH = 11


class RunConsole:
    """Shows a run on a rich console.

    On a terminal the running component has a live line with a spinner and, where it reports how far
    it is, a bar. Elsewhere every line is plain and written once. All text is shown literally: no
    markup in a title or a message is interpreted.

    Safe to call from several threads. `close`, or leaving a `with` block, ends the live line.

    Args:
        console: where to write.
        clock: seconds, for tests.
    """

    def __init__(
        self, console: rich.console.Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._clock = clock
        self._lock = threading.RLock()
        self._live = console.is_terminal and not console.is_dumb_terminal
        self._signs = results.signs(console)
        self._progress: rich.progress.Progress | None = None
        self._tasks: dict[str, rich.progress.TaskID] = {}
        self._running: list[str] = []
        self._last_line: dict[str, float] = {}
        self._began = clock()
        self._log_path = ""

    def __enter__(self) -> RunConsole:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def start(self, title: str, log_path: str = "") -> None:
        """Opens the run; the log, if it has one here, is where everything else is written."""
        self._began = self._clock()
        self._log_path = log_path
        self._line((title, "bold"))
        if log_path:
            self._line(("Log: ", "dim"), (log_path, "dim"))
        self._line()

    def note(self, text: str) -> None:
        """Says something about the run as a whole."""
        self._line((f"{self._signs.warn} {text}", "yellow"))

    def component_started(self, name: str) -> None:
        """A component begins."""
        with self._lock:
            if name in self._running:
                return
            self._running.append(name)
            self._last_line[name] = self._clock()
            if self._live:
                self._show(name)
            else:
                self._line(f"{self._signs.start} {name}")

    def component_progress(
        self, name: str | None, completed: float | None, total: float | None, text: str
    ) -> None:
        """Shows how far a component is.

        Args:
            name: the component, None for the one that started last.
            completed: steps done, None where that is not known.
            total: steps to do, None where that is not known.
            text: what else to show, such as the loss.
        """
        with self._lock:
            name = name or (self._running[-1] if self._running else "Training")
            if name not in self._running:
                self.component_started(name)
            total = total if total and total > 0 else None
            if self._progress is not None:
                self._progress.update(
                    self._tasks[name],
                    completed=completed or 0,
                    total=total,
                    text=results.plain(text, self._console),
                )
                return
            # The last step is shown by the line that ends the component.
            now = self._clock()
            if now - self._last_line[name] >= PLAIN_INTERVAL:
                self._last_line[name] = now
                share = f"{completed / total:4.0%}" if total and completed is not None else ""
                self._line("  ".join(filter(None, (f"  {name}", share, text))))

    def component_finished(self, name: str, seconds: float, summary: str, cached: bool) -> None:
        """A component ends well; `summary` says in a line what it made."""
        sign = (self._signs.cached, "dim") if cached else (self._signs.good, "green")
        word = "cached" if cached else duration(seconds)
        self._ended(name, sign, word, summary, "dim" if cached else "")

    def component_failed(self, name: str, seconds: float, message: str) -> None:
        """A component ends badly; of a long message the first lines are shown."""
        lines = [line.strip() for line in message.splitlines() if line.strip()]
        lines = [f"{ln[:MAX_MESSAGE]}..." if len(ln) > MAX_MESSAGE else ln for ln in lines]
        first = lines[0] if lines else "no reason given"
        self._ended(name, (self._signs.bad, "bold red"), duration(seconds), first, "red")
        for line in lines[1:MAX_LINES]:
            self._line(f"    {line}")
        if self._log_path:
            self._line("  The log has the details: ", (self._log_path, "bold"))

    def anomalies(self, found: Sequence[Anomaly]) -> None:
        """Lists anomalies, the first of them where there are many."""
        for anomaly in found[:MAX_ANOMALIES]:
            self._line(
                (f"    {self._signs.warn} {anomaly.feature}", "yellow"),
                (f" ({anomaly.split}, {anomaly.severity})", "dim"),
                f": {anomaly.description or 'no description'}",
            )
        if len(found) > MAX_ANOMALIES:
            self._line(f"      and {len(found) - MAX_ANOMALIES} more, which the report lists")

    def models_table(self, metrics: RunMetrics) -> None:
        """Shows every model's metrics side by side."""
        table = results.models_table(metrics, self._console)
        self._line()
        if table is None:
            self._line(("No model was scored.", "dim"))
        else:
            self._console.print(table)

    def verdict(self, metrics: RunMetrics) -> None:
        """Says whether the candidate is blessed and why."""
        blessed, reasons = metrics.blessing.blessed, metrics.blessing.reasons
        sign = {True: self._signs.good, False: self._signs.bad, None: self._signs.warn}[blessed]
        style = {True: "bold green", False: "bold red", None: "bold yellow"}[blessed]
        self._line()
        self._line((f"{sign} {results.verdict(metrics)}", style))
        for reason in reasons:
            self._line(f"  {self._signs.item} {reason}")

    def finish(self, report_path: str, next_command: str) -> None:
        """Closes the run with what to look at and what to type next."""
        self.close()
        self._line()
        self.link("Report", report_path)
        if self._log_path:
            self.link("Log", self._log_path)
        if next_command:
            self._line(("Next    ", "dim"), (next_command, "bold"))
        self._line((f"Done in {duration(self._clock() - self._began)}.", "dim"))

    def link(self, name: str, address: str) -> None:
        """Says where something is."""
        self._line((f"{name:<8}", "dim"), address)

    def close(self) -> None:
        """Ends the live line, whatever is still running."""
        with self._lock:
            if self._progress is not None:
                self._progress.stop()
                self._progress = None
            self._tasks.clear()
            self._running.clear()

    def _ended(self, name: str, sign: tuple[str, str], word: str, summary: str, style: str) -> None:
        with self._lock:
            self._hide(name)
            head = f" {name:<{_NAME_WIDTH}} {word:>{_TIME_WIDTH}}  "
            if not self._live:
                self._line(sign, f"{head}{summary}".rstrip())
                return
            # A long summary goes on below itself, not below the name.
            grid = rich.table.Table.grid()
            grid.add_column(no_wrap=True)
            grid.add_column(overflow="fold")
            grid.add_row(
                rich.text.Text.assemble(sign, head),
                rich.text.Text(results.plain(summary, self._console), style=style or "default"),
            )
            self._console.print(grid)

    def _show(self, name: str) -> None:
        if self._progress is None:
            self._progress = results.live_progress(self._console)
            self._progress.start()
        self._tasks[name] = self._progress.add_task(name, total=None, text="")

    def _hide(self, name: str) -> None:
        if name in self._running:
            self._running.remove(name)
        if self._progress is not None and name in self._tasks:
            self._progress.remove_task(self._tasks.pop(name))
            if not self._tasks:
                self._progress.stop()
                self._progress = None

    def _line(self, *parts: str | tuple[str, str]) -> None:
        """Prints a line as it is: never wrapped, marked up or highlighted."""
        text = rich.text.Text()
        for part in parts:
            words, style = part if isinstance(part, tuple) else (part, "")
            text.append(results.plain(words, self._console), style)
        self._console.print(text, soft_wrap=True, highlight=False)
