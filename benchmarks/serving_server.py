"""The development server in a process of its own, for benchmarks."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Final

from benchmarks import harness

BATCHING: Final = """
max_batch_size { value: 1000 }
enable_large_batch_splitting { value: true }
max_execution_batch_size { value: 16 }
batch_timeout_micros { value: 1000 }
max_enqueued_batches { value: 100 }
num_batch_threads { value: 2 }
pad_variable_length_inputs: true
"""

_SERVER: Final = """
import sys
from serving.protocol import single_model_config
from serving.server import ModelServer, ServerOptions, read_batching_parameters

batching = read_batching_parameters(sys.argv[2]) if len(sys.argv) > 2 else None
options = ServerOptions(port=0, batching=batching)
server = ModelServer(single_model_config("segue", sys.argv[1]), options)
server.start()
print(server.target, flush=True)
sys.stdin.read()
server.stop()
"""


class Server:
    """The development server, in a process of its own."""

    def __init__(self, base: pathlib.Path, parameters: pathlib.Path | None = None) -> None:
        arguments = [str(base), *([str(parameters)] if parameters else [])]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, *arguments],
            cwd=harness.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.target = ""

    @property
    def pid(self) -> int:
        """The process, for its memory to be looked at."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """User and system time of the process so far, to a hundredth of a second."""
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Server:
        assert self._process.stdout is not None
        self.target = self._process.stdout.readline().strip()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its standard input, which ends it
