"""Fills the catalogue: from the model's files where it can read them, else from its answers."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator

import tensorflow as tf

from demo.backend import Backend, Track
from demo.catalogue import Catalogue
from schema.signatures import MAX_RECOMMENDATIONS
from serving.protocol import BadAnswerError, ServingError, version_files

_LOG = logging.getLogger(__name__)

#: Track URIs of an exported model, a line each, the most frequent first.
_VOCABULARY = os.path.join("assets", "tracks.txt")
_AT_ONCE = 2000
_RETRY_SECONDS = 2.0


class CatalogueFiller:
    """Fills a catalogue in a thread, while the page is already in use.

    Args:
        catalogue: what to fill.
        backend: answers with titles and artists.
        model_base: directory of the versions that the server serves; None where it is elsewhere.
    """

    def __init__(self, catalogue: Catalogue, backend: Backend, model_base: str | None) -> None:
        self._catalogue = catalogue
        self._backend = backend
        self._model_base = model_base
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="catalogue", daemon=True)

    def start(self) -> None:
        """Starts to fill."""
        self._catalogue.filling = True
        self._thread.start()

    def stop(self) -> None:
        """Stops, full or not."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=15)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._fill()
                self._catalogue.filling = False
                return
            except (ServingError, BadAnswerError, OSError, tf.errors.OpError) as error:
                _LOG.info("The catalogue cannot be filled yet: %s", error)
            self._stopping.wait(_RETRY_SECONDS)

    def _fill(self) -> None:
        vocabulary = find_vocabulary(self._model_base) if self._model_base else None
        if vocabulary is None:
            # Without the files, popular tracks are a start; answers to come add to them.
            answer = self._backend.continue_playlist("", (), version=None, top=MAX_RECOMMENDATIONS)
            self._catalogue.add(
                Track(found.track_uri, found.track_name, found.artist_name)
                for found in answer.recommendations
            )
            return
        for uris in _batches(vocabulary):
            if self._stopping.is_set():
                return
            self._catalogue.add(self._backend.describe(uris))
        self._catalogue.complete = True


def find_vocabulary(model_base: str) -> str | None:
    """Finds the list of track URIs in the newest version that has one.

    Returns:
        Its path, or None where no version under the base path has one.

    Raises:
        ServingError: the base path cannot be listed.
    """
    version = version_files.newest_with(model_base, _VOCABULARY)
    return None if version is None else os.path.join(version, _VOCABULARY)


def _batches(path: str) -> Iterator[list[str]]:
    batch: list[str] = []
    with tf.io.gfile.GFile(path, "rb") as file:
        for line in file:
            batch.append(line.rstrip(b"\n").decode("utf-8", "replace"))
            if len(batch) == _AT_ONCE:
                yield batch
                batch = []
    if batch:
        yield batch
