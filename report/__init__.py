"""The HTML report of a run: one self-contained page, drawn from what the run left behind."""

__all__ = ["build", "formatting", "loading", "markdown"]
