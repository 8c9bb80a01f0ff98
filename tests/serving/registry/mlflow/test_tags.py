"""What MLflow keeps of versions and moves, without MLflow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.registry import TAGS, Lineage, Move, Registration
from serving.registry import RegistryError
from serving.registry.mlflow import tags

_TEXT = st.text(max_size=20)


def test_tags_are_what_people_filter_by() -> None:
    registration = Registration(
        model="segue-new_users",
        serving_version=1795709751,
        content="ab",
        family="als",
        metrics={"recall@500": 0.5},
        lineage=Lineage(run="r1", segment="new_users", gate="blessed"),
    )
    made = tags.of_registration(registration, "me@here")
    assert made.pop(tags.REGISTRATION_TAG) == registration.model_dump_json()
    assert made == {
        "serving.version": "1795709751",
        "model.content": "ab",
        "model.family": "als",
        "segue.registered_by": "me@here",
        "tfx.run_id": "r1",
        "segment": "new_users",
        "gate": "blessed",
    }


@given(
    st.builds(
        Registration,
        model=_TEXT,
        serving_version=st.integers(1, 2**63 - 1),
        content=_TEXT,
        family=_TEXT,
        catalogue_size=st.none() | st.integers(0),
        signatures=st.lists(_TEXT, max_size=2),
        metrics=st.dictionaries(_TEXT, st.none() | st.floats(0, 1), max_size=2),
        page=_TEXT,
        lineage=st.builds(Lineage, **dict.fromkeys(TAGS, _TEXT)),
    )
)
def test_a_version_is_read_as_it_was_written(registration: Registration) -> None:
    made = tags.of_registration(registration, "me@here")
    found = tags.to_version(made, 3, 1_510_000_000_000, ["champion", "challenger"])
    assert found.model_dump(include=set(Registration.model_fields)) == registration.model_dump()
    assert (found.number, found.registered_at) == (3, "2017-11-06T20:26:40+00:00")
    assert (found.registered_by, found.aliases) == ("me@here", ["challenger", "champion"])


def test_a_tag_that_was_changed_at_mlflow_counts() -> None:
    made = tags.of_registration(
        Registration(serving_version=1, lineage=Lineage(gate="blessed")), ""
    )
    found = tags.to_version({**made, "gate": "blessed by hand", "owner": "x"}, 1, 0, [])
    assert found.lineage.gate == "blessed by hand"


@pytest.mark.parametrize(
    "changed", [{"serving.version": "latest"}, {tags.REGISTRATION_TAG: "{"}], ids=["number", "json"]
)
def test_tags_that_cannot_be_read_are_told_of(changed: dict[str, str]) -> None:
    made = tags.of_registration(Registration(serving_version=1), "")
    with pytest.raises(RegistryError, match="version 4 at MLflow has tags"):
        tags.to_version({**made, **changed}, 4, 0, [])


def test_moves_keep_their_order() -> None:
    moves = [Move(alias="champion", version=number) for number in range(1, 13)]
    made = dict(tags.of_move(move, count) for count, move in enumerate(moves, 1))
    shuffled = dict(sorted(made.items(), key=lambda item: item[1]))
    assert tags.to_moves({**shuffled, "team": "music"}) == moves
    name, _ = tags.of_move(moves[0], 1)
    with pytest.raises(RegistryError, match=name):
        tags.to_moves({name: "no move"})


def test_metrics_have_names_that_mlflow_takes() -> None:
    given = {"recall@500": 0.5, "ndcg": 0.25, "clicks": None, "als/title+first1/mrr": 0.1}
    assert tags.metrics(given) == {
        "recall_at_500": 0.5,
        "ndcg": 0.25,
        "als/title_first1/mrr": 0.1,
    }
    assert tags.parameters({"a.b": "", "a+b": "x" * 7000}) == {"a.b": "", "a_b": "x" * 6000}
