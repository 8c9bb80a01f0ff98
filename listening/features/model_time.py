"""Until when a model's data goes: vectors as of a time are of no model that knows of later events.

A partition of vectors says so of its model, in a file beside the table.
"""

from __future__ import annotations

import datetime
import os
import pathlib
import shutil
from typing import Final

import pydantic

from listening.features.partitions import cut_name
from schema.files import write_text
from schema.model_card import ModelCard

_FILE: Final = "model.json"


class VectorsModel(pydantic.BaseModel):
    """The model of a partition's vectors.

    Attributes:
        version: its number.
        data_end: as its card says, and
        undated_playlists: likewise.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")

    version: str
    data_end: pydantic.AwareDatetime | None = None
    undated_playlists: int | None = None


def known_by(model: str, card: ModelCard, as_of: datetime.datetime) -> str | None:
    """Refuses a model that knows of what happened later than a time.

    Args:
        model: what it is called.
        card: what its training has written of it.
        as_of: a whole hour of UTC, for which it is used.

    Returns:
        What its card leaves open, in words; None where it knows of nothing that happened later.

    Raises:
        ValueError: it has learnt from data that goes on after the time.
    """
    cut, end = cut_name(as_of), card.data_end
    if end is not None and end > as_of:
        raise ValueError(
            f"{model} has learnt from data up to {_told(end)}, so it knows of what happened after "
            f"{cut}: take a model that was trained on what there was before, or a later time"
        )
    if end is None or card.undated_playlists is None:
        return (
            f"the card of {model} does not say of all its data until when that goes: nothing "
            f"shows that it ends before {cut}"
        )
    if card.undated_playlists:
        return (
            f"{card.undated_playlists:,} of the playlists that {model} has learnt from do not say "
            f"when they were changed: nothing shows that it was before {cut}"
        )
    return None


def write(folder: str, version: str, card: ModelCard) -> None:
    """Says in the folder of a partition of which model its vectors are."""
    told = VectorsModel(
        version=version, data_end=card.data_end, undated_playlists=card.undated_playlists
    )
    write_text(os.path.join(folder, _FILE), told.model_dump_json(indent=1) + "\n")


def read(folder: str) -> VectorsModel | None:
    """What a partition says of its model; None where it says nothing, as those of before."""
    try:
        text = pathlib.Path(folder, _FILE).read_bytes()
    except FileNotFoundError:
        return None
    return VectorsModel.model_validate_json(text)


def keep(earlier: str, folder: str) -> None:
    """Says in a folder what that of an earlier version of the partition says, if it does."""
    if os.path.exists(path := os.path.join(earlier, _FILE)):
        shutil.copyfile(path, os.path.join(folder, _FILE))


def _told(moment: datetime.datetime) -> str:
    return f"{moment.astimezone(datetime.timezone.utc):%Y-%m-%dT%H:%M:%S}"
