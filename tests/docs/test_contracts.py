"""The pages of docs/ say what the code says."""

import importlib.util
import re
import sys

import pytest

from schema import features
from schema.documents import RunMetrics
from schema.signatures import SIGNATURES
from schema.status import CommandStatus, StatusLine


@pytest.fixture(scope="module")
def contracts(root):
    spec = importlib.util.spec_from_file_location("contracts", root / "scripts" / "contracts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_are_those_of_the_code(contracts, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["contracts.py", "--check"])
    assert contracts.main() == 0, capsys.readouterr().out


def test_a_page_out_of_date_is_named_and_written(contracts, monkeypatch, capsys, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Text.\n<!-- table: tensors -->\nold\n<!-- end -->\nMore.\n")
    monkeypatch.setattr(contracts, "FOLDER", tmp_path)
    monkeypatch.setattr(sys, "argv", ["contracts.py", "--check"])
    assert contracts.main() == 1
    assert "Out of date: page.md" in capsys.readouterr().out
    assert "old" in page.read_text()
    monkeypatch.setattr(sys, "argv", ["contracts.py"])
    assert contracts.main() == 0
    text = page.read_text()
    assert "| `serving_default` | input | `name` | string | [B] |" in text
    assert text.startswith("Text.\n")
    assert text.endswith("\nMore.\n")
    assert contracts.render(text) == text


def test_every_table_has_a_page(contracts, root):
    pages = [path.read_text() for path in (root / "docs" / "contracts").glob("*.md")]
    shown = {name for page in pages for name in re.findall(r"<!-- table: ([\w-]+) -->", page)}
    assert shown == set(contracts.TABLES)


def test_the_pages_list_each_contract(root):
    folder = root / "docs" / "contracts"
    commands = (folder / "commands.md").read_text()
    assert "### `segue run`" in commands
    assert "### `segue release promote`" in commands
    signatures = (folder / "signatures.md").read_text()
    assert all(f"| `{name}` |" in signatures for name in SIGNATURES)
    examples = (folder / "examples.md").read_text()
    for feature in (*features.PLAYLIST_INTS, *features.TRACK_FEATURES, features.NAME):
        assert f"| `{feature}` |" in examples
    documents = (folder / "documents.md").read_text()
    assert all(f"| `{field}` |" in documents for field in RunMetrics.model_fields)


def test_every_field_of_a_status_is_listed(root):
    page = (root / "docs" / "contracts" / "status.md").read_text()
    sections = {part.split("\n")[0]: part for part in page.split("\n### ")[1:]}
    common = CommandStatus.model_fields
    assert all(f"| `{name}` |" in sections["CommandStatus"] for name in common)
    parts = StatusLine.model_json_schema(mode="serialization")["$defs"]
    assert {"ReleaseStatus", "ServedVersion"} < parts.keys() & sections.keys()
    for name in parts.keys() & sections.keys():
        fields = parts[name]["properties"].keys()
        own = fields - (common.keys() - {"status"}) if "command" in fields else fields
        assert [field for field in own if f"| `{field}` |" not in sections[name]] == [], name


@pytest.mark.parametrize("page", ["docs/architecture.md", "docs/contracts.md", "CONTRIBUTING.md"])
def test_files_that_a_page_names_exist(root, page):
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", (root / page).read_text())
    ours = [name for name in named if (root / name.split("/")[0]).exists()]
    assert len(ours) > 3
    assert [name for name in ours if not (root / name).exists()] == []
