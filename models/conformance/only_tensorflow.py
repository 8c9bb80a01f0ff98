"""A process that has TensorFlow and nothing of ours, and loads models there."""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
from typing import IO, Any, Final

_LOOP: Final = """
import json, sys
import tensorflow as tf
for line in sys.stdin:
    directory, name, track_uri = json.loads(line)
    model = tf.saved_model.load(directory).signatures["serving_default"]
    result = model(name=tf.constant([name]), track_uris=tf.constant([[track_uri]]))
    assert not [name for name in sys.modules if name.split(".")[0] in ("models", "tensorflow_text")]
    uris = [uri.decode() for uri in result["track_uris"].numpy()[0]]
    print(json.dumps([[uris], result["scores"].numpy().tolist()]), flush=True)
"""


def ask(directory: str, name: str, track_uri: str) -> Any:
    """Loads a SavedModel there and asks it about one playlist.

    Args:
        directory: of the SavedModel.
        name: title of the playlist.
        track_uri: its only track.

    Returns:
        An `exported.Answer`.

    Raises:
        AssertionError: if the model cannot be loaded or asked there; it holds what was printed.
    """
    process, errors = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps([directory, name, track_uri]) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except BrokenPipeError:
        line = ""
    if not line:
        process.wait()
        _process.cache_clear()
        errors.seek(0)
        raise AssertionError(errors.read())
    return json.loads(line)


@functools.cache
def _process() -> tuple[subprocess.Popen[str], IO[str]]:
    """Starts the process once, since TensorFlow takes seconds to import."""
    errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-c", _LOOP],
        # TensorFlow may compute another way there, since it has none of our settings.
        env={"PATH": os.environ["PATH"], "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    atexit.register(process.kill)
    return process, errors
