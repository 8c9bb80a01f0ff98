"""Canary, promotion and rollback against a running server, and the record of them."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Iterator

import pytest

from serving.client import ConnectionOptions
from serving.protocol import ConfigError, ServingError
from serving.protocol.model_config import read_model_config
from serving.release import ReleaseManager, record
from serving.release.record import Pending, Release, ReleaseRecord
from serving.server import ModelServer
from tests.serving.serving_helpers import MODEL, QUICK, Stubs, eventually, predict_request

Push = Callable[[int], pathlib.Path]


@pytest.fixture
def server(start: Callable[..., ModelServer], push: Push, base: pathlib.Path) -> ModelServer:
    for version in (1, 2, 3):
        push(version)
    return start(base)


@pytest.fixture
def manager(
    server: ModelServer, base: pathlib.Path, tmp_path: pathlib.Path
) -> Iterator[ReleaseManager]:
    config = tmp_path / "models.config"
    with ReleaseManager(server.target, base, config, load_timeout=30, settle_seconds=0.2) as made:
        yield made


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("all {}", "The configuration asked for all { }. The release replaces that: "),
        ("latest { num_versions: 2 }", "asked for latest { num_versions: 2 }."),
        ("specific { versions: 2 versions: 3 }", "asked for specific { versions: 2 versions: 3 }."),
        ("latest { num_versions: 1 }", None),
    ],
)
def test_a_policy_by_hand_is_reported_before_a_release_replaces_it(
    server: ModelServer, base: pathlib.Path, tmp_path: pathlib.Path, policy: str, told: str | None
) -> None:
    config = tmp_path / "models.config"
    config.write_text(
        f'model_config_list {{ config {{ name: "{MODEL}" base_path: "{base}" '
        f'model_platform: "tensorflow" model_version_policy {{ {policy} }} }} }}'
    )
    said: list[str] = []
    with ReleaseManager(
        server.target, base, config, load_timeout=30, settle_seconds=0.2, notify=said.append
    ) as manager:
        manager.promote(2)
        assert [text for text in said if told and told in text] == said
        assert len(said) == (told is not None)
        manager.promote(3)
    assert len(said) == (told is not None), "what a release wrote may be replaced without a word"
    assert not said or said[0].endswith(f"{MODEL} has versions 2 from now on.")


def answered_by(server: ModelServer, label: str) -> int:
    response = Stubs(server.target).prediction.Predict(predict_request(label=label), timeout=30)
    version = response.model_spec.version.value
    assert response.outputs["scores"].float_val[0] // 100 == version
    return version


def test_canary_promotion_and_rollback(
    manager: ReleaseManager, server: ModelServer, tmp_path: pathlib.Path
) -> None:
    manager.promote(1, run="run-1", metrics={"ndcg": 0.2})
    assert answered_by(server, "stable") == 1

    manager.canary(2, run="run-2", metrics={"ndcg": 0.3})
    assert (answered_by(server, "stable"), answered_by(server, "canary")) == (1, 2)

    promoted = manager.promote()
    assert (promoted.stable, promoted.run, promoted.metrics) == (2, "run-2", {"ndcg": 0.3})
    assert answered_by(server, "stable") == 2
    with pytest.raises(Exception, match="Unrecognized servable version label: canary"):
        answered_by(server, "canary")

    status = manager.status()
    assert status.current == promoted
    assert status.stable_since == promoted.at
    assert status.previous_stable == 1
    # The former one stays loaded: going back takes no load.
    assert {v.version: v.state for v in status.versions}[1] == "AVAILABLE"

    back = manager.rollback()
    assert (back.stable, back.run, back.metrics) == (1, "run-1", {"ndcg": 0.2})
    assert answered_by(server, "stable") == 1
    with pytest.raises(ConfigError, match="no release before version 1"):
        manager.rollback()

    # Another process, or the next day: it is all in the files.
    record = ReleaseRecord(tmp_path / "releases.json", MODEL)
    assert [release.action for release in record.releases] == [
        "promote",
        "canary",
        "promote",
        "rollback",
    ]
    (entry,) = read_model_config(tmp_path / "models.config").model_config_list.config
    assert dict(entry.version_labels) == {"stable": 1}
    assert list(entry.model_version_policy.specific.versions) == [1, 2]


def test_rollback_of_a_canary(manager: ReleaseManager, server: ModelServer) -> None:
    manager.promote(1)
    manager.canary(3)
    back = manager.rollback()
    assert (back.stable, back.canary) == (1, None)
    assert answered_by(server, "stable") == 1


def test_what_cannot_be_released(manager: ReleaseManager) -> None:
    with pytest.raises(ConfigError, match="nothing is stable yet"):
        manager.canary(2)
    with pytest.raises(ConfigError, match="there is no canary to promote"):
        manager.promote()
    with pytest.raises(ConfigError, match="nothing is stable yet"):
        manager.rollback()
    with pytest.raises(ConfigError, match=r"no version 9 under .*; there are \[1, 2, 3\]"):
        manager.promote(9)
    manager.promote(1)
    for release in (manager.canary, manager.promote):
        with pytest.raises(ConfigError, match="version 1 is stable already"):
            release(1)


def test_version_that_cannot_be_loaded(
    manager: ReleaseManager, server: ModelServer, base: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    manager.promote(1)
    before = (tmp_path / "models.config").read_text()
    (base / "2" / "saved_model.pb").write_bytes(b"nonsense")
    with pytest.raises(ServingError, match=r"version 2 cannot be loaded: .*binary proto"):
        manager.canary(2)
    # As if it had not been tried.
    assert (tmp_path / "models.config").read_text() == before
    assert answered_by(server, "stable") == 1
    assert len(manager.record.releases) == 1


def test_other_models_are_left_alone(
    manager: ReleaseManager, server: ModelServer, base: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "models.config").write_text(
        f'model_config_list {{ config {{ name: "other" base_path: "{base}" '
        'model_platform: "tensorflow" } }'
    )
    manager.promote(2)
    stubs = Stubs(server.target)
    response = stubs.prediction.Predict(predict_request(model="other"), timeout=30)
    assert response.model_spec.version.value == 3
    assert answered_by(server, "stable") == 2


def test_server_can_start_from_what_was_written(
    manager: ReleaseManager, start: Callable[..., ModelServer], tmp_path: pathlib.Path
) -> None:
    manager.promote(1)
    manager.canary(2)
    path = tmp_path / "models.config"
    again = start(
        read_model_config(path), watch=QUICK, allow_version_labels_for_unavailable_models=True
    )
    # It opens as soon as there is a version to serve; the others follow.
    eventually(lambda: again.manager.table.loaded()[MODEL] == [1, 2])
    assert (answered_by(again, "stable"), answered_by(again, "canary")) == (1, 2)


def test_server_that_is_away(base: pathlib.Path, tmp_path: pathlib.Path, push: Push) -> None:
    push(1)
    options = ConnectionOptions(attempts=1)
    with ReleaseManager("localhost:1", base, tmp_path / "c", options=options) as manager:
        with pytest.raises(ServingError, match="no server answers at localhost:1"):
            manager.promote(1)
        assert manager.record.releases == ()
        assert not (tmp_path / "c").exists()


def test_nothing_to_go_back_to_makes_no_directory(
    base: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with ReleaseManager("localhost:1", base, tmp_path / "new" / "c") as manager:
        with pytest.raises(ConfigError, match="nothing is stable yet"):
            manager.rollback()
        with pytest.raises(ConfigError, match="nothing is stable yet"):
            manager.canary(1)
    assert not (tmp_path / "new").exists()


def add(record: ReleaseRecord, release: Release) -> None:
    with record.adding(Pending(release, len(record.releases), None, "")):
        pass


def record_of(path: pathlib.Path, *stable: int | str) -> ReleaseRecord:
    """Promotions of versions; "back" rolls back to what the record says."""
    record = ReleaseRecord(path, MODEL)
    for position, step in enumerate(stable):
        at = f"2026-01-01T00:00:{position:02d}+00:00"
        if step == "back":
            before = record.stable_before()
            assert before is not None
            add(record, Release("rollback", at, before.stable))
        else:
            add(record, Release("promote", at, int(step), None, f"run-{step}"))
    return record


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], None),
        ([1], None),
        ([1, 2], 1),
        ([1, 2, "back"], None),
        ([1, 2, 3, "back"], 1),
        ([1, 2, "back", 3], 1),  # 2 was left for a reason: 3 goes back to 1
        ([1, 2, 1], 2),
    ],
)
def test_what_a_rollback_goes_back_to(
    tmp_path: pathlib.Path, steps: list[int | str], expected: int | None
) -> None:
    before = record_of(tmp_path / "r.json", *steps).stable_before()
    assert (before and before.stable) == expected


def test_since_and_provenance(tmp_path: pathlib.Path) -> None:
    record = record_of(tmp_path / "r.json", 1, 2)
    add(record, Release("canary", "2026-01-02T00:00:00+00:00", 2, 3, "run-3", {"ndcg": 0.5}))
    assert record.since(2) == "2026-01-01T00:00:01+00:00"  # the canary did not change it
    assert record.since(1) == ""
    assert record.provenance(3) == ("run-3", {"ndcg": 0.5})
    assert record.provenance(2) == ("run-2", {})
    assert record.provenance(7) == ("", {})
    assert ReleaseRecord(tmp_path / "r.json", MODEL).releases == record.releases


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a record of releases"),
        ("[]", "is not a record of releases"),
        ('{"model": "segue", "releases": [{"odd": 1}]}', "is not a record of releases"),
        ('{"model": "other", "releases": []}', "records releases of model 'other'"),
    ],
)
def test_records_that_cannot_be_read(tmp_path: pathlib.Path, content: str, message: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message):
        ReleaseRecord(path, MODEL)


def test_pending_release_is_read_back(tmp_path: pathlib.Path) -> None:
    record = record_of(tmp_path / "r.json", 1)
    assert record.pending() is None
    release = Release("canary", "2026-01-02T00:00:00+00:00", 1, 3, "run-3", {"ndcg": 0.5})
    pending = Pending(release, 1, "# by hand", "")
    with pytest.raises(ZeroDivisionError), record.adding(pending):
        raise ZeroDivisionError
    again = ReleaseRecord(tmp_path / "r.json", MODEL)
    assert again.pending() == pending
    assert again.releases == record.releases == record_of(tmp_path / "s.json", 1).releases
    assert str(pending) == "canary of version 3, begun at 2026-01-02T00:00:00+00:00"
    again.settle()
    assert record.pending() is None


@pytest.mark.parametrize("content", ["{", "[]", '{"release": {}}', "{}"])
def test_pending_releases_that_cannot_be_read(tmp_path: pathlib.Path, content: str) -> None:
    record = ReleaseRecord(tmp_path / "r.json", MODEL)
    record.pending_path.write_text(content)
    with pytest.raises(ConfigError, match=r"r.pending.json is not a pending release"):
        record.pending()


def test_record_as_version_0_1_wrote_it(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(
        '{"format": 1, "model": "segue", "releases": [{"action": "promote", "at": '
        '"2026-01-01T00:00:00+00:00", "stable": 1, "canary": null, "run": "", "metrics": {}}]}'
    )
    record = ReleaseRecord(path, MODEL)
    assert record.releases == (Release("promote", "2026-01-01T00:00:00+00:00", 1),)
    assert record.pending() is None


def test_metrics_of_a_run(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "metrics.json"
    overall = {"ndcg": {"mean": 0.25, "ci_low": 0.2}, "clicks": {"mean": None}, "coverage": None}
    path.write_text(json.dumps({"models": {"two_tower": {"overall": overall}}}))
    assert record.read_metrics(path) == {"ndcg": 0.25}
    assert record.read_metrics(path, "two_tower") == {"ndcg": 0.25}
    with pytest.raises(ConfigError, match="cannot read the metrics"):
        record.read_metrics(path, "als")
    with pytest.raises(ConfigError, match="cannot read the metrics"):
        record.read_metrics(tmp_path / "none.json")
