"""Findings against a model: the worst are listed one by one, the rest is counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

#: How many findings are listed one by one; the others are counted.
SHOWN: Final = 3


class Finding(NamedTuple):
    """What is wrong in one place.

    Attributes:
        share: how bad it is, as a share; infinite where no share can say.
        text: the finding, in words.
    """

    share: float
    text: str


def told(findings: Iterable[Finding], rest: str) -> list[str]:
    """The sentences to show, the worst first.

    Args:
        findings: in any order.
        rest: the sentence about those that are not listed, with {} for their number.
    """
    ordered = sorted(findings, key=lambda finding: -finding.share)
    texts = [finding.text for finding in ordered[:SHOWN]]
    if len(ordered) > SHOWN:
        texts.append(rest.format(len(ordered) - SHOWN))
    return texts
