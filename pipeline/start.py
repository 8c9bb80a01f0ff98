"""What the console script `segue` calls: says why its own packages cannot be imported, if so."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line.

    Raises:
        SystemExit: 1 where another distribution has overwritten packages of Segue's.
    """
    try:
        from pipeline.cli.main import main as run
    except ImportError as error:
        from pipeline import neighbours

        told = neighbours.told()
        if told is None:
            raise
        print(f"Error: {error}. {told}", file=sys.stderr)
        sys.exit(1)
    run()
