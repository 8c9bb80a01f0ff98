"""TF Serving's model configuration: which models, which of their versions, and their labels."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from google.protobuf import text_format
from tensorflow_serving.config import file_system_storage_path_source_pb2, model_server_config_pb2

from schema import files
from serving.protocol import tf_serving_protos
from serving.protocol.errors import ConfigError, failed_precondition, invalid_argument

ModelServerConfig: TypeAlias = model_server_config_pb2.ModelServerConfig
ModelConfig: TypeAlias = model_server_config_pb2.ModelConfig
VersionPolicy: TypeAlias = (
    file_system_storage_path_source_pb2.FileSystemStoragePathSourceConfig.ServableVersionPolicy
)

PLATFORM = "tensorflow"


def single_model_config(
    name: str, base_path: str | pathlib.Path, labels: Mapping[str, int] | None = None
) -> ModelServerConfig:
    """One model under a directory of versions: those with a label served, or the latest one."""
    config = ModelServerConfig()
    entry = config.model_config_list.config.add(
        name=name, base_path=absolute_path(base_path), model_platform=PLATFORM
    )
    if labels:
        entry.model_version_policy.specific.versions[:] = sorted(set(labels.values()))
        entry.version_labels.update(labels)
    return config


def read_model_config(path: str | pathlib.Path) -> ModelServerConfig:
    """Reads what `--model_config_file` takes.

    Raises:
        ConfigError: the file cannot be read or parsed.
    """
    return tf_serving_protos.read_text_proto(path, ModelServerConfig())


def write_model_config(path: str | pathlib.Path, config: ModelServerConfig) -> None:
    """Writes the text format, whole or not at all: a server may be reading the file."""
    files.write_text(path, text_format.MessageToString(config))


def validate_transition(old: ModelServerConfig, new: ModelServerConfig) -> None:
    """Checks a configuration against the one in force (ServerCore::ReloadConfig).

    Raises:
        ServingError: with TF Serving's code and wording.
    """
    if old.WhichOneof("config") and new.WhichOneof("config") != "model_config_list":
        raise failed_precondition(
            "Cannot transition to requested config. It is only legal to transition from one "
            "ModelConfigList to another."
        )
    platforms = {model.name: _platform(model) for model in old.model_config_list.config}
    seen: set[str] = set()
    for model in new.model_config_list.config:
        if model.name in seen:
            raise invalid_argument(
                f"Illegal to list model {model.name} multiple times in config list"
            )
        seen.add(model.name)
        if _is_relative(model.base_path):
            raise invalid_argument(
                f"Expected model {model.name} to have an absolute path or URI; got "
                f"base_path()={model.base_path}"
            )
        platform = _platform(model)
        before = platforms.get(model.name, platform)
        if platform != before:
            raise invalid_argument(
                f"Illegal to change a model's platform. For model {model.name} platform was "
                f"{before} and new platform requested is {platform}"
            )
        if platform != PLATFORM:
            raise invalid_argument(f"Model {model.name} requests unsupported platform {platform}")


def aspired_versions(policy: VersionPolicy, available: Iterable[int]) -> list[int]:
    """Those of the available versions that a policy wants served, ascending.

    Without a policy it is the latest one. `latest { num_versions: 0 }` counts as 1.
    """
    versions = sorted(set(available))
    choice = policy.WhichOneof("policy_choice")
    if choice == "all":
        return versions
    if choice == "specific":
        wanted = set(policy.specific.versions)
        return [version for version in versions if version in wanted]
    return versions[-max(policy.latest.num_versions, 1) :]


def require_models(config: ModelServerConfig, origin: str) -> None:
    """Checks that a configuration lists a model.

    Raises:
        ConfigError: otherwise; names `origin`.
    """
    if not config.model_config_list.config:
        raise ConfigError(
            f"{origin} names no model: expected model_config_list {{ config {{ ... }} }}"
        )


def absolute_path(path: str | pathlib.Path) -> str:
    """A base path as servers want it: absolute, or a URI."""
    path = str(path)
    return os.path.abspath(os.path.expanduser(path)) if _is_relative(path) else path


def _platform(model: ModelConfig) -> str:
    if model.model_type:
        if model.model_platform:
            raise invalid_argument(
                "Illegal setting both ModelServerConfig::model_type (deprecated) and "
                "ModelServerConfig::model_platform."
            )
        if model.model_type != model_server_config_pb2.TENSORFLOW:
            raise invalid_argument(
                f"ModelServerConfig::model_type choice {model.model_type} not supported."
            )
        return PLATFORM
    if not model.model_platform:
        raise invalid_argument(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform."
        )
    return model.model_platform


def _is_relative(path: str) -> bool:
    return "://" not in path and not os.path.isabs(path)
