"""Where the search for hyperparameters stands in the DAG."""

import json

import pytest

from pipeline.overrides import load_config


@pytest.fixture(scope="module")
def components():
    from pipeline import dag

    def build(*settings):
        config = load_config(None, settings, data="somewhere")
        made = dag.create_pipeline(config, dag.Paths.under(config))
        return {component.id: component for component in made.components}

    return build


def test_by_default_there_is_no_search(components):
    made = components()
    assert not [name for name in made if name.startswith("Tuner")]
    assert "hyperparameters" not in made["Trainer.two_tower"].inputs


def test_a_tuned_family_is_searched_before_it_is_trained(components):
    made = components(
        "tuner.enabled=true",
        "tuner.families=[als, two_tower]",
        "tuner.fixed=[start.alpha, factors]",
        "tuner.trials=3",
        "models.als.factors=16",
        "seed=4",
    )
    names = list(made)
    for family in ("als", "two_tower"):
        search, trainer = made[f"Tuner.{family}"], made[f"Trainer.{family}"]
        assert names.index("Transform") < names.index(search.id) < names.index(trainer.id)
        assert trainer.inputs["hyperparameters"].producer_component_id == search.id
    assert "hyperparameters" not in made["Trainer.item_knn"].inputs
    told = json.loads(made["Tuner.als"].exec_properties["custom_config"])
    assert told["family"] == "als"
    assert told["params"]["factors"] == 16
    assert (told["seed"], told["trials"]) == (4, 3)
    assert told["fixed"] == ["factors"], "only what this family has"
