"""Nobody who recommends, analyses or decides knows the truth: neither by import nor by path."""

from __future__ import annotations

import ast
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from sample.listeners import truth

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib

#: Who makes the truth, and who measures how near others come to it.
KNOWING = {"sample", "benchmarks"}
_PATH = re.compile(r"(?:^|[/\\])truth(?:[/\\]|$)")


@pytest.fixture(scope="module")
def linter(root: pathlib.Path) -> dict[str, Any]:
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["tool"]["importlinter"]


def literals(source: str) -> Iterator[str]:
    """The texts of a module, but for docstrings."""
    tree = ast.parse(source)
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_every_package_is_kept_from_importing_it(linter: dict[str, Any]) -> None:
    (contract,) = (
        each
        for each in linter["contracts"]
        if each.get("forbidden_modules") == ["sample.listeners"]
    )
    assert contract["type"] == "forbidden"
    assert set(contract["source_modules"]) == set(linter["root_packages"]) - KNOWING
    # The commands that write a world, and nobody else.
    assert contract["ignore_imports"] == [
        "pipeline.cli.sample -> sample.listeners",
        "pipeline.cli.sample_respond -> sample.listeners",
    ]


def test_no_package_names_its_folder(root: pathlib.Path, linter: dict[str, Any]) -> None:
    packages = sorted(set(linter["root_packages"]) - KNOWING)
    paths = [path for name in packages for path in (root / name).rglob("*.py")]
    assert len(paths) > 100
    naming = [
        (str(path), text)
        for path in paths
        for text in literals(path.read_text(encoding="utf-8"))
        if _PATH.search(text)
    ]
    assert naming == []


@pytest.mark.parametrize("text", ["truth", "out/sample/truth", "truth/world.json", "a\\truth\\b"])
def test_a_path_to_it_is_noticed(text: str) -> None:
    source = f'"""Nothing of truth/ here."""\nplace = f"{{x}}/" + {text!r}'
    assert [found for found in literals(source) if _PATH.search(found)] == [text]
    assert truth.TRUTH == "truth"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"world\.json is missing: segue sample --listeners writes it"),
        ("{", "describes no world"),
        ('{"size": {"playlists": 1}}', "describes no world"),
        ('{"size": {"playlists": 1, "listeners": 0, "days": 1, "seed": 1}}', "listeners: 0 is not"),
    ],
)
def test_a_folder_that_holds_no_world_is_an_error(
    tmp_path: pathlib.Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "world.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        truth.read_size(tmp_path)
