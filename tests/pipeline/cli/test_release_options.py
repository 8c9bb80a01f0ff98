from __future__ import annotations

from pipeline.cli.release_options import metrics_of


def test_a_base_that_lies_at_the_root_has_no_run_beside_it() -> None:
    assert metrics_of("/models", 7) is None
