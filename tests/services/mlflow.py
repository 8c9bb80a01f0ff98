"""MLflow's server, in its own environment."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator

from scripts.mlflow.server import Server
from tests.services import environments


@contextlib.contextmanager
def running(
    root: pathlib.Path, folder: pathlib.Path, backend_store: str = "", port: int = 0
) -> Iterator[Server]:
    """Gives a server that answers, or skips the test saying what is missing.

    Args:
        root: of the project.
        folder: for what the server keeps.
        backend_store: its database; a sqlite file of the folder unless given.
        port: 0 for a free one.
    """
    python = environments.python_of(root, "mlflow", "3.12")
    with Server(folder, python, port=port, backend_store=backend_store) as server:
        yield server
