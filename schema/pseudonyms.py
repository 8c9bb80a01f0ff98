"""Pseudonyms of listeners: an HMAC, whose secret lies in no file of the project.

Whoever has the secret can make an account's pseudonym and so find or erase what is known of the
account; nobody can go the other way. Another secret makes strangers of all listeners.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import pathlib
from collections.abc import Mapping
from typing import Final

#: The variable that holds the secret, and the one that names a file with it.
SECRET_VARIABLE: Final = "SEGUE_LISTENER_SECRET"  # noqa: S105
SECRET_FILE_VARIABLE: Final = "SEGUE_LISTENER_SECRET_FILE"  # noqa: S105
_SHORTEST: Final = 32  # bytes of a secret, as many as those of SHA-256
_DIGITS: Final = 32  # of a pseudonym, 128 bits: no two of a billion listeners share theirs
#: What a pseudonym looks like, as a regular expression.
PATTERN: Final = f"^[0-9a-f]{{{_DIGITS}}}$"


class SecretError(ValueError):
    """There is no secret, or one that is too short."""


class Pseudonyms:
    """Makes pseudonyms with one secret.

    Args:
        secret: 32 bytes or more.

    Raises:
        SecretError: it is shorter.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _SHORTEST:
            raise SecretError(
                f"the listeners' secret has {len(secret)} bytes; {_SHORTEST} are the least"
            )
        self._secret = secret

    def of(self, account: str) -> str:
        """The pseudonym of an account's own name: 32 hexadecimal digits."""
        digest = hmac.new(self._secret, account.encode(), hashlib.sha256).hexdigest()
        return digest[:_DIGITS]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Pseudonyms:
        """Takes the secret from the environment, or from the file that it names.

        White space around it does not count, so a file may end with a line break.

        Raises:
            SecretError: there is none, or it is too short.
            OSError: the file cannot be read.
        """
        if secret := environment.get(SECRET_VARIABLE, "").strip():
            return cls(secret.encode())
        if path := environment.get(SECRET_FILE_VARIABLE, ""):
            return cls(pathlib.Path(path).read_bytes().strip())
        raise SecretError(
            f"no secret for the listeners' pseudonyms: set {SECRET_VARIABLE}, or "
            f"{SECRET_FILE_VARIABLE} to a file outside of the project that holds it"
        )
