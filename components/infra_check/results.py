"""What was checked, and the results."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
from pydantic import Field

from schema.documents import Document, Part, Value

#: Every check's result and the latencies, beside the marker of the blessing.
REPORT_FILE: Final = "infra_check.json"

#: Every check by name, in the order of a report.
CHECKS: Final = {
    "card": "assets.extra/segue.json says what the model is",
    "loads": "a server in a fresh process loads the model",
    "signatures": "the signatures of the contract are there, with their inputs and outputs",
    "answers": "every request is answered",
    "shape": "an answer has min(500, catalogue) tracks and as many scores for every playlist",
    "own_tracks": "no track of the playlist is recommended",
    "repeats": "no track is recommended twice",
    "order": "the best tracks come first",
    "filling": 'only places without a candidate hold "" with score -inf',
    "ignored": "unknown and malformed tracks change nothing",
    "popular": "a playlist that says nothing gets popular tracks",
    "batch": "a playlist gets the same in a batch as alone",
    "listeners": "a history gets what the playlist of its tracks gets",
    "names": "every track has a title and an artist to show, which are empty for unknown ones",
    "latency": "99 of 100 requests are within the budget",
}

#: Checks that some models are spared: those without the signature for listeners.
SPARED: Final = ("listeners",)

_SHOWN: Final = 3


class CheckRow(Part):
    """A check as it is written."""

    name: str = ""
    means: str = ""
    passed: bool | None = None
    checked: int = 0
    failed: int = 0
    problems: list[str] = Field(default_factory=list)


class LatencyRow(Part):
    """The latency as it is written, in milliseconds; null for what was not measured."""

    budget: Value = None
    rounds: int = 0
    requests: int | None = None
    p50: Value = None
    p99: Value = None


class InfraReport(Document):
    """infra_check.json."""

    blessed: bool = False
    reasons: list[str] = Field(default_factory=list)
    checks: list[CheckRow] = Field(default_factory=list)
    queries: dict[str, int] = Field(default_factory=dict)
    load_seconds: Value = None
    latency_ms: LatencyRow = LatencyRow()
    log: str | None = None


@dataclasses.dataclass
class Check:
    """How often something was checked, how often it failed, and the first failures in words."""

    checked: int = 0
    failed: int = 0
    problems: list[str] = dataclasses.field(default_factory=list)

    @property
    def passed(self) -> bool | None:
        """None where it was never checked, because something before it failed."""
        return not self.failed if self.checked else None


@dataclasses.dataclass(frozen=True)
class Latency:
    """Times of requests for one playlist each, one after the other, in milliseconds."""

    requests: int
    p50: float
    p99: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> Latency:
        """Percentiles by nearest rank, so that each is a time that was measured."""
        p50, p99 = np.percentile(milliseconds, [50, 99], method="inverted_cdf")
        return cls(len(milliseconds), float(p50), float(p99))


@dataclasses.dataclass
class Report:
    """Everything that was checked of a model, and the results.

    Attributes:
        checks: by name, as in `CHECKS`.
        queries: how many of each kind were sent.
        load_seconds: from the start of the process until the model could be asked.
        latency: in the best round, or None where nothing was timed.
        rounds: how often it was timed.
        max_latency_ms: the budget, or None.
        log: the end of the server's log, where it went wrong.
    """

    checks: dict[str, Check] = dataclasses.field(
        default_factory=lambda: {name: Check() for name in CHECKS}
    )
    queries: dict[str, int] = dataclasses.field(default_factory=dict)
    load_seconds: float | None = None
    latency: Latency | None = None
    rounds: int = 0
    max_latency_ms: float | None = None
    log: str | None = None

    def note(self, check: str, problem: str | None, subject: str = "") -> None:
        """Counts one result.

        Args:
            check: its name.
            problem: what is wrong, None where nothing is.
            subject: the query that it was found with.
        """
        found = self.checks[check]
        found.checked += 1
        if problem is not None:
            found.failed += 1
            if len(found.problems) < _SHOWN:
                found.problems.append(f"{subject} {problem}" if subject else problem)

    @property
    def blessed(self) -> bool:
        """Whether every check was made and passed; the latency only where there is a budget."""
        return all(check.passed for name, check in self.checks.items() if name not in self._spared)

    @property
    def reasons(self) -> list[str]:
        """Why the model is refused: a sentence for each check that failed."""
        if self.blessed:
            return []
        found = [
            f"Not true that {CHECKS[name]}: {check.problems[0]}"
            + f" ({check.failed} of {check.checked} failed)" * (check.checked > 1)
            for name, check in self.checks.items()
            if check.failed
        ]
        missed = [name for name, check in self.checks.items() if check.passed is None]
        missed = [name for name in missed if name not in self._spared]
        return found + ([f"Never checked: {', '.join(missed)}"] if missed else [])

    @property
    def _spared(self) -> list[str]:
        """Checks that need not have been made, and were not."""
        spared = [name for name in SPARED if self.checks[name].passed is None]
        return spared + ["latency"] * (self.max_latency_ms is None)

    def document(self) -> InfraReport:
        """The report as it is written; null for what was not checked or measured."""
        return InfraReport(
            blessed=self.blessed,
            reasons=self.reasons,
            checks=[
                CheckRow(
                    name=name,
                    means=CHECKS[name],
                    passed=check.passed,
                    checked=check.checked,
                    failed=check.failed,
                    problems=check.problems,
                )
                for name, check in self.checks.items()
            ],
            queries=self.queries,
            load_seconds=self.load_seconds,
            latency_ms=LatencyRow(
                budget=self.max_latency_ms,
                rounds=self.rounds,
                requests=self.latency.requests if self.latency else None,
                p50=round(self.latency.p50, 3) if self.latency else None,
                p99=round(self.latency.p99, 3) if self.latency else None,
            ),
            log=self.log,
        )
