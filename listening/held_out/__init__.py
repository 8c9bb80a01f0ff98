"""Listeners held out: what each did before a cut in time, and what was new to them after it."""

from listening.held_out.dividing import Bounds
from listening.held_out.job import ListenersWritten, write
from listening.held_out.output import MANIFEST, SlicesWriter, written_whole

__all__ = ["MANIFEST", "Bounds", "ListenersWritten", "SlicesWriter", "write", "written_whole"]
