"""What a registry of models holds: versions, where they came from, and the moves of aliases.

A version is known by its serving version, the number of its directory at the destination of
pushes, which is what TF Serving calls it. A registry may count its versions in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from pydantic import Field

from schema.documents import Document, Part, Value
from schema.features import SEGMENT_NAME
from schema.layout import MODEL_NAME

#: The version that is to be served to everybody.
CHAMPION: Final = "champion"
#: The version that is to be tried against it.
CHALLENGER: Final = "challenger"
Alias = Literal["champion", "challenger"]
ALIASES: Final[tuple[Alias, ...]] = (CHAMPION, CHALLENGER)


def model_name(segment: str | None = None) -> str:
    """The name of the registered model of a segment of listeners, or of all of them.

    Raises:
        ValueError: a segment cannot be named so.
    """
    if segment is None:
        return MODEL_NAME
    if not re.fullmatch(SEGMENT_NAME, segment):
        raise ValueError(
            f"{segment!r} names no segment: a lower-case letter, then up to 63 lower-case letters, "
            "digits and underscores"
        )
    return f"{MODEL_NAME}-{segment}"


class Lineage(Part):
    """Where a version came from; "" is what is not known."""

    run: str = ""
    """Of ML Metadata, or of Vertex AI."""
    pusher_execution: str = ""
    """The execution of Pusher that put it at its destination."""
    data_fingerprint: str = ""
    """Of the records that it was trained on: equal for equal data."""
    span: str = ""
    """The span of the data, or the first and the last one, as "3-9"."""
    split: str = ""
    """The hash buckets of train, eval and test, as JSON."""
    code: str = ""
    """Hash of the code that trained it."""
    commit: str = ""
    configuration: str = ""
    """Hash of the run's configuration, as `segue lineage` shows it."""
    gate: str = ""
    """"blessed", or why it was not."""
    features_as_of: str = ""
    """The latest time before which all that is in its side tables happened."""
    segment: str = ""
    """The segment of listeners that it is for; "" is everybody."""

    def tags(self) -> dict[str, str]:
        """What is known of it, by the name that a registry's tag has."""
        values = self.model_dump()
        return {tag: values[field] for field, tag in TAGS.items() if values[field]}

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Lineage:
        """Reads it from a registry's tags, among which there may be others."""
        return cls(**{field: tags[tag] for field, tag in TAGS.items() if tag in tags})


#: The tag of each field of `Lineage`.
TAGS: Final[Mapping[str, str]] = {
    "run": "tfx.run_id",
    "pusher_execution": "tfx.pusher_execution",
    "data_fingerprint": "data.fingerprint",
    "span": "data.span",
    "split": "data.split",
    "code": "code.hash",
    "commit": "git.sha",
    "configuration": "config.hash",
    "gate": "gate",
    "features_as_of": "feature.as_of",
    "segment": "segment",
}
#: The tag of a version's number at its destination.
SERVING_VERSION_TAG: Final = "serving.version"
#: The tag of what a version's files hold, as in `Registration.content`.
CONTENT_TAG: Final = "model.content"


class Registration(Document):
    """What a registry is told of a version. As JSON it waits for a registry that is down."""

    model: str = MODEL_NAME
    """The registered model, as of `model_name`."""
    serving_version: int = 0
    """Of its directory at the destination."""
    saved_model: str = ""
    """The directory, local or remote."""
    content: str = ""
    """Digest of what the directory holds: equal for each copy of a model, and for no other."""
    family: str = ""
    catalogue_size: int | None = None
    """How many tracks can be recommended."""
    signatures: list[str] = Field(default_factory=list)
    """Those of contract C3 that it has."""
    metrics: dict[str, Value] = Field(default_factory=dict)
    """The candidate's means over the playlists or listeners that decided, by metric."""
    metrics_file: str = ""
    """metrics.json of the run, "" where there is none."""
    page: str = ""
    """index.html of the run's report, "" where there is none."""
    lineage: Lineage = Lineage()


class RegisteredVersion(Registration):
    """A version as a registry has it; `metrics_file` and `page` are the registry's own copies."""

    number: int = 0
    """The registry's own count; it may equal the serving version."""
    registered_at: str = ""
    """In ISO 8601 and UTC."""
    registered_by: str = ""
    """A user and a host."""
    aliases: list[str] = Field(default_factory=list)
    """Those that are on it, sorted."""


class Move(Part):
    """An alias that was put on a version."""

    alias: str = ""
    former: int | None = None
    """The serving version that it was on; null where it was on none."""
    version: int = 0
    """The serving version that it is on from then."""
    at: str = ""
    """In ISO 8601 and UTC."""
    by: str = ""
    """A user and a host."""
    action: Literal["register", "promote", "rollback"] = "promote"
    reason: str = ""
