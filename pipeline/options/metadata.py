"""Where ML Metadata lies: in a file under OUT, or in a database of a server."""

from __future__ import annotations

import re
from typing import Annotated, Final

import pydantic

from schema.options import Options

_VARIABLE: Final = re.compile(r"\$(\w+|\{\w+\})")


def _named(text: str) -> str:
    """Refuses a password that is written out, and does not repeat it."""
    if _VARIABLE.fullmatch(text) is None:
        raise ValueError(
            "takes the name of an environment variable that holds it, such as "
            "$SEGUE_METADATA_PASSWORD: a password stands in no file"
        )
    return text


class MetadataOptions(Options):
    """The metadata store: `metadata.db` in OUT, or a database of MySQL or MariaDB."""

    host: str | None = pydantic.Field(
        None,
        min_length=1,
        max_length=255,
        pattern=r"^[^\s/$]+$",
        description="of a MySQL or MariaDB server, reached over TCP; null: metadata.db in OUT",
    )
    port: int = pydantic.Field(3306, ge=1, le=65535)
    database: str = pydantic.Field(
        "segue",
        pattern=r"^[A-Za-z0-9_]{1,64}$",
        description="made by the first run where the user may do so",
    )
    user: str = pydantic.Field("segue", min_length=1, max_length=80)
    password: Annotated[str, pydantic.AfterValidator(_named)] | None = pydantic.Field(
        None,
        description="$NAME of the environment variable that holds it, never the password itself; "
        "null: none",
    )
    tls: bool = pydantic.Field(
        False,
        description="encrypt what is sent; ML Metadata's client cannot tell whose certificate the "
        "server has",
    )
    timeout_seconds: float = pydantic.Field(
        10, gt=0, le=300, description="how long to wait for the server to take a connection"
    )

    @property
    def password_variable(self) -> str | None:
        """The environment variable that holds the password; None without one."""
        return None if self.password is None else self.password.strip("${}")
