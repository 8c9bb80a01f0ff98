"""Where a store is: `KIND:DIR?option=value&...`, one text that is checked before anything opens."""

from __future__ import annotations

import importlib
import os
import urllib.parse
from collections.abc import Mapping
from typing import Final

import pydantic

from listening.store.port import FeatureStore

#: The module of each store, by kind. It has `Place`, a model of what its text may say with `root`
#: for DIR, and `open_store(place, features)`.
STORES: Final[Mapping[str, str]] = {
    "embedded": "listening.store.embedded",
    "feast": "listening.store.feast",
}


class PlaceError(ValueError):
    """A text that names no store."""


def open_store(place: str, features: str) -> FeatureStore:
    """Opens a store.

    Args:
        place: `embedded:DIR`, or another of STORES; DIR is the store's own, made where it is
            missing.
        features: the directory of partitions (`listening.features.partitions`).

    Raises:
        PlaceError: there is no such kind of store, or an option of it.
        OSError: it cannot be opened.
        ValueError: what it needs is not here.
    """
    kind, sign, rest = place.partition(":")
    if not sign or kind not in STORES:
        raise PlaceError(f"{place}: a store is KIND:DIR, KIND among {', '.join(STORES)}")
    module = importlib.import_module(STORES[kind])
    root, _, query = rest.partition("?")
    try:
        # An empty text is no options, and strict parsing refuses it.
        given = dict(urllib.parse.parse_qsl(query, True, True)) if query else {}
        found = module.Place.model_validate({**given, "root": os.path.expanduser(root)})
    except pydantic.ValidationError as error:
        raise PlaceError(f"{place}: {_said(error, module.Place)}") from error
    except ValueError as error:
        raise PlaceError(f"{place}: options are option=value, with & in between") from error
    opened: FeatureStore = module.open_store(found, features)
    return opened


def _said(error: pydantic.ValidationError, model: type[pydantic.BaseModel]) -> str:
    """The first thing that is wrong, and what is accepted."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        known = sorted(model.model_fields.keys() - {"root"})
        options = f"there are {', '.join(known)}" if known else "this store has none"
        return f"there is no option {name}; {options}"
    what = "the directory" if name == "root" else name
    return f"{what}: {first['msg'].removeprefix('Value error, ')}"
