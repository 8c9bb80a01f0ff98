"""Beam transforms and custom TFX components, a folder each."""

import os

# A worker imports a component before any model: Keras decides once, at TensorFlow's first import.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
