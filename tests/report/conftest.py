from __future__ import annotations

from pathlib import Path

import pytest

from report import loading
from report.build import build_report
from tests.report import report_fixture


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report directory of a realistic run, with its page built."""
    directory = report_fixture.write(tmp_path_factory.mktemp("run") / "report", playlists=300)
    build_report(directory)
    return directory


@pytest.fixture(scope="session")
def results(run_dir: Path) -> loading.RunResults:
    return loading.load(run_dir)
