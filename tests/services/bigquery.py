"""What answers as BigQuery does: local-bigquery, in an environment of its own."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

PROJECT = "a-project"

_EXTENSIONS = (
    "import duckdb_extensions as d; [d.import_extension(x) for x in ('icu', 'ducklake', 'spatial')]"
)
#: In Feast's process: no credentials, and no storage API, whose address cannot be told.
_NO_GOOGLE = """
import google.auth, google.auth.credentials
from google.cloud import bigquery
google.auth.default = lambda *a, **k: (google.auth.credentials.AnonymousCredentials(), "{project}")
bigquery.Client._ensure_bqstorage_client = lambda *a, **k: None
"""


@contextlib.contextmanager
def running(folder: pathlib.Path, python: pathlib.Path) -> Iterator[str]:
    """Gives the address of a server with DuckDB's extensions from packages, no download."""
    home = {**os.environ, "HOME": str(folder)}
    home.pop("PYTHONPATH", None)
    subprocess.run([python, "-c", _EXTENSIONS], env=home, check=True, capture_output=True)
    ports = []
    with contextlib.ExitStack() as held:
        for _ in range(2):
            free = held.enter_context(socket.socket())
            free.bind(("127.0.0.1", 0))
            ports.append(str(free.getsockname()[1]))
    command = [python.with_name("local-bigquery"), "serve", "--host", "127.0.0.1"]
    command += ["--port", ports[0], "--grpc-port", ports[1], "--project", PROJECT]
    process = subprocess.Popen(
        [*command, "--data-dir", folder / "data"],
        env=home,
        stdout=(folder / "log").open("w"),
        stderr=subprocess.STDOUT,
    )
    try:
        address = f"http://127.0.0.1:{ports[0]}"
        deadline = time.monotonic() + 120
        while not _answers(f"{address}/bigquery/v2/projects/{PROJECT}/datasets"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "log").read_text()[-2000:])
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(60)


def without_google(folder: pathlib.Path, python: pathlib.Path) -> pathlib.Path:
    """An interpreter that takes the server for Google's."""
    (folder / "sitecustomize.py").write_text(_NO_GOOGLE.format(project=PROJECT))
    wrapper = folder / "python"
    wrapper.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{python}" "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=60):
            return True
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode()) from error
    except OSError:
        return False
