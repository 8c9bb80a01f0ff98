"""How Google's APIs are reached: where they are, as whom, how often one tries, what errors say."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

#: `http://HOST:PORT` of a stand-in for the Vertex API, asked without credentials.
VERTEX_ENDPOINT: Final = "SEGUE_VERTEX_ENDPOINT"
#: The same for the other APIs, which `segue preflight` asks.
GOOGLE_ENDPOINT: Final = "SEGUE_GOOGLE_ENDPOINT"
#: The same for Cloud Storage, under the name that its clients know.
STORAGE_ENDPOINT: Final = "STORAGE_EMULATOR_HOST"

#: Seconds that a single request may take.
REQUEST_SECONDS: Final = 60.0
_LONGEST_WAIT: Final = 15.0
SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)

_Result = TypeVar("_Result")


class CloudError(RuntimeError):
    """Google refused, or could not be reached; the message says what and why."""


class UsageError(CloudError):
    """What the caller gave cannot be used; the message says what is accepted."""


@dataclasses.dataclass(frozen=True)
class Patience:
    """How errors that pass are waited for: exponential back-off with jitter, bounded.

    Attributes:
        first: most seconds before the second try; later ones wait up to twice as long each.
        longest: most seconds between two tries.
        seconds: after so many seconds the error counts.
    """

    first: float = 1.0
    longest: float = 20.0
    seconds: float = 180.0

    def call(
        self, request: Callable[[], _Result], on_error: Callable[[Exception], None] | None = None
    ) -> _Result:
        """Makes a request until it is answered.

        Args:
            request: makes it once.
            on_error: hears of each error that passes.

        Raises:
            CloudError: of errors that pass, the last; any other at once, but for those of
                `google.api_core.exceptions`, which are raised as they are.
        """
        from google.api_core import exceptions
        from google.api_core.retry import Retry

        retrying = Retry(
            predicate=is_transient,
            initial=self.first,
            maximum=self.longest,
            multiplier=2.0,
            timeout=self.seconds,
            on_error=on_error,
        )
        try:
            return retrying(request)()
        except exceptions.RetryError as error:
            raise CloudError(f"Gave up after {self.seconds:.0f} s: {told(error.cause)}") from error
        except Exception as error:
            if isinstance(error, exceptions.GoogleAPICallError) or not _is_of_google(error):
                raise
            raise CloudError(told(error)) from error


#: What nobody asks for another of.
PATIENCE = Patience()


def is_transient(error: Exception) -> bool:
    """Whether the same request may succeed later: connection lost, 429, 500, 502, 503, 504."""
    import requests.exceptions
    from google.api_core import exceptions
    from google.auth import exceptions as auth_exceptions
    from google.protobuf import json_format

    if isinstance(error, auth_exceptions.TransportError):
        return True
    if isinstance(error, requests.exceptions.SSLError | requests.exceptions.InvalidURL):
        return False
    return isinstance(
        error,
        exceptions.TooManyRequests
        | exceptions.InternalServerError
        | exceptions.BadGateway
        | exceptions.ServiceUnavailable
        | exceptions.GatewayTimeout
        | requests.exceptions.ConnectionError
        | requests.exceptions.Timeout
        | requests.exceptions.ChunkedEncodingError
        | json_format.ParseError,  # an answer that was cut off
    )


def told(error: BaseException | None) -> str:
    """What an error of Google's packages says, without the address that was asked."""
    response = getattr(error, "response", None)
    try:
        answer = response.json()["error"]  # type: ignore[union-attr]
        return f"{answer['message']} ({answer.get('status') or answer.get('code')})"
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return " ".join(str(getattr(error, "message", None) or error).split()) or type(error).__name__


def endpoint(variable: str) -> str | None:
    """The address that an environment variable gives for a stand-in, without a slash at the end.

    Raises:
        CloudError: it is no address of HTTP.
    """
    address = os.environ.get(variable, "").rstrip("/")
    if address and not address.startswith(("http://", "https://")):
        raise CloudError(f"{variable} takes http://HOST:PORT, not {address!r}.")
    return address or None


def credentials(stand_in: str | None) -> Any:
    """Whose requests these are: nobody's to a stand-in, else the caller's own.

    Raises:
        CloudError: there are no credentials.
    """
    import google.auth
    from google.auth import credentials as kinds
    from google.auth import exceptions

    if stand_in:
        return kinds.AnonymousCredentials()
    try:
        return google.auth.default(scopes=SCOPES)[0]
    except exceptions.GoogleAuthError as error:
        raise CloudError(
            "There are no credentials for Google: gcloud auth application-default login makes "
            "them, or GOOGLE_APPLICATION_CREDENTIALS names a file."
        ) from error


def waits() -> Iterator[float]:
    """Seconds between two looks at a job: short at first, a twentieth of what has passed later."""
    passed = 0.0
    while True:
        wait = min(max(PATIENCE.first, passed / 20), _LONGEST_WAIT)
        passed += wait
        yield wait


def _is_of_google(error: Exception) -> bool:
    import requests.exceptions
    from google.auth import exceptions as auth_exceptions

    return isinstance(error, auth_exceptions.GoogleAuthError | requests.exceptions.RequestException)
