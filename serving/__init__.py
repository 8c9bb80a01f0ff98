"""TF Serving's gRPC API: a development server, a client, and releases of versions."""
