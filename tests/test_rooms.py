"""What a package's `__init__` does not show is private: other floors do not import it.

import-linter knows the floors; this knows the doors. Benchmarks measure parts, so they may look
inside.
"""

import ast

import grimp
import pytest

FLOORS = (
    "components",
    "demo",
    "evaluation",
    "models",
    "pipeline",
    "report",
    "sample",
    "schema",
    "serving",
)


@pytest.fixture(scope="module")
def doors(root):
    """Public names by package, of those that show some."""
    found = {}
    for floor in FLOORS:
        for path in (root / floor).rglob("__init__.py"):
            for node in ast.parse(path.read_bytes()).body:
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                    package = ".".join(path.parent.relative_to(root).parts)
                    found[package] = set(ast.literal_eval(node.value))
    return found


def test_other_floors_come_through_the_door(doors):
    graph = grimp.build_graph(*FLOORS, cache_dir=None)
    intruders = [
        f"{importer} imports {module}, which {package} does not show"
        for package, shown in doors.items()
        for module in graph.find_descendants(package)
        if module[len(package) + 1 :].split(".", maxsplit=1)[0] not in shown
        for importer in graph.find_modules_that_directly_import(module)
        if importer.split(".", maxsplit=1)[0] != package.split(".", maxsplit=1)[0]
    ]
    assert doors
    assert intruders == []
