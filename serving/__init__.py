"""TF Serving's gRPC API: a development server, a client, and releases of versions."""

__all__ = ["client", "protocol", "release", "server"]
