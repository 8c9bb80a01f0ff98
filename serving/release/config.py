"""A model's releases within a model configuration, other models left as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from google.protobuf import text_format

from serving.protocol import ConfigError, ModelConfig, ModelServerConfig, model_config

_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|' + r"'(?:\\.|[^'\\])*'")


def parse(text: str, origin: object) -> ModelServerConfig:
    """Reads a configuration in text format.

    Raises:
        ConfigError: it is none; names `origin`.
    """
    try:
        return text_format.Parse(text, ModelServerConfig())
    except text_format.ParseError as error:
        raise ConfigError(f"{origin}: not a ModelServerConfig in text format: {error}") from error


def text(config: ModelServerConfig) -> str:
    """The text format."""
    return text_format.MessageToString(config)


def find(config: ModelServerConfig, model: str) -> ModelConfig | None:
    """The entry of a model, or None."""
    return next((item for item in config.model_config_list.config if item.name == model), None)


def labels(config: ModelServerConfig, model: str) -> dict[str, int]:
    """The version labels of a model; none where it is not listed."""
    entry = find(config, model)
    return dict(entry.version_labels) if entry else {}


def with_latest(config: ModelServerConfig, model: str, base_path: str) -> ModelServerConfig:
    """A copy in which a model is listed: as it is, or with its latest version."""
    changed = ModelServerConfig()
    changed.CopyFrom(config)
    if find(config, model) is None:
        entry = changed.model_config_list.config.add(
            name=model, base_path=base_path, model_platform=model_config.PLATFORM
        )
        entry.model_version_policy.latest.num_versions = 1
    return changed


def policy_by_hand(config: ModelServerConfig, model: str, label: str) -> str:
    """The version policy of a model, where somebody wrote it and it is not just the latest version.

    Args:
        config: the configuration.
        model: name of the model.
        label: what every release leaves on a version.

    Returns:
        The policy in text format, such as "all { }"; "" where there is none of note.
    """
    entry = find(config, model)
    if entry is None:
        return ""
    policy = entry.model_version_policy
    choice = policy.WhichOneof("policy_choice")
    is_default = choice is None or (choice == "latest" and policy.latest.num_versions <= 1)
    if is_default or (choice == "specific" and label in entry.version_labels):
        return ""
    return text_format.MessageToString(policy, as_one_line=True).strip()


def losses(
    written: str | None, config: ModelServerConfig, model: str, base_path: str, label: str
) -> list[str]:
    """What a release would take from a file that was written by hand, in words.

    Args:
        written: the file's text, None without one.
        config: what it says.
        model: name of the model.
        base_path: its directory of versions as the release has it.
        label: as for `policy_by_hand`.
    """
    found = []
    if "#" in _QUOTED.sub("", written or ""):
        found.append("its comments are lost")
    policy = policy_by_hand(config, model, label)
    if policy:
        found.append(f"its version policy, {policy}, is replaced")
    entry = find(config, model)
    if written and entry is not None and entry.base_path != base_path:
        found.append(f"its base_path, {entry.base_path}, becomes {base_path}")
    return found


def with_release(
    config: ModelServerConfig,
    model: str,
    base_path: str,
    versions: Iterable[int],
    version_labels: Mapping[str, int],
) -> ModelServerConfig:
    """A copy of a configuration in which a model has these versions and labels.

    Args:
        config: the configuration; the model is added where it is not listed.
        model: name of the model.
        base_path: its directory of versions.
        versions: what to load.
        version_labels: version by label.
    """
    changed = with_latest(config, model, base_path)
    entry = find(changed, model)
    assert entry is not None  # it was just listed
    entry.base_path = base_path
    entry.model_platform = model_config.PLATFORM
    entry.model_version_policy.specific.versions[:] = sorted(versions)
    entry.version_labels.clear()
    entry.version_labels.update(version_labels)
    return changed
