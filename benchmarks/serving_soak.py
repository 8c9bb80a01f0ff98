"""Ten minutes of steady load on the development server: no failed request, no growing memory."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any, Final

from benchmarks import harness, serving_model
from benchmarks.serving_server import Server

_SECONDS: Final = 600
_CONCURRENCY: Final = 4
_LOOK_EVERY: Final = 10.0


def measure() -> dict[str, Any]:
    """Loads a server with a 170,000-track model and watches its resident memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        serving_model.save_als(folder / "base" / "1")
        file = folder / "playlists.json"
        file.write_text(json.dumps({"playlists": serving_model.playlists()}))
        with Server(folder / "base") as server:
            command = [sys.executable, "-m", "benchmarks.load_generator"]
            command += ["--target", server.target, "--playlists", str(file)]
            command += ["--concurrency", str(_CONCURRENCY), "--seconds", str(_SECONDS)]
            load = subprocess.Popen(command, cwd=harness.ROOT, stdout=subprocess.PIPE, text=True)
            sizes = []
            while load.poll() is None:
                sizes.append(_resident_mib(server.pid))
                time.sleep(_LOOK_EVERY)
            assert load.stdout is not None
            result = json.loads(load.stdout.read().splitlines()[-1])
    minute = int(60 / _LOOK_EVERY)
    return {
        **result,
        "resident_mib_after_1_minute": sizes[min(minute, len(sizes) - 1)],
        "resident_mib_at_half_time": sizes[len(sizes) // 2],
        "resident_mib_at_the_end": sizes[-1],
        "resident_mib_at_most": max(sizes),
    }


def _resident_mib(pid: int) -> int:
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024
