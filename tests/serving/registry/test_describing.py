"""What a registry is told of a pushed version."""

from __future__ import annotations

import pathlib

import pytest

from schema.provenance import config_hash
from schema.registry import Lineage
from serving.protocol import BrokenModelError, ConfigError, version_files
from serving.registry import describe
from tests.serving.registry.pushed import AS_OF, CONFIG, push, report


def test_a_version_with_its_card_and_report(tmp_path: pathlib.Path) -> None:
    folder = push(tmp_path / "serving" / "segue", 7)
    told = report(tmp_path, 7)
    lineage = Lineage(run="20171114-030000", code="of the run", segment="new_users")
    found = describe(str(folder), "segue-new_users", report=str(told), lineage=lineage)
    assert (found.model, found.serving_version) == ("segue-new_users", 7)
    assert found.saved_model == str(folder)
    assert found.content == version_files.content(str(folder))
    assert (found.family, found.catalogue_size) == ("als", 400)
    assert found.signatures == ["serving_default", "serving_examples"]
    assert found.metrics == {"ndcg": 0.25, "clicks": None}
    assert found.metrics_file == str(told / "metrics.json")
    assert found.page == str(told / "index.html")
    assert found.lineage == Lineage(
        run="20171114-030000",
        split='{"eval": 1, "test": 1, "train": 8}',
        code="of the run",
        commit="fedc",
        configuration=config_hash(CONFIG),
        gate="blessed",
        features_as_of=AS_OF.isoformat(),
        segment="new_users",
    )


def test_a_version_of_which_nothing_else_is_known(tmp_path: pathlib.Path) -> None:
    folder = push(tmp_path / "segue", 7, card=False)
    found = describe(f"{folder}/", "segue")
    assert (found.serving_version, found.family, found.catalogue_size) == (7, "", None)
    assert (found.metrics, found.metrics_file, found.page) == ({}, "", "")
    assert found.lineage == Lineage()


def test_a_relative_path_is_made_absolute(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = push(tmp_path / "segue", 7)
    monkeypatch.chdir(tmp_path)
    assert describe("segue/7", "segue").saved_model == str(folder)


def test_why_a_gate_refused(tmp_path: pathlib.Path) -> None:
    folder = push(tmp_path / "segue", 7)
    told = report(tmp_path, 7, blessed=False)
    found = describe(str(folder), "segue", report=str(told))
    assert found.lineage.gate == "refused; better than popularity"


def test_a_report_of_another_version_is_refused(tmp_path: pathlib.Path) -> None:
    folder = push(tmp_path / "segue", 7)
    told = report(tmp_path, 8)
    with pytest.raises(ConfigError, match="is of a run that pushed 8, not version 7"):
        describe(str(folder), "segue", report=str(told))
    with pytest.raises(ConfigError, match="cannot read the metrics of a run from"):
        describe(str(folder), "segue", report=str(tmp_path / "nowhere"))


def test_what_is_no_version(tmp_path: pathlib.Path) -> None:
    folder = push(tmp_path / "segue", 7)
    with pytest.raises(ConfigError, match="is no version"):
        describe(str(folder.parent), "segue")
    (folder / "saved_model.pb").write_bytes(b"\xff")
    with pytest.raises(BrokenModelError, match="cut off or damaged"):
        describe(str(folder), "segue")
    (folder / "saved_model.pb").unlink()
    with pytest.raises(BrokenModelError, match=r"saved_model\.pb is missing"):
        describe(str(folder), "segue")
