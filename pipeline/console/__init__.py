"""What a run shows on the terminal."""

__all__ = ["log_capture", "progress", "run_console", "summaries"]
