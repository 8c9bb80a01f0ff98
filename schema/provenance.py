"""What an image says of itself to the code that runs in it: by environment variables."""

from __future__ import annotations

import os
from typing import Final

#: The name of the container image, best by digest.
IMAGE: Final = "SEGUE_IMAGE"
#: The commit that the code is of.
COMMIT: Final = "SEGUE_COMMIT"


def image() -> str | None:
    """The container image that this runs in; None where it runs in none, or none is named."""
    return os.environ.get(IMAGE) or None


def commit() -> str | None:
    """The commit that the environment names; None where it names none."""
    return os.environ.get(COMMIT) or None
