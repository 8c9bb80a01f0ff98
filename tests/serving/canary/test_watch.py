"""Watches of toy models, good and garbage, on the development server."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable, Iterator, Sequence

import pytest

from benchmarks import faulty_models
from serving.canary import watch as watch_module
from serving.canary.asking import Answer, Asker
from serving.canary.options import CanaryOptions
from serving.canary.playlists import made_up
from serving.canary.watch import Seen, Watch
from serving.client import ConnectionOptions, RecommenderClient
from serving.protocol import ConfigError, Playlist, ServingError
from serving.release import ReleaseManager
from serving.server import ModelServer
from tests.serving import toy_model
from tests.serving.serving_helpers import MODEL, eventually

Push = Callable[[int], pathlib.Path]

#: Latencies decide nothing here.
ANY_TIME = CanaryOptions(
    requests=400, warm_up=2, max_p50_ratio=1000, max_p99_ratio=1000, latency_slack_ms=60_000
)


class Place:
    """A server on which version 1 is stable."""

    def __init__(self, server: ModelServer, manager: ReleaseManager, base: pathlib.Path) -> None:
        self.server = server
        self.manager = manager
        self.base = base

    def watch(
        self,
        version: int | None = None,
        options: CanaryOptions = ANY_TIME,
        *,
        act: bool = True,
        at_fifth: Callable[[], object] = lambda: None,
        playlists: Callable[[Asker], Sequence[Playlist]] = lambda stable: made_up(stable.client),
    ) -> Seen:
        """Watches; `at_fifth` is called before the canary's fifth request."""
        count = 0

        class Interrupted(Asker):
            def ask(self, playlist: Playlist) -> Answer:
                nonlocal count
                count += self.label == "canary"
                if self.label == "canary" and count == 5:
                    at_fifth()
                return super().ask(playlist)

        def ask(label: str, of: int) -> Asker:
            talk = ConnectionOptions(timeout=options.timeout_seconds)
            return Interrupted(self.server.target, label, of, model=MODEL, options=talk)

        return Watch(self.manager, ask, options, act=act).run(playlists, version)

    def stable(self) -> int:
        """The version that answers to the label stable."""
        with RecommenderClient(self.server.target, label="stable") as client:
            return client.continue_playlists([Playlist("")])[0].model_version

    def released(self) -> tuple[int, int | None]:
        current = self.manager.record.current
        assert current is not None
        assert self.stable() == current.stable
        return current.stable, current.canary


@pytest.fixture
def place(
    start: Callable[..., ModelServer], push: Push, base: pathlib.Path, tmp_path: pathlib.Path
) -> Iterator[Place]:
    push(1)
    server = start(base)
    config = tmp_path / "models.config"
    with ReleaseManager(
        server.target, base, config, load_timeout=30, settle_seconds=0.2, notify=lambda text: None
    ) as manager:
        manager.promote(1)
        yield Place(server, manager, base)


def test_a_good_version_is_promoted(place: Place, push: Push) -> None:
    push(2)
    seen = place.watch(2)
    assert (seen.decision, seen.acted, seen.requests) == ("promoted", True, 400), seen.reasons
    assert {check.outcome for check in seen.checks} == {"kept"}
    assert (seen.faults, seen.overlap) == ({}, 1.0)
    assert place.released() == (2, None)
    current = place.manager.record.current
    assert current is not None
    assert current.reason == "watched over 400 requests"
    # The same command again has nothing left to do.
    again = place.watch(2)
    assert (again.decision, again.acted, again.requests) == ("promoted", False, 0)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("nan", "errors: 100.00%"),
        ("empty", "empty answers: 100.00%"),
        ("shape", "errors: 100.00%"),
        ("error", "errors: 100.00%"),
        ("slow", "p50: "),
        ("signature", "errors: 100.00%"),
    ],
)
def test_a_version_that_answers_garbage_is_rolled_back(place: Place, fault: str, says: str) -> None:
    staging = place.base.with_name("staging")
    faulty_models.save(fault, staging)
    staging.rename(place.base / "2")
    # It is slower by far than what is allowed; the others fail whatever time they take.
    slow = CanaryOptions(requests=100, warm_up=2, latency_slack_ms=1, timeout_seconds=30)
    seen = place.watch(2, slow if fault == "slow" else ANY_TIME)
    assert (seen.decision, seen.acted) == ("rolled_back", True)
    assert seen.requests == 20  # no more than are needed
    assert any(reason.startswith(says) for reason in seen.reasons), seen.reasons
    assert bool(seen.faults) == (fault not in ("empty", "slow"))
    assert place.released() == (1, None)
    current = place.manager.record.current
    assert current is not None
    assert says in current.reason


def test_each_fault_is_named(place: Place) -> None:
    said = {}
    for version, fault in enumerate(("nan", "shape", "error", "signature"), start=2):
        staging = place.base.with_name("staging")
        faulty_models.save(fault, staging)
        staging.rename(place.base / str(version))
        seen = place.watch(version, CanaryOptions(requests=20, warm_up=0))
        (said[fault],) = seen.faults
        assert list(seen.faults.values()) == [20]
    assert said["nan"] == "bad answer: a score that is no number"
    assert said["shape"].startswith("bad answer: expected 1 rows of as many tracks as scores")
    assert "made to fail" in said["error"]
    assert "serving_default" in said["signature"]


def test_a_version_that_does_not_load_is_rolled_back(place: Place) -> None:
    (place.base / "2").mkdir()
    (place.base / "2" / "saved_model.pb").write_bytes(b"nonsense")
    before = place.manager.record.releases
    seen = place.watch(2)
    assert (seen.decision, seen.acted, seen.requests) == ("rolled_back", True, 0)
    assert "version 2 cannot be loaded" in seen.reasons[0]
    assert place.released() == (1, None)
    assert place.manager.record.releases == before


def test_a_version_that_dies_is_rolled_back(
    place: Place, push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "_LOOK_SECONDS", 0)
    path = push(2)

    def die() -> None:
        shutil.rmtree(path)
        eventually(lambda: place.server.manager.table.loaded()[MODEL] == [1])

    seen = place.watch(2, at_fifth=die)
    assert (seen.decision, seen.acted) == ("rolled_back", True)
    assert "version 2" in seen.reasons[0]
    assert place.released() == (1, None)


def test_a_server_that_dies_decides_nothing(place: Place, push: Push) -> None:
    push(2)
    brief = ANY_TIME.model_copy(update={"seconds": 5})
    seen = place.watch(2, brief, at_fifth=lambda: place.server.stop(grace=1))
    assert (seen.decision, seen.acted) == ("undecided", False)
    assert any("stable version: " in reason for reason in seen.reasons)
    current = place.manager.record.current
    assert current is not None
    assert (current.stable, current.canary) == (1, 2)
    with pytest.raises(ServingError, match="no server answers"):
        place.watch()


def test_too_few_requests_leave_it_the_canary(place: Place, push: Push) -> None:
    push(2)
    few = ANY_TIME.model_copy(update={"requests": 30})
    seen = place.watch(2, few)
    assert (seen.decision, seen.acted) == ("undecided", False)
    assert len(seen.reasons) == 3  # errors, empty answers, p99
    assert all("requests to each may show it" in reason for reason in seen.reasons)
    assert place.released() == (1, 2)
    # Time may run out first.
    short = ANY_TIME.model_copy(update={"seconds": 0.1, "warm_up": 10_000})
    assert place.watch(options=short).requests == 0
    assert place.watch().decision == "promoted"


def test_another_canary_in_the_middle_decides_nothing(place: Place, push: Push) -> None:
    push(2)
    push(3)
    seen = place.watch(2, at_fifth=lambda: place.manager.canary(3))
    assert (seen.decision, seen.acted) == ("undecided", False)
    assert seen.reasons == (
        "the label canary is answered by version 3, and the release record names version 2",
    )
    assert place.released() == (1, 3)


def test_a_dry_run_only_says(place: Place, push: Push) -> None:
    push(2)
    with pytest.raises(ConfigError, match="version 2 is not the canary"):
        place.watch(2, act=False)
    assert place.released() == (1, None)
    place.manager.canary(2)
    seen = place.watch(2, act=False)
    assert (seen.decision, seen.acted) == ("promoted", False)
    assert place.released() == (1, 2)


def test_without_a_canary_or_a_stable_version_there_is_nothing_to_watch(
    place: Place, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(ConfigError, match="there is no canary to watch: name a version"):
        place.watch()
    config = tmp_path / "elsewhere" / "models.config"
    with (
        ReleaseManager(place.server.target, place.base, config) as other,
        pytest.raises(ConfigError, match="nothing is stable yet"),
    ):
        Place(place.server, other, place.base).watch(2)


def test_playlists_are_made_of_tracks_that_the_model_knows(place: Place) -> None:
    with RecommenderClient(place.server.target, label="stable") as client:
        made = made_up(client, 30, seed=1)
        assert made == made_up(client, 30, seed=1)
    known = {toy_model.uri(index) for index in range(toy_model.TRACKS)}
    assert {uri for playlist in made for uri in playlist.track_uris} == known
    assert {len(playlist.track_uris) for playlist in made} == {0, 1, 4}  # half of it at most
    assert all(playlist.name or playlist.track_uris for playlist in made)
