"""A window of spans on a real Flink cluster, then one further on, compared with the process."""

import pytest

from benchmarks import engines
from pipeline.options.beam import DATA_COMPONENTS
from sample.generator import write_slices

pytestmark = pytest.mark.engines

#: Both runs of both are compared with what was served before them: nothing.
NOT_PUSHED = "evaluator.min_value=1"
SPANS = {1: 150, 2: 100, 3: 60}


@pytest.fixture(scope="module")
def runs(cluster, tmp_path_factory):
    """What is left here and on Flink by runs on spans 1 and 2, then on 2 and 3."""
    folder = tmp_path_factory.mktemp("spans")
    here, on_flink = folder / "here", folder / "flink"
    consoles = []
    for last in (2, 3):
        for number in range(1, last + 1):
            # The pids of each begin with 0: a later one updates playlists of those before.
            write_slices(folder / "data" / f"span-{number}", SPANS[number], seed=number)
        # What comes after these does not know of spans, and is tried on Flink elsewhere.
        there = engines.on_flink(cluster, components=[*DATA_COMPONENTS])
        for out, options in ((here, ()), (on_flink, there)):
            data = folder / "data" / "span-{SPAN}"
            run = engines.Run(data, out, *engines.CLASSICAL, "window=2", NOT_PUSHED, *options)
            assert run.end() == 0, run.console
            consoles.append(run.console)
    return here, on_flink, consoles


@pytest.mark.parametrize("kind", [*engines.KINDS, engines.SPAN_STATISTICS])
def test_its_results_are_those_of_the_process(runs, kind):
    here, on_flink, _ = runs
    assert engines.differences(kind, here, on_flink) == []


def test_only_the_new_span_is_worked_on_again(runs):
    *_, further = runs[2]
    assert "2 spans, computed anew: 3" in further


def test_statistics_of_spans_come_from_the_cluster(runs, cluster):
    assert engines.failed(cluster, "SpanStatistics") == 0
