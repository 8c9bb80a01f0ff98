"""Which versions aliases name: looked up in the registry beside the requests, never by one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Final

from gateway.configuration import Model
from serving.protocol import ConfigError
from serving.registry import Registry, RegistryError, check_uri, open_registry

_log = logging.getLogger(__name__)
_SECONDS: Final = 5.0  # that the registry has to answer


def _opened(uri: str, model: str) -> Registry:
    return open_registry(uri, model, timeout=_SECONDS)


class Aliases:
    """What aliases named when the registry answered last.

    Args:
        uri: of the registry; None where no model is named by alias.
        models: those that may be asked for.
        opened: opens the registry of a registered model.

    Raises:
        ConfigError: the URI names no registry.
    """

    def __init__(
        self,
        uri: str | None,
        models: Iterable[Model],
        opened: Callable[[str, str], Registry] = _opened,
    ) -> None:
        if uri is not None:
            try:
                check_uri(uri)
            except ConfigError as error:
                raise ConfigError(f"registry: {error}") from error
        self._uri, self._open = uri, opened
        self._models = tuple(dict.fromkeys(model for model in models if model.alias))
        self._pinned: dict[Model, Model] = {}

    def pinned(self, model: Model) -> Model | None:
        """A model by version or label; None for an alias that names nothing, as far as is known."""
        return self._pinned.get(model) if model.alias else model

    def look(self) -> None:
        """Asks the registry, which may take a while; where it does not answer, nothing changes."""
        for model in self._models:
            assert self._uri is not None
            assert model.alias is not None
            try:
                with self._open(self._uri, model.registered or model.model) as registry:
                    found = registry.current(model.alias)
            except RegistryError as error:
                _log.warning("%s stays where it was: %s", model, error)
                continue
            if found is None:
                self._pinned.pop(model, None)
            else:
                version = Model(model=model.model, version=found.serving_version)
                if self._pinned.get(model) != version:
                    _log.info("%s is version %d", model, found.serving_version)
                self._pinned[model] = version
