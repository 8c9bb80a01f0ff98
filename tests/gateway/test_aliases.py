"""Aliases are looked up beside the requests, and a registry that is down changes nothing."""

from __future__ import annotations

import pathlib

import pytest

from gateway.aliases import Aliases
from gateway.configuration import Model
from serving.protocol import ConfigError
from serving.registry import Registry, RegistryUnavailableError, open_registry
from tests.serving.registry.opening import registration

CHAMPION = Model(model="served", alias="champion", registered="segue-casual")
CHALLENGER = Model(model="segue-casual", alias="challenger")


def test_what_aliases_name(tmp_path: pathlib.Path) -> None:
    uri = str(tmp_path / "registry")
    down = False

    def opened(uri: str, model: str) -> Registry:
        if down:
            raise RegistryUnavailableError("it does not answer")
        return open_registry(uri, model)

    plain = Model(label="stable")
    aliases = Aliases(uri, [CHAMPION, CHALLENGER, plain, CHAMPION], opened)
    assert aliases.pinned(plain) == plain
    assert aliases.pinned(CHAMPION) is None
    aliases.look()
    assert aliases.pinned(CHAMPION) is None
    with open_registry(uri, "segue-casual") as registry:
        for version in (7, 9):
            registry.register(registration(tmp_path, "segue-casual", version))
        registry.promote("champion", 7, expected=None)
    assert aliases.pinned(CHAMPION) is None  # nobody has looked since
    aliases.look()
    assert aliases.pinned(CHAMPION) == Model(model="served", version=7)
    assert aliases.pinned(CHALLENGER) is None
    with open_registry(uri, "segue-casual") as registry:
        registry.promote("champion", 9, expected=7)
        registry.promote("challenger", 7, expected=None)
    down = True
    aliases.look()
    assert aliases.pinned(CHAMPION) == Model(model="served", version=7)
    down = False
    aliases.look()
    assert aliases.pinned(CHAMPION) == Model(model="served", version=9)
    assert aliases.pinned(CHALLENGER) == Model(model="segue-casual", version=7)


def test_what_is_no_registry() -> None:
    with pytest.raises(ConfigError, match=r"registry: .*a registry is"):
        Aliases("gs://bucket/registry", [CHAMPION])
    Aliases(None, []).look()
