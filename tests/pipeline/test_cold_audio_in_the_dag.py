"""Audio embeddings reach the Trainers that can use them, and no other."""

from __future__ import annotations

import pytest

from components.trainer.component import SideTableTrainer
from pipeline.dag import Paths, create_pipeline
from pipeline.overrides import RunConfigError, load_config


def test_families_with_vectors_are_given_the_table() -> None:
    config = load_config(
        None,
        ["cold_audio=audio", "trending=trending", "baselines=[als, item_knn, popularity]"],
        data="somewhere",
    )
    pipeline = create_pipeline(config, Paths.under(config))
    given = {
        node.id: node.spec.inputs["side_table"].producer_component_id
        for node in pipeline.components
        if isinstance(node, SideTableTrainer)
    }
    assert given == {
        "Trainer.two_tower": "SideTable.audio",
        "Trainer.als": "SideTable.audio",
        "Trainer.popularity": "SideTable",
    }


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("candidate=two_stage", "cold_audio: 'two_stage' .* the candidate can be als, two_tower"),
        ("start_from=served", "cold_audio: .* start_from is scratch"),
    ],
)
def test_what_does_not_go_with_it_is_refused(setting: str, told: str) -> None:
    with pytest.raises(RunConfigError, match=told):
        load_config(None, ["cold_audio=audio", setting], data="somewhere")
