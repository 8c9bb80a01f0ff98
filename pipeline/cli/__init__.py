"""The command line `segue`, a file a command.

`main` puts the commands together; what they need is imported when they run, so that `segue --help`
is quick.
"""

from pipeline.cli.main import app, main

__all__ = ["app", "main"]
