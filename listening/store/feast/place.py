"""What `feast:DIR?...` says, and what of it the directory remembers."""

from __future__ import annotations

import json
import os
from typing import Annotated, Any, Final

import pydantic

from schema.files import write_text
from schema.options import Options

#: The variable with the password of Redis, which no file holds.
PASSWORD: Final = "SEGUE_REDIS_PASSWORD"  # noqa: S105 - its name
#: The variable with the interpreter of Feast's environment.
PYTHON: Final = "SEGUE_FEAST_PYTHON"
_MADE_HERE: Final = os.path.join(".cache", "feast", "venv", "bin", "python")
_FILE: Final = "place.json"

_Address = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_.-]+:\d{1,5}$")]
_Name = Annotated[str, pydantic.Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
_Offline = Annotated[str, pydantic.Field(pattern=r"^(duckdb|bigquery:[a-z][a-z0-9-]+\.\w+)$")]


class Place(Options):
    """What `feast:DIR` says.

    Attributes:
        root: its directory: Feast's registry and offline files.
        redis: HOST:PORT of what serves.
        project: Feast's; stores of one Redis differ in it.
        offline: `duckdb`, which reads files of the directory, or `bigquery:PROJECT.DATASET`.
        ttl_days: how old rows may be for those who ask Feast itself; 0: of any age.
        python: the interpreter of Feast's environment.
    """

    root: str = pydantic.Field(min_length=1)
    redis: _Address = "127.0.0.1:6379"
    project: _Name = "segue"
    offline: _Offline = "duckdb"
    ttl_days: int = pydantic.Field(default=0, ge=0, le=36_500)
    python: str = pydantic.Field(default="", validate_default=True)

    @pydantic.field_validator("python")
    @classmethod
    def _found(cls, value: str) -> str:
        python = value or os.environ.get(PYTHON) or os.path.abspath(_MADE_HERE)
        if not os.access(python, os.X_OK):
            raise ValueError(
                f"there is no {python}: make feature-store sets Feast up, and {PYTHON} or the "
                "option python names its interpreter"
            )
        return python

    @property
    def dataset(self) -> str | None:
        """PROJECT.DATASET of BigQuery; None where DuckDB is the offline store."""
        kind, _, rest = self.offline.partition(":")
        return rest if kind == "bigquery" else None


def remember(place: Place) -> None:
    """Keeps what a directory belongs to, so that one directory never serves from two places.

    Raises:
        ValueError: it belongs to another one.
    """
    said = place.model_dump(exclude={"root", "python"})
    path = os.path.join(place.root, _FILE)
    if os.path.exists(path):
        known = _known(path)
        for name, value in said.items():
            if name != "ttl_days" and known.get(name) != value:
                raise ValueError(
                    f"{place.root} was made with {name}={known.get(name)}, not {value}: say that, "
                    "or take another directory"
                )
        return
    write_text(path, json.dumps(said))


def remembered(root: str) -> Place | None:
    """The place of a directory; None where there is no store."""
    path = os.path.join(root, _FILE)
    return Place(root=root, **_known(path)) if os.path.exists(path) else None


def _known(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found
