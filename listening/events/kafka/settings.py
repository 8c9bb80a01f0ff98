"""How brokers are reached: librdkafka's own settings; no secret from a command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Final

#: Variables of the environment: SEGUE_KAFKA_SASL_PASSWORD is `sasl.password`.
PREFIX: Final = "SEGUE_KAFKA_"
_SECRET: Final = ("password", "secret", "key.pem", "keystore.pem", "oauthbearer.config")
#: What exactly-once rests on, or what has an option of its own.
_OURS: Final = frozenset(
    {
        *("bootstrap.servers", "metadata.broker.list", "group.id", "auto.offset.reset"),
        *("enable.auto.commit", "enable.auto.offset.store", "enable.partition.eof"),
        *("enable.idempotence", "isolation.level", "acks", "request.required.acks"),
    }
)


class SettingsError(ValueError):
    """A setting that cannot be taken: one sentence, which never holds a value."""


def settings(
    brokers: str,
    pairs: Iterable[str] = (),
    file: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """Puts settings together: those of the file, then the environment's, then the pairs.

    Args:
        brokers: HOST:PORT, several of them by commas.
        pairs: KEY=VALUE of a command line, which other users of the machine can read.
        file: lines KEY=VALUE; blank ones and those that begin with # do not count.
        environment: of which variables that begin with SEGUE_KAFKA_ count.

    Raises:
        SettingsError: a pair is none, holds a secret, or changes what landing rests on.
        OSError: the file cannot be read.
    """
    found: dict[str, str] = {}
    if file is not None:
        with open(file, encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip() and not line.lstrip().startswith("#"):
                    key, value = _pair(line.strip(), f"{file}, line {number}")
                    found[key] = value
    for name, value in environment.items():
        if name.startswith(PREFIX):
            found[name.removeprefix(PREFIX).lower().replace("_", ".")] = value
    for pair in pairs:
        key, value = _pair(pair, "--kafka")
        if any(part in key for part in _SECRET):
            raise SettingsError(
                f"{key} is a secret, and a command line is read by others: put it into the file "
                f"that --kafka-config names, or into {PREFIX}{key.upper().replace('.', '_')}"
            )
        found[key] = value
    if taken := sorted(_OURS & found.keys()):
        raise SettingsError(f"{taken[0]} is not to be set: landing rests on it")
    return {"bootstrap.servers": brokers, **found}


def _pair(text: str, where: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise SettingsError(f"{where}: a setting is KEY=VALUE, such as security.protocol=SASL_SSL")
    return key.strip(), value.strip()
