from __future__ import annotations

import pathlib

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from serving.protocol import ConfigError, ServingError, model_config
from serving.protocol.model_config import ModelServerConfig, VersionPolicy, aspired_versions

TEXT = """
model_config_list {
  config {
    name: "segue"
    base_path: "/models/segue"
    model_platform: "tensorflow"
    model_version_policy { specific { versions: 3 versions: 5 } }
    version_labels { key: "stable" value: 3 }
  }
}
"""


def policy(text: str) -> VersionPolicy:
    return text_format.Parse(text, VersionPolicy())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [10]),
        ("latest { num_versions: 2 }", [9, 10]),
        ("latest { num_versions: 0 }", [10]),
        ("latest { num_versions: 9 }", [1, 9, 10]),
        ("all {}", [1, 9, 10]),
        ("specific { versions: 9 versions: 4 }", [9]),
        ("specific {}", []),
    ],
)
def test_aspired_versions(text: str, expected: list[int]) -> None:
    assert aspired_versions(policy(text), [10, 1, 9]) == expected
    assert aspired_versions(policy(text), []) == []


@given(st.sets(st.integers(0, 2**63 - 1)), st.integers(0, 5))
def test_latest_are_the_greatest(available: set[int], count: int) -> None:
    chosen = aspired_versions(policy(f"latest {{ num_versions: {count} }}"), available)
    assert chosen == sorted(available)[-max(count, 1) :]


def test_file_round_trip(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "new" / "models.config"
    config = text_format.Parse(TEXT, ModelServerConfig())
    model_config.write_model_config(path, config)
    assert model_config.read_model_config(path) == config
    assert [item.name for item in path.parent.iterdir()] == ["models.config"]  # nothing left over


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model_config_list { config { nam: 'x' } }", "has no field named"),
        ("{", "not a ModelServerConfig in text format"),
    ],
)
def test_file_errors(tmp_path: pathlib.Path, text: str, message: str) -> None:
    path = tmp_path / "models.config"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        model_config.read_model_config(path)
    assert "models.config" in str(caught.value)


def test_config_without_models(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="x names no model"):
        model_config.require_models(ModelServerConfig(), "x")


def test_single_model_has_an_absolute_path(monkeypatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.chdir(tmp_path)
    config = model_config.single_model_config("segue", "out/serving/segue")
    (entry,) = config.model_config_list.config
    assert entry.base_path == str(tmp_path / "out/serving/segue")
    model_config.validate_transition(ModelServerConfig(), config)


def test_uris_are_kept() -> None:
    config = model_config.single_model_config("segue", "gs://bucket/segue")
    assert config.model_config_list.config[0].base_path == "gs://bucket/segue"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('model_platform: ""', "Illegal setting neither ModelServerConfig::model_type"),
        (
            'model_type: TENSORFLOW model_platform: "tensorflow"',
            "Illegal setting both ModelServerConfig::model_type",
        ),
        ("model_type: OTHER", "ModelServerConfig::model_type choice 2 not supported"),
        ('model_platform: "caffe"', "Model m requests unsupported platform caffe"),
    ],
)
def test_platforms(entry: str, message: str) -> None:
    text = f'model_config_list {{ config {{ name: "m" base_path: "/m" {entry} }} }}'
    config = text_format.Parse(text, ModelServerConfig())
    with pytest.raises(ServingError, match=message):
        model_config.validate_transition(ModelServerConfig(), config)


def test_deprecated_platform() -> None:
    text = 'model_config_list { config { name: "m" base_path: "/m" model_type: TENSORFLOW } }'
    model_config.validate_transition(
        ModelServerConfig(), text_format.Parse(text, ModelServerConfig())
    )


def test_only_a_list_may_follow_a_list() -> None:
    old = text_format.Parse(TEXT, ModelServerConfig())
    with pytest.raises(ServingError, match="Cannot transition to requested config"):
        model_config.validate_transition(old, ModelServerConfig())
