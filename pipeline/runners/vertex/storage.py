"""Texts in Cloud Storage: what a job reads at its start, and what it left behind."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import Any

from pipeline.runners.vertex import connection
from pipeline.runners.vertex.connection import REQUEST_SECONDS, CloudError, Patience


class TextStore:
    """Writes and reads texts at `gs://BUCKET/NAME`; it never makes a bucket.

    Args:
        project: id of the Google project that pays.
        patience: how long errors are waited for.
    """

    def __init__(self, project: str, patience: Patience | None = None) -> None:
        self._project = project
        self._patience = patience or connection.PATIENCE

    def write(self, texts: Mapping[str, str]) -> None:
        """Writes texts by their addresses; what is there already is replaced.

        Raises:
            CloudError: a bucket is missing, or may not be written to.
        """
        from google.api_core import exceptions

        for address, text in texts.items():
            blob = self._blob(address)
            try:
                # By itself the client would try again for its own time, and no longer.
                self._patience.call(
                    functools.partial(
                        blob.upload_from_string,
                        text,
                        content_type="application/json" if address.endswith(".json") else None,
                        timeout=REQUEST_SECONDS,
                        retry=None,
                    )
                )
            except exceptions.NotFound as error:
                raise CloudError(
                    f"There is no bucket {blob.bucket.name}, for {address}."
                ) from error
            except exceptions.GoogleAPICallError as error:
                raise CloudError(f"Cannot write {address}: {connection.told(error)}") from error

    def read(self, address: str) -> str | None:
        """A text, None where there is none.

        Raises:
            CloudError: it cannot be read.
        """
        from google.api_core import exceptions

        blob = self._blob(address)
        read = functools.partial(blob.download_as_bytes, timeout=REQUEST_SECONDS, retry=None)
        try:
            return self._patience.call(read).decode("utf-8", "replace")
        except exceptions.NotFound:
            return None
        except exceptions.GoogleAPICallError as error:
            raise CloudError(f"Cannot read {address}: {connection.told(error)}") from error

    def _blob(self, address: str) -> Any:
        bucket, _, name = address.removeprefix("gs://").partition("/")
        if not address.startswith("gs://") or not bucket or not name:
            raise CloudError(f"{address!r} is no gs://BUCKET/NAME.")
        return self._client.bucket(bucket).blob(name)

    @functools.cached_property
    def _client(self) -> Any:
        import google.cloud.storage

        # The client itself looks for an emulator under this name.
        stand_in = os.environ.get(connection.STORAGE_ENDPOINT)
        if connection.endpoint(connection.VERTEX_ENDPOINT) and not stand_in:
            raise CloudError(
                f"{connection.VERTEX_ENDPOINT} stands in for Vertex: {connection.STORAGE_ENDPOINT} "
                "has to name a stand-in for Cloud Storage too."
            )
        return google.cloud.storage.Client(
            project=self._project, credentials=connection.credentials(stand_in)
        )
