"""Jobs of BigQuery that happen once, whoever asks for them how often.

A job's id says what it does. BigQuery keeps ids, and refuses one that it knows: whoever is refused
waits for the job that is there.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from google.api_core.exceptions import Conflict, GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery

_EMULATOR: Final = "BIGQUERY_EMULATOR_HOST"


class BigQueryError(OSError):
    """BigQuery refused what it was asked for, or cannot be reached."""


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Makes errors of Google's packages the caller's kind."""
    try:
        yield
    except (GoogleAPICallError, GoogleAuthError) as error:
        raise BigQueryError(f"BigQuery: {error}") from error


class Jobs:
    """Runs jobs in a project."""

    def __init__(self, project: str) -> None:
        """Connects, by the credentials of the environment; what stands in for BigQuery has none."""
        with told():
            credentials = AnonymousCredentials() if os.environ.get(_EMULATOR) else None
            self.client = bigquery.Client(project=project, credentials=credentials)

    def once(self, name: str, start: Callable[[str], Any]) -> None:
        """Runs a job unless it ran before.

        Args:
            name: of the job: the same for the same one.
            start: starts it under an id.

        Raises:
            BigQueryError: it failed. Done again, it is tried under another id.
        """
        attempt = 0
        while True:
            job_id = f"{name}-{attempt}"
            with told():
                try:
                    job = start(job_id)
                except Conflict:
                    if self._ended_well(job_id):
                        return
                    attempt += 1
                    continue
                job.result()
                return

    def query(self, sql: str, parameters: Sequence[Any] = (), job_id: str | None = None) -> Any:
        """Starts a query.

        Args:
            sql: with names of parameters, as @origin.
            parameters: of `bigquery`.
            job_id: its id; BigQuery makes one up where there is none.
        """
        config = bigquery.QueryJobConfig(query_parameters=list(parameters))
        return self.client.query(sql, job_config=config, job_id=job_id, job_retry=None)

    def _ended_well(self, job_id: str) -> bool:
        """Waits for a job of somebody else's, or of a try before."""
        try:
            self.client.get_job(job_id).result()
        except GoogleAPICallError:
            return False
        return True
