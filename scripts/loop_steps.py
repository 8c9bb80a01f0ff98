"""A step of the loop: a command of `segue`, run as anybody else would run it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any


class StepError(RuntimeError):
    """A command failed, or figures do not add up; the message says it in a sentence."""


def segue(*arguments: object, has_status: bool = True) -> dict[str, Any]:
    """Runs a command and tells how long it took; its own words stay out of sight.

    Args:
        arguments: of `segue`.
        has_status: whether it takes --json, and ends with its status.

    Returns:
        The status, nothing where there is none.

    Raises:
        StepError: it failed, in its own words.
    """
    words = [str(each) for each in arguments]
    print(f"segue {' '.join(words)}", flush=True)
    began = time.monotonic()
    command = [sys.executable, "-m", "pipeline.cli", *words, *(["--json"] if has_status else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    lines = done.stdout.splitlines()
    status = _status(lines) if has_status else {}
    if done.returncode or status is None:
        if has_status:
            told = str((status or {}).get("error") or "")
        else:
            told = " ".join(line for line in lines if line.startswith("✗"))
        told = told or done.stderr.strip()[-500:] or f"it ended with {done.returncode}"
        raise StepError(f"segue {words[0]} failed: {told}")
    print(f"  {time.monotonic() - began:.1f} s", flush=True)
    return status


def _status(lines: list[str]) -> dict[str, Any] | None:
    """The status that the last line holds; None where a kill came before it was whole."""
    try:
        found = json.loads(lines[-1]) if lines else None
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
