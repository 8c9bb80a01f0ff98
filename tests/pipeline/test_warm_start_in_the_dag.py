"""Which Trainer gets what WarmStart finds, and by which configuration."""

from __future__ import annotations

import pytest

from pipeline.dag import Paths, create_pipeline
from pipeline.overrides import RunConfigError, load_config


def nodes(*overrides):
    config = load_config(None, list(overrides), data="somewhere")
    return {node.id: node for node in create_pipeline(config, Paths.under(config)).components}


def test_by_default_training_starts_from_scratch():
    found = nodes()
    assert "WarmStart" not in found
    assert "base_model" not in found["Trainer.two_tower"].inputs


def test_the_candidate_alone_starts_from_what_is_served():
    found = nodes("start_from=served")
    model = found["Trainer.two_tower"].inputs["base_model"]
    assert (model.producer_component_id, model.output_key) == ("WarmStart", "model")
    assert "base_model" not in found["Trainer.als"].inputs
    start = found["WarmStart"]
    assert not start.inputs, "it sees no playlist"
    assert start.upstream_nodes == {found["DataGate"]}
    served = found["ServedModel"].exec_properties
    for name in ("destination", "release_record", "split", "fingerprint"):
        assert start.exec_properties[name] == served[name]


@pytest.mark.parametrize("family", ["popularity", "item_knn"])
def test_a_family_that_always_starts_from_scratch_is_refused(family):
    with pytest.raises(RunConfigError) as raised:
        nodes("start_from=served", f"candidate={family}")
    assert "start_from" in str(raised.value)
    assert f"{family!r} always starts from scratch" in str(raised.value)
    assert "als, two_stage, two_tower" in str(raised.value)


def test_another_start_is_refused():
    with pytest.raises(RunConfigError, match="start_from"):
        nodes("start_from=pushed")
