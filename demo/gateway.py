"""The page's questions to a gateway, as one of a few listeners, over HTTP."""

from __future__ import annotations

import dataclasses
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any, Final

import pyarrow.compute as pc
import pyarrow.parquet as pq

from schema import pseudonyms
from serving.protocol import ConfigError

_SECONDS: Final = 10.0
_MOST_BYTES: Final = 2**20
_LISTENERS: Final = 50  # that the page offers


class GatewayError(RuntimeError):
    """The gateway did not answer, or refused; the message is for the page's user."""


@dataclasses.dataclass(frozen=True)
class Listener:
    """Somebody whom the page may ask as.

    Attributes:
        listener_id: the pseudonym, which the page is not told.
        segment: "" where the table does not say.
    """

    listener_id: str
    segment: str = ""


class Gateway:
    """Asks a gateway; safe between threads.

    Args:
        address: http://HOST:PORT or https://HOST:PORT.
        listeners: whom the page may ask as.

    Raises:
        ConfigError: the address is none.
    """

    def __init__(self, address: str, listeners: Sequence[Listener]) -> None:
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                f"a gateway is http://HOST:PORT or https://HOST:PORT; was {address!r}"
            )
        self.address = address.rstrip("/")
        self.listeners = tuple(listeners)
        # No proxy of the environment reaches a gateway on this machine or in this house.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def surfaces(self) -> list[str]:
        """What may be asked for.

        Raises:
            GatewayError: it did not answer.
        """
        return [each["surface"] for each in self._asked("/v1/surfaces")["surfaces"]]

    def recommend(self, listener: int, surface: str, recent: Sequence[str]) -> dict[str, Any]:
        """An answer, as the gateway gives it.

        Args:
            listener: the place of one among `listeners`.
            surface: one of `surfaces`.
            recent: tracks that count as played just now, the newest first.

        Raises:
            GatewayError: it did not answer, or refused.
        """
        who = self.listeners[listener].listener_id
        body = {"listener_id": who, "surface": surface, "recent_tracks": list(recent)}
        return self._asked("/v1/recommend", json.dumps(body).encode())

    def _asked(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, body, headers)  # noqa: S310 - checked
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                found: dict[str, Any] = json.loads(answer.read(_MOST_BYTES))
                return found
        except urllib.error.HTTPError as error:
            raise GatewayError(f"The gateway says: {_told(error)}") from None
        except (OSError, ValueError):
            raise GatewayError(f"No gateway answers at {self.address}.") from None


def listeners_of(path: str) -> list[Listener]:
    """The first listeners of a table, with their segments where it has them.

    Args:
        path: Parquet with `listener_id`, and perhaps `segment`.

    Raises:
        ConfigError: it is no such table, or is empty.
    """
    try:
        names = pq.read_schema(path).names
        if "listener_id" not in names:
            raise ConfigError(f"{path} has no column listener_id")
        columns = [name for name in ("listener_id", "segment") if name in names]
        rows = pq.read_table(path, columns=columns)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    sound = rows.filter(pc.match_substring_regex(rows.column("listener_id"), pseudonyms.PATTERN))
    if not sound.num_rows:
        raise ConfigError(f"{path} has no listener")
    # Spread over the table, which is in the order of pseudonyms.
    step = max(1, sound.num_rows // _LISTENERS)
    found = sound.take(list(range(0, sound.num_rows, step))[:_LISTENERS]).to_pylist()
    return [Listener(row["listener_id"], row.get("segment") or "") for row in found]


def _told(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(_MOST_BYTES))["error"])
    except (OSError, ValueError, KeyError):
        return f"status {error.code}"
