"""What Segue trains and serves: one family of models a folder, behind one contract."""

import os

# TensorFlow Recommenders refuses Keras 3, and Keras decides once: at TensorFlow's first import.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

__all__ = [
    "cold",
    "conformance",
    "contract",
    "data",
    "export",
    "families",
    "progress",
    "trainer",
    "transform",
    "tuning",
    "warm_start",
]
