"""A pool of Python workers for the TaskManagers of this machine.

Beam's own pool listens on every network, takes two workers of one name for one (each TaskManager
counts from 1), lets a worker that prints much wait for a reader for ever, and does not see one die
before it has connected, which its TaskManager waits for as long.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import traceback
from concurrent import futures
from typing import Any, Final

import grpc
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc

from scripts.background import CHILD

#: Tells by a pipe that it has reached its TaskManager, who notices from then on if it dies.
_WORKER: Final = """
import os, sys
from apache_beam.runners.worker.sdk_worker import SdkHarness
worker = SdkHarness(sys.argv[1], worker_id=sys.argv[2], state_cache_size=int(sys.argv[3]))
os.write(int(sys.argv[4]), b"connected")
worker.run()
"""
_CACHE_BYTES: Final = 100 * 2**20
_THREADS: Final = 16
#: How often a worker is started that dies before it has connected.
_TRIES: Final = 3


class Pool(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """Starts a process for each worker that a TaskManager asks for, and ends it with its job."""

    def StartWorker(self, request: Any, context: Any) -> Any:  # noqa: N802 - Beam's names
        """Starts one."""
        worker = _Worker(request.control_endpoint.url, request.worker_id)
        try:
            worker.start()
        except OSError:
            return beam_fn_api_pb2.StartWorkerResponse(error=traceback.format_exc())
        threading.Thread(target=worker.follow, daemon=True).start()
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(self, request: Any, context: Any) -> Any:  # noqa: N802 - Beam's names
        """Ends none: a worker ends by itself when its TaskManager closes the stream of work.

        Others have the same name, and work for other TaskManagers.
        """
        return beam_fn_api_pb2.StopWorkerResponse()


class _Worker:
    """A worker, and the processes that were tried for it."""

    def __init__(self, endpoint: str, name: str) -> None:
        self._command = [*CHILD, sys.executable, "-c", _WORKER, endpoint, name, str(_CACHE_BYTES)]
        self._name = name

    def start(self) -> None:
        """Starts its process.

        Raises:
            OSError: if there can be none.
        """
        self._heard, told = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell
                [*self._command, str(told)], stdout=sys.stderr, pass_fds=[told]
            )
        finally:
            os.close(told)
        logging.info("Worker %s is process %d", self._name, self._process.pid)

    def follow(self) -> None:
        """Waits for its end, and starts it again where it dies before it has connected.

        A process ends with the thread that started it, so that this one stays.
        """
        for left in reversed(range(_TRIES)):
            with open(self._heard, "rb") as stream:
                connected = bool(stream.read(1))
            if connected or not left:
                break
            logging.warning("Worker %s died before it had connected: again", self._name)
            self.start()
        self._process.wait()


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
