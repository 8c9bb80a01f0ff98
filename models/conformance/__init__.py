"""Proves that a model family keeps the contract; for families of other distributions too.

In a test of yours, where `FAMILY` is the `models.families.Family` that you declare:

    def test_my_family(tmp_path):
        check_family(FAMILY, str(tmp_path))

It fits the family with its `test_params`, exports it as the Trainer does and asks the SavedModel.
"""

from __future__ import annotations

import os

from models.conformance.answers import assert_same_recommendations, check_answer
from models.conformance.checks import CHECKS
from models.conformance.declaration import check_declaration
from models.conformance.exported import Exported, Fitted, Model, export, fit
from models.families import Family

__all__ = [
    "CHECKS",
    "Exported",
    "Fitted",
    "Model",
    "assert_same_recommendations",
    "check_answer",
    "check_declaration",
    "check_family",
    "export",
    "fit",
]


def check_family(family: Family, directory: str) -> None:
    """Runs every check; takes seconds to a minute.

    Args:
        family: to check; with an index too, if it is `dot_product`.
        directory: an empty one, for models.

    Raises:
        AssertionError: naming the check that failed first, and why.
        ValueError: if the family refuses its own parameters.
    """
    check_declaration(family)
    fitted = fit(family, os.path.join(directory, "work"))
    for indexed in (False, True) if family.dot_product else (False,):
        exported = export(fitted, os.path.join(directory, f"indexed-{indexed}".lower()), indexed)
        for check in CHECKS:
            try:
                check(exported)
            except AssertionError as error:
                searched = " with an index" if indexed else ""
                raise AssertionError(
                    f"{family.name}{searched}: {check.__name__}: {error or check.__doc__}"
                ) from error
