"""The versions that a registry needs, which are never deleted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.config import PipelineConfig
from schema.layout import Layout
from schema.registry import ALIASES, model_name
from serving.registry import RegistryError, before_in, open_registry, waiting


class UnknownNeedsError(RuntimeError):
    """A registry does not answer, so that it may need any version; the message says which."""


def needed(
    config: PipelineConfig, configs: Iterable[Mapping[str, Any]], places: Layout
) -> dict[str, str]:
    """The versions that registries need, each with the reason.

    Args:
        config: of what is asked now.
        configs: those of the runs, as JSON has them: they may have named other registries.
        places: of the output directory.

    Raises:
        UnknownNeedsError: a registry does not answer.
    """
    asked = {(config.registry_uri(places), config.registered_model)}
    for each in configs:
        told = (each.get("registry") or {}).get("uri") or config.registry_uri(places)
        asked.add((told, model_name((each.get("holdout") or {}).get("segment"))))
    found: dict[str, str] = {}
    for uri, model in sorted(asked):
        for folder in waiting(places.unregistered, model):
            found.setdefault(os.path.basename(folder), "it waits to be registered")
        if uri:
            for version, reason in _of(uri, model, config.registry.timeout_seconds).items():
                found.setdefault(version, reason)
    return found


def _of(uri: str, model: str, timeout: float) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        with open_registry(uri, model, timeout=timeout) as registry:
            history = registry.history()
            for alias in ALIASES:
                if (current := registry.current(alias)) is not None:
                    found.setdefault(str(current.serving_version), f"{alias} in the registry")
                if (before := before_in(history, alias)) is not None:
                    reason = f"{alias} before: a rollback returns to it"
                    found.setdefault(str(before), reason)
    except RegistryError as error:
        raise UnknownNeedsError(f"the registry at {uri} may name it: {error}") from error
    return found
