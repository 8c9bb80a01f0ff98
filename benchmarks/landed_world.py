"""A synthetic world of listeners whose events have landed, for what is measured on it."""

from __future__ import annotations

import pathlib

from benchmarks import harness
from listening.events import DirectorySource, land


def landed_world(folder: pathlib.Path, **size: int) -> str:
    """Makes a world in `folder`/world and lands its events.

    Args:
        folder: to work in.
        **size: of the world, as options of `segue sample`.

    Returns:
        The directory of landed events.
    """
    options = [text for name, value in size.items() for text in (f"--{name}", str(value))]
    harness.segue("sample", *options, "--output", str(folder / "world"))
    events = str(folder / "events")
    land(events, DirectorySource(str(folder / "world" / "events")))
    return events
