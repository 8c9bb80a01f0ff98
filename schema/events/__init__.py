"""Events: what listeners do and are shown, on the wire and landed.

Changes are compatible: a newer minor version adds optional fields, which older readers ignore; a
field never changes its meaning or type, and what is required today stays so. Parquet that lacks a
column is read as null there (`schema.tables.conform`).
"""

from schema.events.kinds import (
    EARLIEST,
    KINDS,
    LISTENER_FIELDS,
    SCHEMA_VERSION,
    AnyEvent,
    Event,
    Follow,
    Impression,
    ListenerId,
    PlaylistAdd,
    Save,
    Skip,
    Stream,
    TrackUri,
)
from schema.events.landed import (
    DEAD_LETTERS,
    EVENTS,
    SOURCE_OFFSET,
    SOURCE_PARTITION,
    hour_of,
)
from schema.events.manifest import LandedFile, Manifest, manifests
from schema.events.places import (
    DEAD_LETTERS_FOLDER,
    EVENTS_FOLDER,
    EventPlaces,
    OffsetRange,
    hour_in,
)
from schema.events.refusal import REASONS, RefusedError
from schema.events.wire import MAX_AHEAD, MAX_BYTES, encode, parse

__all__ = [
    "DEAD_LETTERS",
    "DEAD_LETTERS_FOLDER",
    "EARLIEST",
    "EVENTS",
    "EVENTS_FOLDER",
    "KINDS",
    "LISTENER_FIELDS",
    "MAX_AHEAD",
    "MAX_BYTES",
    "REASONS",
    "SCHEMA_VERSION",
    "SOURCE_OFFSET",
    "SOURCE_PARTITION",
    "AnyEvent",
    "Event",
    "EventPlaces",
    "Follow",
    "Impression",
    "LandedFile",
    "ListenerId",
    "Manifest",
    "OffsetRange",
    "PlaylistAdd",
    "RefusedError",
    "Save",
    "Skip",
    "Stream",
    "TrackUri",
    "encode",
    "hour_in",
    "hour_of",
    "manifests",
    "parse",
]
