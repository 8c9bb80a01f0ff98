"""The development server: a request's way from gRPC to the model and back.

`services` reads a request, `versions` holds the version that it means, `predict_runner` has it run
by `batching` or in a pool of threads, `versions.servable` runs the session, `encoding` writes the
answer, and `request_log` keeps a sample of both.
"""

from serving.server.batching import BatchingOptions, batching_of, read_batching_parameters
from serving.server.options import ServerOptions
from serving.server.predict import run_predict
from serving.server.request_log import RequestLogOptions
from serving.server.serve_command import serve
from serving.server.server import ModelServer
from serving.server.versions import Servable, WatchOptions
from serving.server.warmup import run_warmup

__all__ = [
    "BatchingOptions",
    "ModelServer",
    "RequestLogOptions",
    "Servable",
    "ServerOptions",
    "WatchOptions",
    "batching_of",
    "read_batching_parameters",
    "run_predict",
    "run_warmup",
    "serve",
]
