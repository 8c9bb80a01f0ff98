"""The rule of doors, checked on the sources of a tree.

A package's `__all__` lists what is public: names, and modules or packages in it. Who stands outside
of a room reaches what is in it through its door: from the deepest package that both lie in, each
step but the first leads to what its package lists.
"""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator, Mapping, Sequence


class House:
    """Packages and their doors.

    Attributes:
        sources: the parsed module, by its name, of floors and guests.
        rooms: the names of those that are packages of floors.
        doors: what each room lists, None where it lists nothing.
    """

    def __init__(
        self,
        root: pathlib.Path,
        floors: Sequence[str],
        guests: Sequence[str] = (),
        insiders: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Reads a tree.

        Args:
            root: the folder that packages lie in.
            floors: top-level packages, whose doors count.
            guests: folders with modules that import them and have no doors.
            insiders: modules and the rooms that they may look into, which they measure or test.
        """
        self.root = root
        self.insiders = dict(insiders or {})
        self.sources: dict[str, ast.Module] = {}
        self.rooms: set[str] = set()
        self._homes: dict[str, str] = {}
        for top in (*floors, *guests):
            for path in sorted((root / top).rglob("*.py")):
                folder = ".".join(path.parent.relative_to(root).parts)
                is_room = path.name == "__init__.py"
                name = folder if is_room else f"{folder}.{path.stem}"
                self.sources[name] = ast.parse(path.read_bytes())
                # A test stands in the room that it mirrors.
                self._homes[name] = folder.removeprefix("tests").removeprefix(".")
                if is_room and top in floors:
                    self.rooms.add(name)
        self.floors = tuple(floors)
        self.doors = {room: _listed(self.sources[room]) for room in self.rooms}

    def flaws(self) -> Iterator[str]:
        """What is wrong with the doors themselves, in words."""
        for module, home in self._homes.items():
            if module.split(".")[0] in self.floors and home not in self.rooms:
                yield f"{module} lies in a folder without __init__.py"
        for room in sorted(self.rooms):
            source = self.sources[room]
            if not ast.get_docstring(source):
                yield f"{room} has no docstring"
            door = self.doors[room]
            if door is None:
                yield f"{room} has no __all__ that is a plain list of names"
                continue
            bound = _bound(source)
            for name in sorted(set(door)):
                if name not in bound and f"{room}.{name}" not in self.sources:
                    yield f"{room} lists {name}, which is not there"
                if door.count(name) > 1:
                    yield f"{room} lists {name} twice"

    def intrusions(self) -> Iterator[str]:
        """Imports that do not come through the door, in words."""
        for module, source in self.sources.items():
            for target, line in self._targets(module, source):
                hidden = self._hidden(module, target)
                if hidden:
                    room, _, name = hidden.rpartition(".")
                    yield f"{module}:{line} reaches for {target}; {room} does not show {name}"

    def needless_insiders(self) -> list[str]:
        """Insiders for whom the doors would do, or that do not exist."""
        bare = {name for name in self.insiders if name not in self.sources}
        for module in self.insiders.keys() - bare:
            targets = self._targets(module, self.sources[module])
            if not any(self._behind_a_door(module, target) for target, _ in targets):
                bare.add(module)
        return sorted(bare)

    def _hidden(self, module: str, target: str) -> str | None:
        """The part of the target that a door hides from the module."""
        own = self.insiders.get(module, ())
        if module.startswith("tests."):
            own = [*own, self._homes[module]]
        if any(room and f"{target}.".startswith(f"{room}.") for room in own):
            return None
        return self._behind_a_door(module, target)

    def _behind_a_door(self, module: str, target: str) -> str | None:
        home = self._homes[module].split(".")
        steps = target.split(".")
        shared = 0
        while shared < min(len(home), len(steps)) and home[shared] == steps[shared]:
            shared += 1
        for depth in range(shared + 1, len(steps)):
            room = ".".join(steps[:depth])
            name = steps[depth]
            if room in self.rooms:
                shown = name in (self.doors[room] or ())
            else:
                shown = not name.startswith("_")
            if not shown:
                return f"{room}.{name}"
        return None

    def _targets(self, module: str, source: ast.Module) -> Iterator[tuple[str, int]]:
        """What a module imports of the floors, wherever in it, and reaches for by dots."""
        imported: dict[str, str] = {}
        for node in ast.walk(source):
            for name, target in self._imports(module, node):
                if target.split(".")[0] in self.floors:
                    imported[name] = target
                    yield target, getattr(node, "lineno", 0)
        for node in ast.walk(source):
            if isinstance(node, ast.Attribute):
                first, *steps = _dotted(node)
                target = ".".join([imported.get(first, ""), *steps])
                if target in self.sources:
                    yield target, node.lineno

    def _imports(self, module: str, node: ast.AST) -> Iterator[tuple[str, str]]:
        """Pairs of the name that an import binds and what it stands for."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.split(".")[0], alias.name
                if not alias.asname:
                    yield alias.name.split(".")[0], alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            home = self._homes[module].split(".")
            above = home[: len(home) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield (
                    alias.asname or alias.name,
                    start if alias.name == "*" else f"{start}.{alias.name}",
                )


def _dotted(node: ast.expr) -> list[str]:
    """The names of `a.b.c`; a blank in the first place of what starts otherwise."""
    if isinstance(node, ast.Attribute):
        return [*_dotted(node.value), node.attr]
    return [node.id if isinstance(node, ast.Name) else ""]


def _listed(source: ast.Module) -> list[str] | None:
    for node in source.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(each, ast.Name) and each.id == "__all__" for each in targets):
            try:
                found = ast.literal_eval(getattr(node, "value"))  # noqa: B009
            except (ValueError, TypeError):
                return None
            return found if isinstance(found, list) else None
    return None


def _bound(source: ast.Module) -> set[str]:
    """Names that the statements of a module bind."""
    names: set[str] = set()
    for node in source.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return names
