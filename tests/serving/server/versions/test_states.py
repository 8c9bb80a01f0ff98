"""What is done with versions next: load before unload, and never without a version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.protocol.model_config import ModelConfig
from serving.server.versions.states import Model, State, Step, Version, next_step

S = State


def model(*versions: Version) -> Model:
    return Model(ModelConfig(), versions={version.number: version for version in versions})


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([], None),
        ([Version(1, "")], (Step.LOAD, 1)),
        ([Version(1, ""), Version(2, "")], (Step.LOAD, 2)),  # the latest first
        # A new version is loaded while the old one serves ...
        ([Version(1, "", False, S.AVAILABLE), Version(2, "")], (Step.LOAD, 2)),
        # ... which goes only when the new one serves.
        (
            [Version(1, "", False, S.AVAILABLE), Version(2, "", True, S.AVAILABLE)],
            (Step.UNLOAD, 1),
        ),
        ([Version(1, "", False, S.AVAILABLE), Version(2, "", True, S.END)], None),
        # None wanted any more: the lowest goes first.
        (
            [Version(1, "", False, S.AVAILABLE), Version(2, "", False, S.AVAILABLE)],
            (Step.UNLOAD, 1),
        ),
        # Two unwanted ones: one is enough to stay available.
        (
            [
                Version(1, "", False, S.AVAILABLE),
                Version(2, "", False, S.AVAILABLE),
                Version(3, "", True, S.END),
            ],
            (Step.UNLOAD, 1),
        ),
        ([Version(1, "", False, S.UNLOADING, users=1)], None),
        ([Version(1, "", False, S.UNLOADING)], (Step.CLOSE, 1)),
        ([Version(1, "", False, S.START)], (Step.FORGET, 1)),
        ([Version(1, "", False, S.END)], (Step.FORGET, 1)),
        ([Version(1, "", True, S.END)], None),
        ([Version(1, "", True, S.LOADING, retry_at=11)], None),
        ([Version(1, "", True, S.LOADING, retry_at=10)], (Step.LOAD, 1)),
    ],
)
def test_next_step(versions: list[Version], expected: tuple[Step, int] | None) -> None:
    todo = next_step(model(*versions), now=10)
    assert (todo and (todo[0], todo[1].number)) == expected


@given(
    st.lists(
        st.builds(
            Version,
            number=st.integers(1, 6),
            path=st.just(""),
            aspired=st.booleans(),
            state=st.sampled_from(State),
            users=st.integers(0, 1),
        ),
        max_size=6,
    )
)
def test_the_last_one_stays_while_another_is_wanted(versions: list[Version]) -> None:
    subject = model(*versions)
    todo = next_step(subject, now=0)
    if todo and todo[0] is Step.UNLOAD and any(v.aspired for v in subject.versions.values()):
        assert len(subject.available()) > 1
    if todo and todo[0] is Step.CLOSE:
        assert not todo[1].users
