"""Changes the code in small ways and counts the changes that no test notices.

Cosmic Ray makes the changes, one at a time, in a copy of the tree: another operator, another
number, a loop that never runs. A change that its room's tests fail on is killed. One that survives
is either a test that is missing or a change without effect: a reader decides, one by one.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cosmic_ray.commands import init
from cosmic_ray.modules import find_modules
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome

from benchmarks import harness

#: `a | b` is nearly always a type, which nothing reads when the code runs.
_UNREAD: Final = re.compile(r"core/ReplaceBinaryOperator_BitOr_")
_TIMEOUT_SECONDS: Final = 900.0


@dataclasses.dataclass(frozen=True)
class Room:
    """Code, and the tests that answer for it.

    Attributes:
        code: files and folders, from the root.
        tests: files and folders that pytest runs, the quickest first.
    """

    code: tuple[str, ...]
    tests: tuple[str, ...]


ROOMS: Final = {
    "metrics": Room(
        ("evaluation/metrics",),
        (
            "tests/evaluation/test_metric_descriptions.py",
            "tests/evaluation/test_metrics.py",
            "tests/evaluation/test_reference_scorer.py",
            "tests/evaluation/test_summary.py",
        ),
    ),
    "claims": Room(
        ("evaluation/significance", "evaluation/compare.py", "evaluation/scenarios.py"),
        (
            "tests/evaluation/test_studentised.py",
            "tests/evaluation/test_significance.py",
            "tests/evaluation/test_scenarios.py",
            "tests/evaluation/test_comparison.py",
            "tests/evaluation/submission/test_submission_scoring.py",
        ),
    ),
    "gate": Room(
        (
            "evaluation/gate.py",
            "evaluation/gate_config.py",
            "evaluation/findings.py",
            "components/significance",
        ),
        ("tests/evaluation/test_gate.py", "tests/components/significance"),
    ),
    "rows": Room(
        ("evaluation/rows.py", "evaluation/summary.py", "evaluation/render.py"),
        (
            "tests/evaluation/test_summary.py",
            "tests/evaluation/test_render.py",
            "tests/evaluation/test_comparison.py",
        ),
    ),
    "submissions": Room(("evaluation/submission",), ("tests/evaluation/submission",)),
    "ingest": Room(
        ("components/ingest",),
        (
            "tests/components/ingest/test_ingest_validation.py",
            "tests/components/ingest/test_spans.py",
            "tests/components/ingest/test_challenge.py",
            "tests/components/ingest/test_ingest_records.py",
            "tests/components/ingest/test_ingest_reading.py",
            "tests/components/ingest/test_ingest_destination.py",
            "tests/components/ingest/test_ingest_component.py",
            "tests/components/ingest/test_ingest_job.py",
        ),
    ),
    "release": Room(("serving/release",), ("tests/serving/release",)),
}

#: What a reader made of changes that survived and may: by file and the line that was changed.
LOOKED_AT: Final = {
    (
        "components/ingest/values.py",
        "_SHOWN: Final = 60  # characters of a bad value that are shown",
    ): "one character more of a bad value is as good",
    (
        "components/significance/inference.py",
        "for index, ((path, _), row) in enumerate(zip(batch, scored, strict=True)):",
    ): "rows and answers are as many, since a model that answers otherwise fails before",
    (
        "components/significance/inference.py",
        "_BATCH_SIZE: Final = 256",
    ): "a batch of one playlist more gives the same rows",
    (
        "evaluation/submission/files.py",
        "@dataclasses.dataclass(frozen=True)",
    ): "that nothing changes it is for readers and mypy: nobody tries",
}


def measure(
    rooms: Sequence[str] = tuple(ROOMS), mutants: int = 40, seed: int = 7
) -> dict[str, dict[str, Any]]:
    """Mutates each room.

    Args:
        rooms: names among `ROOMS`.
        mutants: changes a room, drawn from all places where one can be made.
        seed: of the draw.

    Returns:
        By room: `places` where a change can be made, `tried`, `killed`, and `survived`, a list with
        the `file`, the `change` (a unified diff without its head) and `looked_at` of each: why it
        may survive, "" where nobody has said so.

    Raises:
        CommandFailedError: if a room's tests fail on the code as it is.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "copy"
        _copy_tree(copy)
        before = pathlib.Path.cwd(), os.environ.get("PYTHONPATH")
        os.chdir(copy)
        os.environ["PYTHONPATH"] = str(copy)
        try:
            return {name: _mutate(ROOMS[name], mutants, random.Random(seed)) for name in rooms}
        finally:
            os.chdir(before[0])
            os.environ.pop("PYTHONPATH")
            if before[1] is not None:
                os.environ["PYTHONPATH"] = before[1]


def _mutate(room: Room, mutants: int, draw: random.Random) -> dict[str, Any]:
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *room.tests]
    clean = subprocess.run(command, capture_output=True, text=True, check=False)
    if clean.returncode:
        raise harness.CommandFailedError(f"{' '.join(command)}:\n{clean.stdout[-3000:]}")
    places = _places(room)
    killed, survived = 0, []
    for place in draw.sample(sorted(places), min(mutants, len(places))):
        change = draw.choice(places[place])
        result = mutate_and_test([change], shlex.join(command), _TIMEOUT_SECONDS)
        if result.test_outcome == TestOutcome.SURVIVED:
            survived.append(_survivor(str(change.module_path), _lines(result.diff or "")))
            print(f"survived: {change.module_path}\n{survived[-1]['change']}", flush=True)
        else:
            killed += 1
    return {
        "places": len(places),
        "tried": killed + len(survived),
        "killed": killed,
        "survived": survived,
    }


def _survivor(file: str, change: str) -> dict[str, str]:
    before = [line[1:].strip() for line in change.splitlines() if line.startswith("-")]
    words = (LOOKED_AT[file, line] for line in before if (file, line) in LOOKED_AT)
    return {"file": file, "change": change, "looked_at": next(words, "")}


def _places(room: Room) -> dict[tuple[str, tuple[int, int]], list[MutationSpec]]:
    """Every place of the code that can be changed, with the changes that can be made there."""
    found: dict[tuple[str, tuple[int, int]], list[MutationSpec]] = {}
    modules = list(find_modules([pathlib.Path(each) for each in room.code]))
    with use_db("mutants.sqlite", WorkDB.Mode.create) as database:
        init(modules, database, {})
        for item in database.work_items:
            for change in item.mutations:
                if not _UNREAD.match(change.operator_name):
                    place = (str(change.module_path), tuple(change.start_pos))
                    found.setdefault(place, []).append(change)
    return found


def _copy_tree(folder: pathlib.Path) -> None:
    for path in _tracked():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(harness.ROOT / path, target)


def _tracked() -> Iterator[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=harness.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return (path for path in listed.stdout.split("\0") if path and (harness.ROOT / path).is_file())


def _lines(diff: str) -> str:
    return "\n".join(
        line for line in diff.splitlines() if line[:1] in "+-@" and line[:3] not in ("+++", "---")
    )
