"""TF Serving's gRPC API: a development server, a client, releases and a registry of versions."""

__all__ = ["canary", "client", "protocol", "registry", "release", "server"]
