"""What every test needs before it imports anything."""

import os
import pathlib
import sys
import tempfile

# Keras decides once, at TensorFlow's first import.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# Each of several workers takes one core; else all of them would fight for all cores.
if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:
    for library in ("OMP_NUM", "OPENBLAS_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP"):
        os.environ.setdefault(f"{library}_THREADS", "1")

# What a command prints is wide and coloured as its terminal is; tests read it as from a pipe.
for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)

# Tests ask this machine only, whichever proxy leads to the outside.
for name in ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy"):
    os.environ.pop(name, None)
    os.environ.pop(name.upper(), None)

# Started with stdin closed: what asks for the terminal's encoding, as IPython does when TFX imports
# it, finds one.
if sys.__stdin__ is None:
    sys.__stdin__ = open(os.devnull)  # noqa: SIM115
    sys.stdin = sys.stdin or sys.__stdin__

import hypothesis  # noqa: E402
import pytest  # noqa: E402

# An example takes as long as the machine needs for it, which may be busy.
hypothesis.settings.register_profile(
    "segue", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("segue")

ROOT = pathlib.Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    folder = config.option.basetemp or tempfile.gettempdir()
    if set(str(folder)) & set("*?["):
        raise pytest.UsageError(
            "TensorFlow takes a path with *, ? or [ for a pattern, and the tests write below "
            f"{folder}: set TMPDIR to another directory"
        )


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    return ROOT


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the end-to-end tests first: they take longest, and other processes fill in beside."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)
