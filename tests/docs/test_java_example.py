"""The Java program of docs/serving.md is the one that `make test-services` runs."""

from __future__ import annotations

import pathlib
import re


def test_the_documented_program_is_the_tested_one(root: pathlib.Path) -> None:
    text = (root / "docs/serving.md").read_text(encoding="utf-8")
    (documented,) = re.findall(r"```java\n(.*?)```", text, re.DOTALL)
    source = root / "tests/services/java/src/main/java/segue/Recommender.java"
    assert documented == source.read_text(encoding="utf-8")
