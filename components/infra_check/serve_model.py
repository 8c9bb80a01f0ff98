"""The fresh process: serves one model until the process that started it is done or dead.

It prints the port as one line of JSON when the model can be asked, or why it cannot.
"""

from __future__ import annotations

import json
import os
import sys

MODEL_NAME = "segue"


def main(base_path: str) -> int:
    """Serves the latest version under a base path; returns an exit code."""
    # The parent reads one line: what libraries print must not take its place.
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    from serving.protocol import ConfigError, ServingError, single_model_config
    from serving.server import ModelServer, ServerOptions, WatchOptions

    server = ModelServer(
        single_model_config(MODEL_NAME, base_path),
        ServerOptions(port=0, watch=WatchOptions(max_load_retries=0)),
    )
    try:
        server.start()
    except (ConfigError, ServingError) as error:
        print(json.dumps({"error": str(error)}), file=said, flush=True)
        server.stop(grace=0)
        return 1
    print(json.dumps({"port": server.port}), file=said, flush=True)
    sys.stdin.buffer.read()  # ends when the parent closes it or dies
    server.stop(grace=0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
