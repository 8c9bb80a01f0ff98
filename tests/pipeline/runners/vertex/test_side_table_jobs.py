"""A Trainer with a side table runs where its executor does."""

from __future__ import annotations

import pytest

from pipeline.dag import Paths, create_pipeline
from pipeline.options.vertex import VertexOptions
from pipeline.overrides import load_config
from pipeline.runners.vertex import custom_jobs


def test_a_custom_job_would_lose_the_side_table() -> None:
    config = load_config(None, ["trending=gs://bucket/trending"], data="somewhere")
    options = VertexOptions(
        custom_jobs={"Trainer.popularity": {"machine_type": "n1-standard-4"}}, image="image"
    )
    with pytest.raises(ValueError, match=r"'Trainer\.popularity' reads a side table"):
        custom_jobs.apply(create_pipeline(config, Paths.under(config)), options)
