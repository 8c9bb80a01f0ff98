"""TF Serving's gRPC API: a development server, a client, and releases of versions."""

__all__ = ["canary", "client", "protocol", "release", "server"]
