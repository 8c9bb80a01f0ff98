"""The request log: a sample of requests with their answers, as TF Serving's `LoggingConfig` says.

`logs` knows which model is logged and how, `logger` samples and hands over without waiting,
`log_files` writes.
"""

from serving.server.request_log.logs import RequestLogs
from serving.server.request_log.options import RequestLogOptions

__all__ = ["RequestLogOptions", "RequestLogs"]
