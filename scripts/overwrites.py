"""Says which packages of an environment a wheel would overwrite: PYTHON overwrites.py WHEEL.

Run it with the Python of that environment; it needs nothing else.
"""

import importlib.metadata
import sys
import zipfile


def overwritten(wheel: str) -> dict[str, list[str]]:
    """Distributions by the top-level names that they share with a wheel, earlier Segues aside."""
    with zipfile.ZipFile(wheel) as packed:
        names = {name.partition("/")[0] for name in packed.namelist()}
        (described,) = (name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = packed.read(described).decode()
    own = next(line[6:] for line in metadata.splitlines() if line.startswith("Name: "))
    installed = importlib.metadata.packages_distributions()
    found = {name: sorted(set(installed.get(name, ())) - {own}) for name in sorted(names)}
    return {name: owners for name, owners in found.items() if owners}


def main() -> int:
    """Returns the exit code."""
    found = overwritten(sys.argv[1])
    for name, owners in found.items():
        print(f"{name}: also of {', '.join(owners)}, whose files would be overwritten")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
