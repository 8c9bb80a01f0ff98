"""Weights of a served model, carried over by name to the vocabularies of new data."""

from models.warm_start.carrying import Carried, carry, known_ids, relatives_of
from models.warm_start.served import MisfitError, ServedWeights
from models.warm_start.start import Start

__all__ = [
    "Carried",
    "MisfitError",
    "ServedWeights",
    "Start",
    "carry",
    "known_ids",
    "relatives_of",
]
