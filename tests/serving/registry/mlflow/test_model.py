"""Which moves MLflow's aliases show that no tag tells of."""

from __future__ import annotations

from schema.registry import Move, RegisteredVersion
from serving.registry.mlflow.model import Model

FIRST = Move(alias="champion", version=1, at="2017-11-14T00:00:00+00:00", by="me@here")


def model(champion: int | None, *moves: Move, challenger: int | None = None) -> Model:
    versions = {
        number: RegisteredVersion(
            serving_version=number,
            aliases=[
                alias
                for alias, on in (("champion", champion), ("challenger", challenger))
                if on == number
            ],
        )
        for number in (1, 2, 3)
    }
    return Model(versions, moves)


def test_moves_with_a_tag_explain_all() -> None:
    second = Move(alias="champion", former=1, version=2)
    assert model(2, FIRST, second).unrecorded(None) == []
    assert model(None).unrecorded(None) == []


def test_a_mover_that_was_killed_before_its_tag() -> None:
    intent = Move(alias="champion", version=2, by="you@there", reason="it won")
    (found,) = model(2, FIRST).unrecorded(intent)
    assert found == intent.model_copy(update={"former": 1})


def test_a_mover_that_was_killed_before_the_alias_did_nothing() -> None:
    assert model(1, FIRST).unrecorded(Move(alias="champion", version=2)) == []


def test_an_alias_that_was_moved_by_hand() -> None:
    intent = Move(alias="champion", version=2, by="you@there")
    champion, challenger = model(3, FIRST, challenger=2).unrecorded(intent)
    assert (champion.former, champion.version, champion.by) == (1, 3, "")
    assert "other means" in champion.reason
    assert (challenger.alias, challenger.former, challenger.version) == ("challenger", None, 2)
