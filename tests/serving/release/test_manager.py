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


Open = Callable[..., tuple[ReleaseManager, list[str]]]


@pytest.fixture
def by_hand(server: ModelServer, base: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[Open]:
    """Opens managers of a configuration file with this policy, reached by a link."""
    config, link, opened = tmp_path / "real.config", tmp_path / "models.config", []

    def run(
        policy: str, comment: str = "", *, overwrite: bool = False
    ) -> tuple[ReleaseManager, list[str]]:
        config.write_text(
            f'{comment}model_config_list {{ config {{ name: "{MODEL}" base_path: "{base}" '
            f'model_platform: "tensorflow" model_version_policy {{ {policy} }} '
            'version_labels { key: "mine" value: 3 } } }'
        )
        config.chmod(0o640)
        if not link.is_symlink():
            link.symlink_to(config)
        said: list[str] = []
        made = ReleaseManager(
            server.target,
            base,
            link,
            load_timeout=30,
            settle_seconds=0.2,
            overwrite=overwrite,
            notify=said.append,
        )
        opened.append(made)
        return made, said

    yield run
    for manager in opened:
        manager.close()


@pytest.mark.parametrize(
    ("policy", "comment", "says"),
    [
        ("all {}", "", "its version policy, all { }, is replaced"),
        ("latest { num_versions: 2 }", "", "its version policy, latest { num_versions: 2 }, is"),
        ("specific { versions: 3 versions: 1 }", "", "specific { versions: 3 versions: 1 }, is"),
        ("latest { num_versions: 1 }", "# keep\n", "its comments are lost"),
    ],
)
def test_a_file_by_hand_is_rewritten_only_when_told_to(
    by_hand: Open, tmp_path: pathlib.Path, policy: str, comment: str, says: str
) -> None:
    config, link = tmp_path / "real.config", tmp_path / "models.config"
    manager, said = by_hand(policy, comment)
    before = config.read_text()
    with pytest.raises(ConfigError, match="was written by hand, and a release rewrites") as caught:
        manager.promote(2)
    assert says in str(caught.value)
    assert "--overwrite" in str(caught.value)
    assert (config.read_text(), said) == (before, [])
    assert manager.record.current is None

    manager, said = by_hand(policy, comment, overwrite=True)
    manager.promote(2)
    (text,) = said
    assert says in text
    (entry,) = read_model_config(config).model_config_list.config
    assert dict(entry.version_labels) == {"mine": 3, "stable": 2}  # labels of others stay
    assert list(entry.model_version_policy.specific.versions) == [2, 3]
    assert link.is_symlink()
    assert config.stat().st_mode & 0o777 == 0o640


def test_a_model_that_the_server_lacks_has_no_versions(
    manager: ReleaseManager, server: ModelServer, base: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    assert manager._server.loaded() == {3}
    with ReleaseManager(server.target, base, tmp_path / "other.config", model="other") as other:
        assert other._server.loaded() == set()
    server.stop()
    with pytest.raises(ServingError):
        manager._server.loaded()


def test_what_is_unloaded_is_said_first(manager: ReleaseManager, tmp_path: pathlib.Path) -> None:
    said: list[str] = []
    manager._notify = said.append
    manager.promote(1)
    # The server had its latest version.
    config = tmp_path / "models.config"
    assert said == [f"The release writes {config}: version 3 will be unloaded, version 1 kept."]
    manager.promote(2)
    assert len(said) == 1
    manager.promote(3)
    last = "version 1 will be unloaded, versions 2, 3 kept."
    assert said[1] == f"The release writes {config}: {last}"


def test_a_base_path_is_not_changed_in_silence(
    by_hand: Open, server: ModelServer, tmp_path: pathlib.Path
) -> None:
    by_hand("latest { num_versions: 1 }")
    elsewhere = tmp_path / "elsewhere"
    with (
        ReleaseManager(
            server.target, elsewhere, tmp_path / "models.config", settle_seconds=0.2
        ) as manager,
        pytest.raises(ConfigError, match=f"its base_path, .*base, becomes {elsewhere}"),
    ):
        manager.promote(2)


def test_a_label_on_a_version_that_is_not_there_is_named_at_once(
    by_hand: Open, tmp_path: pathlib.Path
) -> None:
    by_hand("all {}")
    written = tmp_path / "real.config"
    before = written.read_text().replace("value: 3", "value: 4")
    manager, _ = by_hand("all {}", overwrite=True)
    written.write_text(before)
    with pytest.raises(ConfigError, match="no version 4, which the label 'mine' is on, under"):
        manager.promote(2)
    assert written.read_text() == before


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
    again.settle()  # Nothing is pending now, and nothing happens.


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
    with pytest.raises(ConfigError, match=r"cannot read the metrics .* holds two_tower, not als"):
        record.read_metrics(path, "als")
    path.write_text("[]")
    with pytest.raises(ConfigError, match=r"cannot read the metrics .* JSON object"):
        record.read_metrics(path)
    with pytest.raises(ConfigError, match="cannot read the metrics"):
        record.read_metrics(tmp_path / "none.json")
