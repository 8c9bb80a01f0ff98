"""Runs the specification for Vertex AI here, container by container: `make vertex-local`.

With `--gs` all artifacts lie on gs://, at a stand-in of Cloud Storage that this script starts;
everything else is passed on to `pipeline.runners.vertex.local`.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUCKET = "segue-local"
COMMAND = (sys.executable, "-m", "pipeline.runners.vertex.local")


def main(arguments: Sequence[str]) -> int:
    """Runs it; returns the exit code."""
    if "--gs" not in arguments:
        return _run(arguments, {})
    rest = [argument for argument in arguments if argument != "--gs"]
    at = rest.index("--data") + 1 if "--data" in rest else 0
    data = pathlib.Path(rest[at]) if 0 < at < len(rest) else None
    if data is None or not data.is_dir():
        print("--gs needs --data DIRECTORY, whose files it uploads.", file=sys.stderr)
        return 2
    sys.path.insert(0, str(ROOT))
    from tests.standins import storage

    standin = storage.Storage(BUCKET)
    standin.upload(data, f"gs://{BUCKET}/data")
    rest[at] = f"gs://{BUCKET}/data"
    with (
        tempfile.TemporaryDirectory() as folder,
        storage.running(pathlib.Path(folder), standin) as environment,
    ):
        code = _run([*rest, "--storage", f"gs://{BUCKET}/segue"], environment)
    pushed = standin.list(f"gs://{BUCKET}/segue/serving/")
    print(f"{len(standin.objects)} objects in gs://{BUCKET}, {len(pushed)} of them pushed.")
    return code


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore:::google"}
    return subprocess.run(  # noqa: S603 - arguments of the one who calls, without a shell
        [*COMMAND, *arguments], cwd=ROOT, env={**quiet, **os.environ, **environment}, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
