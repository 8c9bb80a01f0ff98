"""Figures that documents state, each with the result file that holds it.

`python -m benchmarks.claims` reports where a document and `benchmarks/results` differ, and which
figures of a checked part have no result at all; the tests ask the same. Whoever states a new
figure states it in `claims_stated.py` too.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from benchmarks import harness
from benchmarks.claims_stated import STATED

# {result file/key/key:format}
_PLACE: Final = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}")
_CODE: Final = re.compile(r"`[^`]*`")


def problems(
    root: pathlib.Path = harness.ROOT,
    stated: Mapping[tuple[str, str], Sequence[str]] = STATED,
) -> Iterator[str]:
    """Compares documents with results.

    Args:
        root: of the project.
        stated: by document and heading the sentences that hold all figures of that part. A place
            such as `{index/als/recall@500:.3f}` stands for a value of `results/index.json`.

    Yields:
        A sentence a difference.
    """
    for (document, heading), sentences in stated.items():
        text = _part((root / document).read_text(encoding="utf-8"), heading)
        if text is None:
            yield f"{document} has no part {heading!r}."
            continue
        for sentence in sentences:
            try:
                expected = _spaced(_filled(sentence, root))
            except LookupError as error:
                yield f"{document}: {error.args[0]}, which is wanted for {sentence!r}."
                continue
            if expected not in text:
                yield f"{document} does not say what was measured: {expected!r}."
            text = text.replace(expected, "")
        for rest in re.split(r"(?<=\.) |\|", _CODE.sub("", text)):
            if re.search(r"\d", rest):
                yield f"{document} states a figure of no benchmark: {rest.strip()!r}."


def _part(text: str, heading: str) -> str | None:
    """What stands under a heading, on one line; None where there is no such heading."""
    level = heading.partition(" ")[0]
    match = re.search(
        rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.M | re.S
    )
    return None if match is None else _spaced(match[1])


def _filled(sentence: str, root: pathlib.Path) -> str:
    """Puts values in their places.

    Raises:
        LookupError: if a result is not there.
    """

    def value(match: re.Match[str]) -> str:
        name, *keys = match[1].split("/")
        path = root / "benchmarks" / "results" / f"{name}.json"
        if not path.exists():
            raise LookupError(f"benchmarks/results/{name}.json is missing")
        found: Any = json.loads(path.read_text(encoding="utf-8"))["figures"]
        for key in keys:
            if key not in found:
                raise LookupError(f"benchmarks/results/{name}.json has no {'/'.join(keys)}")
            found = found[key]
        return format(found, match[2] or "")

    return _PLACE.sub(value, sentence)


def _spaced(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    found = list(problems())
    print("\n".join(found) or "Documents say what was measured.")
    sys.exit(bool(found))
