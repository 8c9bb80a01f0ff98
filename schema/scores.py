"""What the scores of an answer mean, and which answers' scores compare."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final


class Basis(str, enum.Enum):
    """What an answer rests on; it decides what its scores mean."""

    TRACKS = "tracks"
    """On tracks that the model knows, and on the title where its family reads titles."""
    TITLE = "title"
    """On the title alone: there is no track, or none that the model knows."""
    POPULARITY = "popularity"
    """On neither: popular tracks, as they come for any playlist."""


#: What the scores of an answer are, by its basis.
MEANINGS: Final[Mapping[Basis, str]] = {
    Basis.TRACKS: "the model's, from the known tracks; they rank this answer and compare "
    "with no other",
    Basis.TITLE: "the model's, from the title alone; they rank this answer and compare with "
    "no other",
    Basis.POPULARITY: "playlists of the training data that hold the track; they compare with "
    "other answers of this version that rest on popularity",
}


def comparable(basis: Basis | None) -> bool:
    """Whether scores compare with those of other answers of the same version and basis."""
    return basis is Basis.POPULARITY
