"""From a fitted model to a SavedModel: signatures, retrieval, an index, warm-up requests.

What is shown here needs no TensorFlow, so that a configuration is checked quickly; the modules that
export do, and are imported by name.
"""

from models.export.index import IndexOptions
from models.export.options import ExportOptions

__all__ = [
    "ExportOptions",
    "IndexOptions",
    "index",
    "queries",
    "recommender",
    "retrieval",
    "saved_model",
    "warmup",
]
