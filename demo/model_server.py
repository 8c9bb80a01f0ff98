"""Runs the development server in this process, for a page without a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from serving.protocol import (
    ConfigError,
    ServingError,
    saved_models,
    single_model_config,
    version_files,
)
from serving.server import ModelServer, ServerOptions, WatchOptions

_VERSIONS = 2  # so that two can be compared


@contextlib.contextmanager
def serve(model_base: str, model: str, fall_back: bool = False) -> Iterator[str]:
    """Serves the two latest versions under a base path on a free port of this machine.

    Args:
        model_base: directory of versions.
        model: name to serve them under.
        fall_back: whether older versions may take the place of one that is not whole.

    Yields:
        HOST:PORT of the server.

    Raises:
        BrokenModelError: the latest version is not whole.
        ConfigError: the base path holds no version.
        ServingError: none can be loaded.
    """
    _check(model_base)
    saved_models.choose(model_base, fall_back)
    config = single_model_config(model, model_base)
    entry = config.model_config_list.config[0]
    entry.model_version_policy.latest.num_versions = _VERSIONS
    options = ServerOptions(port=0, watch=WatchOptions(fall_back=fall_back))
    with ModelServer(config, options) as server:
        yield server.target


def _check(model_base: str) -> None:
    """Reports a missing version at once; a server would wait for it."""
    saved_models.check_base(model_base)
    try:
        found = version_files.list_versions(model_base)
    except ServingError as error:
        raise ConfigError(f"{model_base} cannot be read: {error.message}") from error
    if not found:
        raise ConfigError(
            f"{model_base} holds no version: expected directories named by numbers, as a run that "
            "blesses its model writes to OUT/serving/segue"
        )
