"""What the gateway is asked and what it answers, whichever way the request came."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import pydantic

from schema.events import ListenerId, TrackUri

Served = Literal["model", "other_version", "published", "popular"]

_Name = Annotated[str, pydantic.Field(pattern="^[0-9A-Za-z_.:/-]{1,64}$", max_length=64)]


class Request(pydantic.BaseModel):
    """Who wants recommendations, and where."""

    model_config = pydantic.ConfigDict(
        strict=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    listener_id: ListenerId
    surface: _Name
    recent_tracks: Annotated[list[TrackUri], pydantic.Field(max_length=300)] = []
    n: Annotated[int, pydantic.Field(ge=1, le=500)] | None = None
    session_id: _Name | None = None
    explicit: bool = True
    market: Annotated[str, pydantic.Field(pattern="^[A-Z]{2}$", max_length=2)] | None = None


class BadRequestError(ValueError):
    """A request that cannot be answered; the message names the field, and never a listener."""


class TooManyError(RuntimeError):
    """More requests than are allowed, of one client or of all."""


@dataclasses.dataclass(frozen=True)
class Fallback:
    """Something that would have answered, and why it did not.

    Attributes:
        tried: the store, a model, or another source of answers.
        reason: one of REASONS.
    """

    tried: str
    reason: str


#: Why something did not answer.
REASONS = {
    "deadline": "it took too long",
    "unavailable": "nobody answers there",
    "version_gone": "the version, label or alias is not served",
    "refused": "it answered with an error",
    "bad_answer": "its answer is none of a model of Segue's",
    "left_alone": "it failed before, and is left alone for a while",
    "nothing_known": "the store did not answer, and no recent track was told",
    "nothing_left": "it had no track that the surface's policy allows",
    "failed": "an error of the gateway's own",
}


@dataclasses.dataclass(frozen=True)
class Slot:
    """A track in an answer.

    Attributes:
        track_uri: the track.
        track_name: its title, "" where the table of tracks has it not.
        artist_name: its artist.
        shelf: the title of the shelf that it stands on.
        reason: why it is there.
        propensity: the chance with which this slot was to show this track.
    """

    track_uri: str
    track_name: str
    artist_name: str
    shelf: str
    reason: str
    propensity: float


@dataclasses.dataclass(frozen=True)
class Answer:
    """Recommendations.

    Attributes:
        request_id: of this answer; its exposures have it.
        surface: that was asked for.
        segment: of the listener.
        experiment: that the listener is in, None outside of experiments.
        arm: of the experiment.
        served_by: where the tracks come from.
        model_version: that made the list: NAME/VERSION of a model, what a published list says,
            or "popular".
        candidate_set: a hash of what the slots were drawn from.
        fallbacks: what would have answered before, in order.
        tracks: best first.
    """

    request_id: str
    surface: str
    segment: str
    experiment: str | None
    arm: str | None
    served_by: Served
    model_version: str
    candidate_set: str
    fallbacks: Sequence[Fallback]
    tracks: Sequence[Slot]

    def as_json(self) -> dict[str, Any]:
        """The answer as the gateway sends it."""
        return {
            "request_id": self.request_id,
            "surface": self.surface,
            "segment": self.segment,
            "experiment": self.experiment,
            "arm": self.arm,
            "served_by": self.served_by,
            "model_version": self.model_version,
            "candidate_set": self.candidate_set,
            "fallbacks": [{"from": each.tried, "reason": each.reason} for each in self.fallbacks],
            "tracks": [
                {
                    "track_uri": slot.track_uri,
                    "track_name": slot.track_name,
                    "artist_name": slot.artist_name,
                    "shelf": slot.shelf,
                    "reason": slot.reason,
                    "propensity": slot.propensity,
                }
                for slot in self.tracks
            ],
        }


def parsed(content: bytes) -> Request:
    """Reads a request in JSON.

    Raises:
        BadRequestError: it is none.
    """
    try:
        return Request.model_validate_json(content)
    except pydantic.ValidationError as error:
        raise BadRequestError(told(error)) from None


def told(error: pydantic.ValidationError) -> str:
    """The first thing that is wrong, without what was sent."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        # The name is the sender's own, and may be anything.
        return f"there is a field too many; there are {', '.join(Request.model_fields)}"
    return f"{where}: {first['msg']}" if where else str(first["msg"]).partition(" at line")[0]
