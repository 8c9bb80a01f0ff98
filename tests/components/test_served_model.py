from tfx.components.evaluator import constants
from tfx.types import standard_artifacts

from components.served_model.strategy import ServedModelStrategy


def model(number: int) -> standard_artifacts.Model:
    artifact = standard_artifacts.Model()
    artifact.id = number
    return artifact


def blessing(of: int, blessed: bool) -> standard_artifacts.ModelBlessing:
    artifact = standard_artifacts.ModelBlessing()
    artifact.id = 100 + of
    artifact.set_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY, of)
    artifact.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, int(blessed))
    return artifact


def resolve(candidate: int, models: list[int], blessings: dict[int, bool]) -> list[int]:
    found = ServedModelStrategy().resolve_artifacts(
        None,
        {
            "candidate": [model(candidate)],
            "model": [model(number) for number in models],
            "model_blessing": [blessing(of, blessed) for of, blessed in blessings.items()],
        },
    )
    assert [artifact.id for artifact in found["candidate"]] == [candidate]
    return [artifact.id for artifact in found["model"]]


def test_nothing_is_served_before_the_first_blessing():
    assert resolve(1, [1], {}) == []


def test_the_latest_blessed_model_is_served():
    assert resolve(4, [1, 2, 3, 4], {1: True, 2: True, 3: False}) == [2]


def test_a_candidate_from_the_cache_is_not_compared_with_itself():
    # Model 2 was pushed in a run of which this is an unchanged repetition: the first time it was
    # compared with model 1, and so it is again.
    assert resolve(2, [1, 2], {1: True, 2: True}) == [1]
    assert resolve(1, [1], {1: True}) == []
