"""Cache keys of code: what a node runs, found from its imports.

TFX's cache keys see inputs and options, not code, so each of our nodes gets the hash of the
code that it runs: its module, every module of ours that this imports, directly or not, the data
files beside them, and the versions of the installed distributions that they import. Imports are
read from the sources, so nothing is executed and nothing is listed by hand, but for `DYNAMIC`.
A process computes each key once.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import pathlib
import sys
from typing import Final

import grimp

#: The packages whose code a node may run.
OURS: Final = (
    "components",
    "evaluation",
    "listening",
    "models",
    "pipeline",
    "report",
    "sample",
    "schema",
    "serving",
)

#: What an ingest runs, as a node and as a command: the one goes on from the other's result.
INGEST: Final = "components.ingest.executor"

#: What a module imports in a way that no import statement shows. A model family is found by name;
#: whoever asks for the key of a Trainer names the family too.
DYNAMIC: Final = {
    "components.evaluator.config": ("components.evaluator.metrics",),
    "components.infra_check.model_server": ("components.infra_check.serve_model",),
    "listening.erasure": (
        "listening.events.erasing",
        "listening.features.erasing",
        "listening.held_out.erasing",
        "listening.recommending.erasing",
        "listening.store.embedded.erasing",
        "listening.store.feast.erasing",
        "listening.tables",
    ),
    "listening.store.places": ("listening.store.embedded", "listening.store.feast"),
    "pipeline.runners.vertex.compiling": (
        "pipeline.runners.vertex.entrypoint",
        "pipeline.runners.vertex.look_up",
    ),
}

#: Distributions of import names that are not named alike; the metadata of others is searched.
DISTRIBUTIONS: Final = {
    "absl": ("absl-py",),
    # A namespace of two dozen distributions, of which no node imports another.
    "google": ("protobuf",),
    "grpc": ("grpcio",),
    "grpc_health": ("grpcio-health-checking",),
    "grpc_reflection": ("grpcio-reflection",),
    "sklearn": ("scikit-learn",),
    "tensorflow_serving": ("tensorflow-serving-api",),
    "yaml": ("PyYAML",),
}


_UNREAD: Final = frozenset((".md", ".typed", ".pyc"))


@functools.cache
def of(*modules: str) -> str:
    """Hashes all that the modules run, data files and installed distributions included.

    Args:
        *modules: names such as `components.holdout.executor`; `models.families.als.*` is a package
            with everything in it. A module of another distribution counts by that one's version.

    Returns:
        A hexadecimal digest of 16 characters.

    Raises:
        ModuleNotFoundError: if a module of ours does not exist.
    """
    ours, others = closure(*modules)
    digest = hashlib.sha256()
    for name, content in sorted({**_sources(ours), **versions(others)}.items()):
        digest.update(f"{name}\0{content}\0".encode())
    return digest.hexdigest()[:16]


def of_packages(*names: str) -> str:
    """Hashes all files of packages that Python reads, whether anything imports them or not.

    Args:
        *names: of packages of ours, those below them included.

    Returns:
        A hexadecimal digest of 16 characters.
    """
    digest = hashlib.sha256()
    for name in sorted(names):
        top, *rest = name.split(".")
        folder = _folder(top).joinpath(*rest)
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in _UNREAD:
                place = path.relative_to(folder).as_posix()
                digest.update(f"{name}/{place}\0{_content_hash(path)}\0".encode())
    return digest.hexdigest()[:16]


def closure(*modules: str) -> tuple[frozenset[str], frozenset[str]]:
    """Finds what the modules import, directly or not, themselves included.

    A package's own `__init__` counts with each of its modules, as Python runs it first. Imports
    inside functions count, those for type checkers alone do not.

    Args:
        *modules: as of `of`.

    Returns:
        Our modules, and the top-level names of all others outside the standard library.

    Raises:
        ModuleNotFoundError: if a module of ours does not exist.
    """
    packages = frozenset(OURS) | {name.split(".")[0] for name in modules if _in_tree(name)}
    graph = _graph(packages)
    ours: set[str] = set()
    others: set[str] = set()
    waiting = [found for name in modules for found in _named(name, graph)]
    while waiting:
        module = waiting.pop()
        top = module.split(".")[0]
        if top not in packages:
            others.add(top)
        elif module not in ours:
            if module not in graph.modules:
                raise ModuleNotFoundError(f"There is no module {module!r}.", name=module)
            ours.add(module)
            waiting += graph.find_modules_directly_imported_by(module)
            waiting += DYNAMIC.get(module, ())
            waiting += [module.rpartition(".")[0]] if "." in module else []
    return frozenset(ours), frozenset(others - sys.stdlib_module_names)


def versions(names: frozenset[str]) -> dict[str, str]:
    """Finds the installed versions behind import names.

    Args:
        names: top-level names of modules.

    Returns:
        Versions by distribution, "missing" for an import name that nothing installed provides.
    """
    found = {}
    for name in names:
        for distribution in _distributions(name):
            found[distribution] = _version(distribution)
    return found


@functools.lru_cache(maxsize=4)
def _graph(packages: frozenset[str]) -> grimp.ImportGraph:
    return grimp.build_graph(
        *sorted(packages),
        include_external_packages=True,
        exclude_type_checking_imports=True,
        cache_dir=None,
    )


def _in_tree(name: str) -> bool:
    """Whether a module lies beside our packages, as the benchmarks do."""
    top = name.split(".", maxsplit=1)[0]
    return top in OURS or _folder(top).parent == _folder(OURS[0]).parent


def _named(name: str, graph: grimp.ImportGraph) -> list[str]:
    package = name.removesuffix(".*")
    everything = package != name and package in graph.modules
    return [package, *(graph.find_descendants(package) if everything else ())]


@functools.cache
def _folder(package: str) -> pathlib.Path:
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return pathlib.Path(next(iter(places))) if places else pathlib.Path()


def _sources(modules: frozenset[str]) -> dict[str, str]:
    """Returns the hashes of the modules' files, and of data files in their packages, by name."""
    hashes = {}
    for module in modules:
        top, *rest = module.split(".")
        path = _folder(top).joinpath(*rest)
        if path.is_dir():
            if top in OURS:
                hashes.update(_data_files(module, path))
            path /= "__init__.py"
        else:
            path = path.with_suffix(".py")
        hashes[module] = _content_hash(path)
    return hashes


def _data_files(package: str, folder: pathlib.Path) -> dict[str, str]:
    hashes = {}
    for path in folder.iterdir():
        if path.is_dir() and not (path / "__init__.py").exists() and path.name != "__pycache__":
            hashes.update(_data_files(f"{package}/{path.name}", path))
        elif path.is_file() and path.suffix not in {".py", *_UNREAD}:
            hashes[f"{package}/{path.name}"] = _content_hash(path)
    return hashes


@functools.cache
def _content_hash(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


@functools.cache
def _distributions(name: str) -> tuple[str, ...]:
    if name in DISTRIBUTIONS:
        return DISTRIBUTIONS[name]
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return tuple(importlib.metadata.packages_distributions().get(name, [name]))
    return (name,)
