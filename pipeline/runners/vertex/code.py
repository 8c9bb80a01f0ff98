"""The code that a specification was compiled from, and the code that a container holds."""

from __future__ import annotations

from typing import Final

from pipeline import source_hash

#: Names the code in a container's environment, as the submitting side knows it.
VARIABLE: Final = "SEGUE_CODE"
#: The packages that containers run.
_IN_CONTAINERS: Final = (
    "components",
    "evaluation",
    "models",
    "pipeline.runners.vertex",
    "report",
    "schema",
    "serving",
)


class OtherCodeError(RuntimeError):
    """The image holds other code than the one that the specification was compiled from."""


def digest() -> str:
    """Returns a digest of what containers run, as it lies here."""
    return source_hash.of_packages(*_IN_CONTAINERS)


def check(expected: str | None) -> None:
    """Compares the code that lies here with what the cache's keys were made from.

    Args:
        expected: `digest` of the submitting side; None or empty: it does not say.

    Raises:
        OtherCodeError: if they differ.
    """
    own = digest()
    if expected and expected != own:
        raise OtherCodeError(
            f"this image holds other code ({own}) than the one that the pipeline was compiled "
            f"from ({expected}): build the image from that commit, or compile with this one"
        )
