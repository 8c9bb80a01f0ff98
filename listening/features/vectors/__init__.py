"""The views `track_vectors` and `listener_vectors`: what one version of a model makes of them."""

from listening.features.vectors.job import VectorsBuilt, build
from listening.features.vectors.reading import read

__all__ = ["VectorsBuilt", "build", "read"]
