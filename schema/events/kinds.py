"""What listeners do and are shown: the fields of each type of event.

Each type is a model, from which the columns of landed Parquet, the JSON Schema and the tables of
the documentation are made. Its docstring and those of its fields say what they mean.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal, get_args

import pydantic
import pydantic_core
from pydantic import Field

from schema import pseudonyms
from schema.track_uris import ARTIST_PATTERN, PLAYLIST_PATTERN, TRACK_PATTERN

#: Of what is written now. A higher minor version adds optional fields, and is read; a higher major
#: version is refused.
MAJOR, MINOR = 1, 0
SCHEMA_VERSION: Final = f"{MAJOR}.{MINOR}"

#: 2000-01-01 in microseconds since 1970: whoever claims to have listened before has a clock that
#: stands still.
EARLIEST: Final = 946_684_800_000_000
_LATEST: Final = 253_402_300_799_999_999  # the end of the year 9999
_DAY_MS: Final = 86_400_000

ListenerId = Annotated[str, Field(max_length=32, pattern=pseudonyms.PATTERN)]
TrackUri = Annotated[str, Field(max_length=36, pattern=TRACK_PATTERN)]
ArtistUri = Annotated[str, Field(max_length=37, pattern=ARTIST_PATTERN)]
PlaylistUri = Annotated[str, Field(max_length=39, pattern=PLAYLIST_PATTERN)]
Name = Annotated[str, Field(max_length=64, pattern="^[0-9A-Za-z_.:/-]+$")]
Milliseconds = Annotated[int, Field(ge=0, le=_DAY_MS)]


def _require_type(schema: dict[str, Any]) -> None:
    schema["required"] = ["type", *schema["required"]]


class Event(pydantic.BaseModel):
    """What every event says.

    Types are taken literally: no text for a number, no fraction for a whole one. Unknown fields
    are ignored, since a newer writer may add some.
    """

    model_config = pydantic.ConfigDict(
        strict=True,
        extra="ignore",
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        json_schema_extra=_require_type,
    )
    #: Of what type the event is; each model narrows it.
    TYPE: ClassVar[str]

    type: str
    """What tells the types apart."""
    schema_version: Annotated[str, Field(max_length=16, pattern=r"^[1-9][0-9]*\.[0-9]+$")]
    """MAJOR.MINOR of the contract that the writer kept."""
    idempotency_key: Annotated[str, Field(max_length=64, pattern="^[0-9A-Za-z_.:-]{8,64}$")]
    """The same for every copy of the event, and no other event's: 8 to 64 letters, digits and
    `_.:-`, such as a UUID."""
    event_time: Annotated[int, Field(ge=EARLIEST, le=_LATEST)]
    """When it happened by the listener's clock: microseconds since 1970 in UTC."""
    listener_id: ListenerId
    """The listener's pseudonym: 32 hexadecimal digits of an HMAC. Never an account's own name."""
    session_id: Name | None = None
    """Of the visit in which it happened."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Reads the name of the type from its annotation."""
        super().__pydantic_init_subclass__(**kwargs)
        (cls.TYPE,) = get_args(cls.model_fields["type"].annotation)


class Stream(Event):
    """A track was played, and the player moved on by itself or was stopped."""

    type: Literal["stream"] = "stream"
    """What tells the types apart."""
    track_uri: TrackUri
    """Of the track."""
    ms_played: Milliseconds
    """For how long it was heard."""
    track_ms: Annotated[int, Field(ge=1, le=_DAY_MS)]
    """How long the track is."""
    source: Name
    """Where it was started: `playlist`, `album`, `artist`, `library`, `search`, `recommendation`;
    readers take other names too."""
    request_id: Name | None = None
    """Of the recommendation that it was started from."""


class Skip(Event):
    """A listener broke a track off for the next one."""

    type: Literal["skip"] = "skip"
    """What tells the types apart."""
    track_uri: TrackUri
    """Of the track."""
    ms_played: Milliseconds
    """For how long it was heard."""
    track_ms: Annotated[int, Field(ge=1, le=_DAY_MS)]
    """How long the track is."""
    source: Name
    """Where it was started, as in a stream."""
    request_id: Name | None = None
    """Of the recommendation that it was started from."""


class Save(Event):
    """A track was added to the listener's library."""

    type: Literal["save"] = "save"
    """What tells the types apart."""
    track_uri: TrackUri
    """Of the track."""
    source: Name
    """Where it was seen, as in a stream."""
    request_id: Name | None = None
    """Of the recommendation that showed it."""


class PlaylistAdd(Event):
    """A track was added to a playlist."""

    type: Literal["playlist_add"] = "playlist_add"
    """What tells the types apart."""
    track_uri: TrackUri
    """Of the track."""
    playlist_uri: PlaylistUri
    """Of the playlist."""
    request_id: Name | None = None
    """Of the recommendation that showed the track."""


class Follow(Event):
    """A listener began to follow another listener or an artist: one of the two is named."""

    type: Literal["follow"] = "follow"
    """What tells the types apart."""
    followed_listener: ListenerId | None = None
    """The pseudonym of the listener who is followed."""
    followed_artist: ArtistUri | None = None
    """The artist who is followed."""

    @pydantic.model_validator(mode="after")
    def _names_one(self) -> Follow:
        if (self.followed_listener is None) == (self.followed_artist is None):
            raise pydantic_core.PydanticCustomError(
                "missing", "exactly one of followed_listener and followed_artist is given"
            )
        return self


class Impression(Event):
    """A recommended track was shown in a slot: one event a slot."""

    type: Literal["impression"] = "impression"
    """What tells the types apart."""
    session_id: Name
    """Of the visit in which it was shown."""
    track_uri: TrackUri
    """Of the track that was shown."""
    request_id: Name
    """Of the request that the list answers; all of its slots share it."""
    surface: Name
    """Where it was shown, such as `home`."""
    position: Annotated[int, Field(ge=0, le=9_999)]
    """Of the slot in the list, from 0 at the top."""
    model_version: Name
    """That made the list, such as a version of `segue`."""
    candidate_set: Name
    """Of what the list was chosen from."""
    propensity: Annotated[float, Field(gt=0, le=1)]
    """The chance with which this slot was to show this track, given the candidate set."""
    experiment: Name | None = None
    """That decided which model answers; null outside of experiments."""
    arm: Name | None = None
    """Of the experiment; null outside of experiments."""


class AnyEvent(
    pydantic.RootModel[
        Annotated[
            Stream | Skip | Save | PlaylistAdd | Follow | Impression, Field(discriminator="type")
        ]
    ]
):
    """An event of any type, named by `type`."""


#: The model of each type.
KINDS: Final[dict[str, type[Event]]] = {
    kind.TYPE: kind for kind in (Stream, Skip, Save, PlaylistAdd, Follow, Impression)
}
#: Fields that hold a listener's pseudonym: what is erased with the listener.
LISTENER_FIELDS: Final = ("listener_id", "followed_listener")
