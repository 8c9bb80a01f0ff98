"""A whole run whose data stages several processes share, compared with one in a single process."""

import pytest

from benchmarks import engines
from sample.generator import write_slices

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    write_slices(folder / "data", 300, seed=7, slice_size=100)
    alone = engines.Run(folder / "data", folder / "alone", *engines.CLASSICAL)
    assert alone.end() == 0, alone.console
    settings = (*engines.CLASSICAL, "beam.processes=2")
    shared = engines.Run(folder / "data", folder / "shared", *settings)
    assert shared.end() == 0, shared.console
    return alone.out, shared.out


@pytest.mark.parametrize("kind", engines.KINDS)
def test_its_results_are_those_of_one_process(runs, kind):
    assert engines.differences(kind, *runs) == []
