"""What runs and where: configuration, the DAG, the runners and the command line."""

import os

# Keras decides once, at TensorFlow's first import, which the TFX modules below do.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "beam_args",
    "cli",
    "config",
    "dag",
    "neighbours",
    "options",
    "overrides",
    "runners",
    "skew",
    "source_hash",
    "start",
]
