"""What models know of the table of tracks: which ones they were trained on, and their vectors.

Reasons and shelves of similar tracks need it. It is asked for in the background, once a version;
until then a model is taken to know all tracks, and to have no vectors.
"""

from __future__ import annotations

import logging
from typing import Final

import numpy as np

from gateway.asking import ModelError, Models, Ranked
from listening.recommending import Tracks
from schema.signatures import TRACK_VECTORS, VECTORS
from serving.protocol import BadAnswerError, messages

_log = logging.getLogger(__name__)
_AT_ONCE: Final = 500  # tracks of a request
_SECONDS: Final = 30.0  # for one of them
_VERSIONS: Final = 8  # that are kept at hand
#: Tracks times numbers of vectors that are kept, 1 GiB.
_MOST_NUMBERS: Final = 2**28


class Knowledge:
    """Of the versions that answered lately; of one event loop.

    Args:
        models: answers for them.
    """

    def __init__(self, models: Models) -> None:
        self._models = models
        self._tracks: Tracks | None = None
        self._all = np.zeros(0, bool)
        self._found: dict[tuple[str, int], tuple[np.ndarray, np.ndarray | None]] = {}
        self._wanted: dict[tuple[str, int], None] = {}

    def of(self, answer: Ranked, tracks: Tracks) -> tuple[np.ndarray, np.ndarray | None]:
        """Which tracks a version knows, bool [n], and their vectors, float32 [n, d] or None.

        Args:
            answer: of the version, whose knowledge is asked for where it is not there yet.
            tracks: of the table.
        """
        self._start_over(tracks)
        key = answer.model, answer.version
        if (found := self._found.get(key)) is not None:
            return found
        self._wanted[key] = None
        return self._all, None

    def last(self, model: str, tracks: Tracks) -> np.ndarray:
        """Which tracks the version of a model knows that was heard of last: bool [n].

        Args:
            model: its name.
            tracks: of the table.
        """
        self._start_over(tracks)
        for name, version in reversed(self._found):
            if name == model:
                return self._found[name, version][0]
        return self._all

    async def learn(self) -> None:
        """Asks for what was wanted. What cannot be had is wanted again by the next answer."""
        wanted, self._wanted = list(self._wanted)[-_VERSIONS:], {}
        for key in wanted:
            tracks = self._tracks
            if tracks is None:
                return
            try:
                found = await self._asked(*key, tracks)
            except (ModelError, BadAnswerError) as error:
                _log.info("%s version %d does not say what it knows: %s", *key, error)
                continue
            if tracks is self._tracks:
                while len(self._found) >= _VERSIONS:
                    del self._found[next(iter(self._found))]
                self._found[key] = found

    def _start_over(self, tracks: Tracks) -> None:
        """Forgets what was known of another table."""
        if tracks is not self._tracks:
            self._tracks, self._all = tracks, np.ones(len(tracks), bool)
            self._found.clear()

    async def _asked(
        self, model: str, version: int, tracks: Tracks
    ) -> tuple[np.ndarray, np.ndarray | None]:
        known, parts = np.zeros(len(tracks), bool), []
        spec = messages.model_spec(model, version)
        has_vectors = True
        for start in range(0, len(tracks), _AT_ONCE):
            uris = tracks.uris.slice(start, _AT_ONCE).to_pylist()
            request = messages.names_request(spec, uris)
            facts = messages.read_facts(await self._models.predict(request, _SECONDS), len(uris))
            known[start : start + len(uris)] = [
                fact.known if fact.playlists is None else fact.playlists > 0 for fact in facts
            ]
            if not has_vectors:
                continue
            request.model_spec.signature_name = TRACK_VECTORS
            try:
                response = await self._models.predict(request, _SECONDS)
            except ModelError as error:
                if error.reason != "version_gone":
                    raise
                has_vectors = False  # it has no such signature
                continue
            part = messages.read_numbers(response, VECTORS, 2).astype(np.float32)
            if part.shape[1] * len(tracks) > _MOST_NUMBERS:
                has_vectors = False
            parts.append(part)
        if not has_vectors or not parts:
            return known, None
        vectors = np.concatenate(parts)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return known, vectors / np.where(lengths > 0, lengths, 1)
