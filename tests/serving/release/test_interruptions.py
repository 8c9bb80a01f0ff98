"""Releases that fail, are killed, meet a full disk or each other: nothing is left half done."""

from __future__ import annotations

import errno
import itertools
import pathlib
from collections.abc import Callable

import grpc
import pytest

from schema import locks
from serving.protocol import ConfigError, ServingError, single_model_config
from serving.protocol.model_config import read_model_config
from serving.release import ReleaseManager
from serving.server import ModelServer
from tests.serving.release.interruptions import KILLED, Steps, open_manager, watch
from tests.serving.release.places import Place, push
from tests.serving.serving_helpers import MODEL

pytestmark = pytest.mark.soak


def test_a_push_is_served_after_a_first_release_that_failed(
    places: Callable[[], Place], base: pathlib.Path
) -> None:
    place = places()
    (base / "2" / "saved_model.pb").write_bytes(b"nonsense")
    messages: list[str] = []
    with place.open(notify=messages.append) as manager:
        with pytest.raises(ServingError, match="version 2 cannot be loaded"):
            manager.promote(2)
        assert manager.record.releases == ()
    assert "version 3 will be unloaded, version 2 kept" in messages[0]
    assert messages[1].startswith("Taken back: promote of version 2, begun at ")
    assert not place.config.exists()
    push(base, 4)
    place.eventually_serves(4)


FAILURES: dict[str, Callable[[str, int, int], None]] = {}


def failure(function: Callable[[str, int, int], None]) -> Callable[[str, int, int], None]:
    FAILURES[function.__name__] = function
    return function


@failure
def interrupted(kind: str, number: int, at: int) -> None:
    if number == at:
        raise KeyboardInterrupt


@failure
def server_away_once(kind: str, number: int, at: int) -> None:
    if number == at and kind in ("send", "answer"):
        raise ServingError(grpc.StatusCode.UNAVAILABLE, "connection reset")


@failure
def disk_full_from_then_on(kind: str, number: int, at: int) -> None:
    if number >= at and kind == "write":
        raise OSError(errno.ENOSPC, "No space left on device")


@failure
def file_system_refuses_once(kind: str, number: int, at: int) -> None:
    if number == at and kind in ("write", "rename", "remove"):
        raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("first", [True, False])
def test_failure_at_every_step(places: Callable[[], Place], name: str, first: bool) -> None:
    for at in itertools.count(1):
        place = places()
        with place.open(notify=lambda text: None) as manager:
            if not first:
                manager.promote(1)
                manager.canary(2)
            before = None if first else place.config.read_bytes()
            releases = manager.record.releases
            failed, steps = fail_at(at, FAILURES[name], manager, first)
            # What is recorded is in force; otherwise everything is as it was.
            manager.record.reload()
            if manager.record.releases != releases:
                assert place.answered_by("stable") == 1
                assert place.labels() == ({"stable": 1} if first else {"stable": 1, "canary": 3})
            elif first:
                assert not place.config.exists()
                place.eventually_serves(3)
            else:
                assert (place.answered_by("stable"), place.answered_by("canary")) == (1, 2)
                assert place.labels() == {"stable": 1, "canary": 2}
                if not place.pending.exists():
                    assert place.config.read_bytes() == before
            # On a full disk the file may list the new version, without a label, until the next.
            assert not place.pending.exists() or name == "disk_full_from_then_on"
            manager.promote(2)
            assert not place.pending.exists()
        assert place.answered_by("stable") == 2
        assert place.labels() == {"stable": 2}
        if not failed and at > steps:
            return


def fail_at(
    at: int, act: Callable[[str, int, int], None], manager: ReleaseManager, first: bool
) -> tuple[bool, int]:
    """Whether a release failed because of what happens at a step, and how many steps it had."""
    with pytest.MonkeyPatch.context() as patch:
        steps = Steps(lambda kind, number: act(kind, number, at), patch.setattr)
        try:
            if first:
                manager.promote(1)
            else:
                manager.canary(3)
        except (KeyboardInterrupt, ServingError, OSError):
            return True, steps.count
    return False, steps.count


@pytest.mark.parametrize("first", [True, False])
def test_killed_at_every_step(places: Callable[[], Place], first: bool) -> None:
    for at in itertools.count(1):
        place = places()
        if not first:
            with place.open() as manager:
                manager.promote(1)
                manager.canary(2)
        process = place.process("promote", 1, at) if first else place.process("canary", 3, at)
        process.join(60)
        assert process.exitcode in (0, KILLED)
        messages: list[str] = []
        with place.open(notify=messages.append) as manager:
            recorded = manager.record.current
            pending = manager.record.pending()
            unfinished = manager.status().unfinished
            if pending:
                assert unfinished is not None
                assert unfinished.endswith("is cut short; the next release settles it")
            if first:
                manager.promote(2)
                stable = [release.stable for release in manager.record.releases]
                assert stable == ([1, 2] if recorded else [2])
            else:
                manager.rollback()  # of the canary, 2 or 3
            taken_back = pending is not None and len(manager.record.releases) <= pending.number + 1
            assert [text for text in messages if text.startswith("Taken back")] == (
                [f"Taken back: {pending}, was not finished."] if taken_back else []
            )
            assert manager.status().unfinished is None
        assert place.answered_by("stable") == (2 if first else 1)
        assert place.labels() == {"stable": 2 if first else 1}
        if process.exitcode == 0:
            return


@pytest.mark.parametrize("good", [True, False])
def test_a_watch_killed_at_every_step_is_ended_by_the_next(
    places: Callable[[], Place], good: bool
) -> None:
    for at in itertools.count(1):
        place = places()
        with place.open() as manager:
            manager.promote(1)
        process = place.process("watch" if good else "watch_bad", 2, at)
        process.join(60)
        assert process.exitcode in (0, KILLED)
        with place.open(notify=lambda text: None) as manager:
            if process.exitcode == KILLED:
                seen = watch(manager, 2, good)
                assert seen.decision == ("promoted" if good else "rolled_back")
            assert manager.status().unfinished is None
            current = manager.record.current
        assert current is not None
        assert (current.stable, current.canary) == (2 if good else 1, None)
        assert current.reason.startswith("watched over 150" if good else "errors: 100.00%")
        assert place.answered_by("stable") == current.stable
        assert place.labels() == {"stable": current.stable}
        if process.exitcode == 0:
            return


def test_a_command_in_the_middle_of_a_watch_counts(places: Callable[[], Place]) -> None:
    place = places()
    with place.open() as manager, place.open() as other:
        manager.promote(1)
        manager.canary(2)
        seen = watch(manager, 2, True, lambda: other.canary(3))
        assert seen.decision == "undecided"
        assert "another command has released meanwhile: canary at " in seen.reasons[0]
        assert place.labels() == {"stable": 1, "canary": 3}
        seen = watch(manager, None, False, other.rollback)
        assert seen.decision == "undecided"
        assert "another command has released meanwhile: rollback at " in seen.reasons[0]
        assert place.labels() == {"stable": 1}
        assert manager.record.releases[-1].reason == ""


def test_two_at_once_are_both_recorded(places: Callable[[], Place]) -> None:
    place = places()
    both = [place.process("promote", version) for version in (1, 2)]
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    with place.open() as manager:
        earlier, later = (release.stable for release in manager.record.releases)
        assert {earlier, later} == {1, 2}
        assert place.answered_by("stable") == later
        assert manager.rollback().stable == earlier
    assert place.answered_by("stable") == earlier


def test_another_command_has_its_turn(places: Callable[[], Place]) -> None:
    place = places()
    lock = place.config.with_name("releases.lock")
    with place.open(lock_seconds=0) as manager, place.open() as other:
        other.promote(1)
        with (
            locks.held(lock, "segue release promote"),
            pytest.raises(locks.LockedError, match=r"held by process .*segue release promote"),
        ):
            manager.promote(2)
        # It read the record before the other one wrote it.
        with pytest.raises(ConfigError, match="version 1 is stable already"):
            manager.promote(1)
        manager.promote(2)
        assert other.rollback().stable == 1


def test_models_that_the_file_does_not_list_are_not_unloaded(
    places: Callable[[], Place], start: Callable[..., ModelServer], base: pathlib.Path
) -> None:
    config = single_model_config(MODEL, base)
    config.model_config_list.config.add(
        name="other", base_path=str(base), model_platform="tensorflow"
    )
    place = places()
    place.server.manager.reload(config)
    with place.open() as manager:
        with pytest.raises(ConfigError, match=r"does not list \(other\).*--model-config-file"):
            manager.promote(1)
        assert place.server.manager.table.loaded() == {MODEL: [3], "other": [3]}
    stranger = open_manager(place.server.target, str(base), str(place.config), model="third")
    with stranger, pytest.raises(ConfigError, match="other, segue"):
        stranger.promote(1)


def test_labels_and_links_of_people_stay_and_a_failed_release_gives_comments_back(
    places: Callable[[], Place], base: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    place = places()
    real = tmp_path / "mounted.config"
    text = f"""# by hand
    model_config_list {{ config {{ name: "{MODEL}" base_path: "{base}" model_platform: "tensorflow"
      model_version_policy {{ all {{}} }} version_labels {{ key: "mine" value: 2 }} }} }}"""
    real.write_text(text)
    place.config.parent.mkdir()
    place.config.symlink_to(real)
    (base / "1" / "saved_model.pb").write_bytes(b"nonsense")
    config = read_model_config(real)
    unlabelled = read_model_config(real)
    unlabelled.model_config_list.config[0].version_labels.clear()
    place.server.manager.reload(unlabelled)
    place.eventually_serves(2, 3)  # a label may only name a version that serves
    place.server.manager.reload(config)
    with place.open(notify=lambda text: None, overwrite=True) as manager:
        with pytest.raises(ServingError, match="version 1 cannot be loaded"):
            manager.promote(1)
        assert real.read_text() == text
        manager.promote(3)
    assert place.config.is_symlink()
    assert place.labels() == {"mine": 2, "stable": 3}
    assert place.answered_by("mine") == 2
