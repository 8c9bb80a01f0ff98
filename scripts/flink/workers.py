"""A pool of Python workers for the TaskManagers of this machine.

Beam's own pool listens on every network, takes two workers of one name for one (each TaskManager
counts from 1), and lets a worker that prints much wait for a reader for ever.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
import traceback
from concurrent import futures
from typing import Any, Final

import grpc
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc

from scripts.background import CHILD

_WORKER: Final = (
    "import sys; from apache_beam.runners.worker.sdk_worker import SdkHarness; "
    "SdkHarness(sys.argv[1], worker_id=sys.argv[2], state_cache_size=int(sys.argv[3])).run()"
)
_CACHE_BYTES: Final = 100 * 2**20
_THREADS: Final = 16


class Pool(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """Starts a process for each worker that a TaskManager asks for, and ends it with its job."""

    def __init__(self) -> None:
        self._workers: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def StartWorker(self, request: Any, context: Any) -> Any:  # noqa: N802 - Beam's names
        """Starts one."""
        command = [
            *(*CHILD, sys.executable, "-c", _WORKER),
            *(request.control_endpoint.url, request.worker_id, str(_CACHE_BYTES)),
        ]
        try:
            process = subprocess.Popen(command, stdout=sys.stderr)  # noqa: S603 - no shell
        except OSError:
            return beam_fn_api_pb2.StartWorkerResponse(error=traceback.format_exc())
        logging.info("Worker %s is process %d", request.worker_id, process.pid)
        self._forget_ended(process)
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(self, request: Any, context: Any) -> Any:  # noqa: N802 - Beam's names
        """Ends none: a worker ends by itself when its TaskManager closes the stream of work.

        Others have the same name, and work for other TaskManagers.
        """
        self._forget_ended()
        return beam_fn_api_pb2.StopWorkerResponse()

    def _forget_ended(self, *started: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._workers = [w for w in (*self._workers, *started) if w.poll() is None]


def serve(port: int) -> None:
    """Serves until the process ends."""
    server = grpc.server(futures.ThreadPoolExecutor(_THREADS))
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(Pool(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    with contextlib.suppress(KeyboardInterrupt):
        server.wait_for_termination()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    serve(int(sys.argv[1]))
