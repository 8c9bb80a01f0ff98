"""What a run shows on the terminal."""

__all__ = ["log_capture", "progress", "results", "run_console", "summaries"]
