"""Searches a big catalogue without scoring all of it, in stock TensorFlow ops."""

from models.export.index.options import IndexOptions

__all__ = ["IndexOptions", "build", "clustering", "sampling"]
