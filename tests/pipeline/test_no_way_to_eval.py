"""What the DAG lets a Trainer see: train and stop, and nothing made of other playlists."""

from __future__ import annotations

import json

import pytest
from tfx.types.channel import OutputChannel

from pipeline.dag import Paths, create_pipeline
from pipeline.overrides import load_config
from schema.splits import STOP, TRAIN


@pytest.fixture(scope="module")
def nodes():
    config = load_config(None, ["candidate=two_stage", "tuner.enabled=true"], data="somewhere")
    return {node.id: node for node in create_pipeline(config, Paths.under(config)).components}


def sources(nodes, name):
    """The (node, output) pairs that data of a node come from, back to Holdout."""
    found = set()
    for channel in nodes[name].inputs.values():
        assert isinstance(channel, OutputChannel), channel
        producer = channel.producer_component_id
        pair = (producer, channel.output_key)
        if pair not in found:
            found |= {pair} | (set() if producer == "Holdout" else sources(nodes, producer))
    return found


LEARNING = ("Transform", "Tuner.two_stage", "Trainer.two_stage", "Trainer.two_tower", "Trainer.als")


@pytest.mark.parametrize("name", LEARNING)
def test_whatever_learns_gets_playlists_from_holdouts_training_alone(nodes, name):
    found = sources(nodes, name)
    assert ("Holdout", "training") in found
    assert ("Holdout", "held_out") not in found
    # The rest is the curated schema, and what other nodes that learn have made.
    makers = {producer for producer, _ in found} - {"Holdout", "ImportSchemaGen"}
    assert makers <= set(LEARNING)


def test_what_judges_is_given_what_was_held_out(nodes):
    for name in ("Evaluator", "InfraCheck", "Significance"):
        given = nodes[name].inputs["examples"]
        assert (given.producer_component_id, given.output_key) == ("Holdout", "held_out")


def test_a_trainer_is_given_train_and_stop_and_a_tuner_train(nodes):
    def splits(name, which):
        return json.loads(nodes[name].exec_properties[which])["splits"]

    assert splits("Trainer.als", "train_args") == [TRAIN]
    assert splits("Trainer.als", "eval_args") == [STOP]
    assert splits("Tuner.two_stage", "train_args") == [TRAIN]
    assert splits("Tuner.two_stage", "eval_args") == [TRAIN]


def test_a_trainer_of_every_family_is_looked_at(nodes):
    trainers = {name for name in nodes if name.startswith("Trainer.")}
    assert {"Trainer.item_knn", "Trainer.popularity"} <= trainers
    for name in trainers:
        assert ("Holdout", "held_out") not in sources(nodes, name)
