"""Asks Google's REST APIs, of which most have no client among our packages."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Mapping
from typing import Any, Final

from pipeline.runners.vertex import connection
from pipeline.runners.vertex.connection import CloudError, Patience

_SECONDS: Final = 20.0
#: Seconds for which an answer is waited for; without it, a check says that it could not look.
_LONGEST: Final = 15.0


class AbsentError(CloudError):
    """What was asked for is not there."""


class UnreachableError(RuntimeError):
    """Google cannot be reached at all, so that further questions are in vain.

    It is no CloudError: a check that tells why one answer is missing lets it pass.
    """


class GoogleApis:
    """Asks as the caller; stand-ins, whose address the environment gives, are asked as nobody.

    Args:
        patience: how long errors that pass are waited for.

    Raises:
        CloudError: of every question: the caller may not ask, or the API is off.
        AbsentError: what was asked for is not there.
        UnreachableError: Google cannot be reached, now or at an earlier question.
    """

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or dataclasses.replace(
            connection.PATIENCE, seconds=min(connection.PATIENCE.seconds, _LONGEST)
        )
        self._unreachable: UnreachableError | None = None
        self._answers: dict[str, dict[str, Any]] = {}

    @property
    def left_out(self) -> str | None:
        """Why nothing but storage can be asked, None where all can."""
        vertex = connection.endpoint(connection.VERTEX_ENDPOINT)
        if vertex and not connection.endpoint(connection.GOOGLE_ENDPOINT):
            return (
                f"{connection.VERTEX_ENDPOINT} stands in for Vertex, and "
                f"{connection.GOOGLE_ENDPOINT} names no stand-in for the other APIs"
            )
        return None

    def member(self) -> str:
        """The caller, as policies name people and service accounts; asks for a token.

        Raises:
            CloudError: there are no credentials, or they are not valid any more.
        """
        from google.auth import credentials as kinds
        from google.auth import exceptions
        from google.auth.transport.requests import Request

        try:
            if not isinstance(self._credentials, kinds.AnonymousCredentials):
                self._credentials.refresh(Request())
        except exceptions.TransportError as error:
            raise UnreachableError(connection.told(error)) from error
        except exceptions.GoogleAuthError as error:
            raise CloudError(f"the credentials are not valid: {connection.told(error)}") from error
        account = getattr(self._credentials, "service_account_email", None)
        return f"serviceAccount:{account}" if account else "user:$(gcloud config get account)"

    def get(self, service: str, path: str, **query: Any) -> dict[str, Any]:
        """Reads a resource; what was answered once is not asked again.

        Args:
            service: such as "iam", of googleapis.com.
            path: below it.
            **query: parameters; lists are repeated.
        """
        return self._answer("GET", service, path, query, None)

    def post(self, service: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Calls a method of a resource that changes nothing, once as well."""
        return self._answer("POST", service, path, {}, body)

    def _answer(self, *question: Any) -> dict[str, Any]:
        key = json.dumps(question, sort_keys=True)
        if key not in self._answers:
            self._answers[key] = self._ask(*question)
        return self._answers[key]

    def _ask(
        self,
        method: str,
        service: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        import requests
        from google.api_core import exceptions

        if self._unreachable is not None:
            raise self._unreachable
        address = f"{self._base(service)}/{path}"

        def once() -> dict[str, Any]:
            answer = self._session.request(
                method, address, params=query, json=body, timeout=_SECONDS
            )
            if not answer.ok:
                raise exceptions.from_http_response(answer)
            return answer.json()

        try:
            return self._patience.call(once)
        except exceptions.NotFound as error:
            raise AbsentError(connection.told(error)) from error
        except exceptions.GoogleAPICallError as error:
            raise CloudError(connection.told(error)) from error
        except CloudError as error:
            cause = getattr(error.__cause__, "cause", error.__cause__)
            if not isinstance(cause, requests.exceptions.ConnectionError):
                raise
            host = address.split("/")[2]
            self._unreachable = UnreachableError(f"{host} cannot be reached: {cause}"[:300])
            raise self._unreachable from error
        except ValueError as error:
            raise CloudError(f"{service} answers what is no JSON") from error

    def _base(self, service: str) -> str:
        if service == "storage" and (emulator := connection.endpoint(connection.STORAGE_ENDPOINT)):
            return emulator
        stand_in = connection.endpoint(connection.GOOGLE_ENDPOINT)
        if not stand_in and self.left_out:
            raise CloudError(self.left_out)
        return stand_in or f"https://{service}.googleapis.com"

    @functools.cached_property
    def _credentials(self) -> Any:
        stand_in = connection.endpoint(connection.GOOGLE_ENDPOINT)
        return connection.credentials(stand_in or connection.endpoint(connection.VERTEX_ENDPOINT))

    @functools.cached_property
    def _session(self) -> Any:
        from google.auth.transport.requests import AuthorizedSession

        # It would try refused connections again on its own.
        return AuthorizedSession(self._credentials, max_refresh_attempts=1)
