"""What is kept of Beam is what Beam would find again."""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions, TypeOptions
from apache_beam.transforms import core, userstate

from pipeline.runners import shortcuts


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Keeps what is read, and returns what Beam itself was asked for."""
    asked: list[Any] = []
    for place, name in ((core, "get_function_args_defaults"), (PipelineOptions, "view_as")):
        function = getattr(place, name)
        # In this process a run may have been before.
        function = getattr(function, "__wrapped__", function)

        def counted(*args: Any, _read: Any = function) -> Any:
            asked.append(args)
            return _read(*args)

        monkeypatch.setattr(place, name, counted)
    shortcuts.remember()
    return asked


SEEN = beam.DoFn.StateParam(userstate.CombiningValueStateSpec("seen", sum))


class Step(beam.DoFn):
    def process(self, element: Any, seen: Any = SEEN) -> Iterator[Any]:
        yield element


class Quiet(Step):
    def process(self, element: Any, pane: Any = beam.DoFn.PaneInfoParam) -> Iterator[Any]:
        yield element


def test_methods_are_read_once_whatever_object_they_are_of(read: list[Any]) -> None:
    found = [userstate.is_stateful_dofn(dofn) for dofn in (Step(), Quiet())]
    assert found == [True, False]
    before = len(read)
    assert [userstate.is_stateful_dofn(dofn) for dofn in (Step(), Quiet(), Step())] == [
        True,
        False,
        True,
    ]
    assert len(read) == before


def test_a_method_and_its_function_have_different_arguments(read: list[Any]) -> None:
    arguments = core.get_function_args_defaults
    for _ in range(2):
        assert arguments(Quiet().process)[0] == ["element", "pane"]
        assert arguments(Quiet.process)[0] == ["self", "element", "pane"]
    # What is handed out is the caller's to change.
    arguments(Quiet.process)[0].clear()
    assert arguments(Quiet.process)[0] == ["self", "element", "pane"]
    assert (
        arguments(functools.partial(divmod, 3))[0]
        == core.get_function_args_defaults.__wrapped__(functools.partial(divmod, 3))[0]
    )


def test_a_kept_view_shows_what_the_options_have_become(read: list[Any]) -> None:
    options, others = PipelineOptions([]), PipelineOptions(["--no_pipeline_type_check"])
    assert options.view_as(TypeOptions) is options.view_as(TypeOptions)
    assert options.view_as(TypeOptions).pipeline_type_check
    assert not others.view_as(TypeOptions).pipeline_type_check
    PipelineOptions.view_as.__wrapped__(options, TypeOptions).pipeline_type_check = False
    assert not options.view_as(TypeOptions).pipeline_type_check
    assert options.view_as(StandardOptions) is not options.view_as(StandardOptions)


def test_doing_it_twice_changes_nothing(read: list[Any]) -> None:
    kept = core.get_function_args_defaults, PipelineOptions.view_as
    shortcuts.remember()
    assert kept == (core.get_function_args_defaults, PipelineOptions.view_as)


def test_garbage_is_looked_for_less_often() -> None:
    before = gc.get_threshold()
    try:
        gc.set_threshold(700, 10, 10)
        shortcuts.collect_less()
        assert gc.get_threshold() == (20_000, 10, 10)
    finally:
        gc.set_threshold(*before)
