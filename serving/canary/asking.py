"""Asks the versions behind two labels the same, one after the other."""

from __future__ import annotations

import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import grpc

from schema.signatures import MAX_RECOMMENDATIONS
from serving.canary.decision import Pair, Reply
from serving.client import ConnectionOptions, RecommenderClient
from serving.protocol import BadAnswerError, Playlist, ServingError, messages

#: Of an answer, the tracks that overlap is counted in.
_TOP: Final = 100
#: Characters of an error that are kept: it may quote a request.
_LONGEST: Final = 200


class Answer(NamedTuple):
    """A reply, with the tracks that came and the version that gave them (None where none did)."""

    reply: Reply
    tracks: tuple[str, ...] = ()
    version: int | None = None


class MovedError(RuntimeError):
    """A label is answered by a version that the release record does not name."""


class Asker:
    """Asks the version behind a label.

    Args:
        target: HOST:PORT of the server.
        label: the label.
        version: what it names by the release record.
        model: name of the model.
        options: how to talk; each request is tried once.
        clock: seconds.
    """

    def __init__(
        self,
        target: str,
        label: str,
        version: int,
        *,
        model: str,
        options: ConnectionOptions,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.label = label
        self.version = version
        self.client = RecommenderClient(
            target, model=model, label=label, options=dataclasses.replace(options, attempts=1)
        )
        self._spec = messages.model_spec(model, label=label)
        self._clock = clock

    def ask(self, playlist: Playlist) -> Answer:
        """Asks for one continuation and looks at all of the answer.

        Raises:
            MovedError: another version answered.
        """
        request = messages.playlists_request(self._spec, [playlist])
        started = self._clock()
        try:
            response = self.client.predict(request)
        except ServingError as error:
            late = error.code is grpc.StatusCode.DEADLINE_EXCEEDED
            milliseconds = 1000 * (self._clock() - started) if late else None
            return Answer(Reply(str(error)[:_LONGEST], milliseconds=milliseconds))
        milliseconds = 1000 * (self._clock() - started)
        version = response.model_spec.version.value
        if version != self.version:
            raise MovedError(
                f"the label {self.label} is answered by version {version}, and the release record "
                f"names version {self.version}"
            )
        try:
            row = messages.read_recommendations(response, 1, MAX_RECOMMENDATIONS)[0]
        except BadAnswerError as error:
            return Answer(Reply(f"bad answer: {error}", False, milliseconds), (), version)
        fault = _fault(row, playlist)
        tracks = tuple(uri for uri, _ in row[:_TOP])
        return Answer(Reply(fault, not fault and not row, milliseconds), tracks, version)

    def close(self) -> None:
        """Closes the connection."""
        self.client.close()


def pair(stable: Answer, canary: Answer) -> Pair:
    """Sets two answers to the same playlist side by side."""
    overlap = None
    if stable.tracks and canary.tracks:
        shared = len({*stable.tracks} & {*canary.tracks})
        overlap = shared / max(len(stable.tracks), len(canary.tracks))
    return Pair(stable.reply, canary.reply, overlap)


def _fault(row: Sequence[tuple[str, float]], playlist: Playlist) -> str:
    """What contract C3 forbids of an answer's tracks and scores, "" where nothing is wrong."""
    uris, scores = [uri for uri, _ in row], [score for _, score in row]
    if any(math.isnan(score) for score in scores):
        return "bad answer: a score that is no number"
    if any(later > earlier for earlier, later in itertools.pairwise(scores)):
        return "bad answer: scores that rise"
    if len(set(uris)) < len(uris):
        return "bad answer: a track twice"
    if not set(playlist.track_uris).isdisjoint(uris):
        return "bad answer: a track of the playlist itself"
    return ""
