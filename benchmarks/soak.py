"""What takes too long for `make test`: thousands of malformed requests, minutes of load.

Runs the tests marked `soak` with many more examples, then the load of `serving-soak`, and records
how each ended.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Any, Final
from xml.etree import ElementTree

from benchmarks import harness, serving_soak

_EXAMPLES: Final = 6000


def measure(examples: int = _EXAMPLES) -> dict[str, Any]:
    """Runs the suite and the load.

    Args:
        examples: malformed requests a fuzzing test.

    Returns:
        `tests` by name with `outcome` and `seconds`, and `load`, the figures of `serving-soak`.
    """
    return {"examples": examples, "tests": run_tests(examples), "load": serving_soak.measure()}


def run_tests(examples: int, *arguments: str) -> dict[str, dict[str, Any]]:
    """Runs the tests marked `soak` in a process of their own.

    Args:
        examples: malformed requests a fuzzing test.
        *arguments: more for pytest, such as a folder.

    Returns:
        `outcome` (passed, failed, skipped) and `seconds` by test.

    Raises:
        CommandFailedError: if pytest could not run any.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "results.xml"
        command = [sys.executable, "-m", "pytest", "-m", "soak", f"--junitxml={path}", *arguments]
        environment = {**os.environ, "SEGUE_FUZZ_EXAMPLES": str(examples)}
        subprocess.run(command, cwd=harness.ROOT, env=environment, check=False)
        if not path.exists():
            raise harness.CommandFailedError(f"{' '.join(command)} left no results")
        return _outcomes(path)


def _outcomes(path: pathlib.Path) -> dict[str, dict[str, Any]]:
    outcomes = {}
    # The file is pytest's own, written a moment ago.
    for case in ElementTree.parse(path).iter("testcase"):
        found = {child.tag for child in case}
        outcome = "failed" if found & {"failure", "error"} else "passed"
        outcomes[f"{case.get('classname')}.{case.get('name')}"] = {
            "outcome": "skipped" if "skipped" in found else outcome,
            "seconds": float(case.get("time", "nan")),
        }
    return outcomes


def main() -> None:
    """Runs everything, writes benchmarks/results/soak.json, and exits with 1 if a test failed."""
    figures = measure()
    print(f"Written to {harness.record('soak', figures).relative_to(harness.ROOT)}")
    wrong = [name for name, test in figures["tests"].items() if test["outcome"] != "passed"]
    wrong += ["the load"] if figures["load"].get("errors") else []
    if wrong or not figures["tests"]:
        sys.exit(f"Not passed: {', '.join(wrong) or 'no test ran'}")


if __name__ == "__main__":
    main()
