"""A model's releases within a model configuration, other models left as they are."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Mapping

from serving.protocol import ModelServerConfig, model_config


def read(path: pathlib.Path) -> ModelServerConfig:
    """The configuration in a file, or an empty one where the file is missing.

    Raises:
        ConfigError: the file cannot be read.
    """
    return model_config.read_model_config(path) if path.exists() else ModelServerConfig()


def labels(config: ModelServerConfig, model: str) -> dict[str, int]:
    """The version labels of a model; none where it is not listed."""
    for entry in config.model_config_list.config:
        if entry.name == model:
            return dict(entry.version_labels)
    return {}


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
        versions: what is to be loaded.
        version_labels: version by label.
    """
    changed = ModelServerConfig()
    changed.CopyFrom(config)
    entries = changed.model_config_list.config
    entry = next((item for item in entries if item.name == model), None)
    if entry is None:
        entry = entries.add(name=model)
    entry.base_path = base_path
    entry.model_platform = model_config.PLATFORM
    entry.model_version_policy.specific.versions[:] = sorted(versions)
    entry.version_labels.clear()
    entry.version_labels.update(version_labels)
    return changed
