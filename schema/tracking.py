"""What is kept of a run of the pipeline, pushed or not, for people who compare runs."""

from __future__ import annotations

from pydantic import Field

from schema.documents import Document, Part, Value
from schema.layout import MODEL_NAME


class TrackedTrial(Part):
    """A trial of a search for a family's parameters."""

    name: str = ""
    """The family and the trial's number, as "als/3"."""
    parameters: dict[str, str] = Field(default_factory=dict)
    metrics: dict[str, Value] = Field(default_factory=dict)


class TrackedRun(Document):
    """A run. As JSON it waits for a registry that is down."""

    experiment: str = MODEL_NAME
    """The registered model that its versions are of."""
    key: str = ""
    """What tells it from all other runs, as of `key_of`."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """The configuration, by the names that `--set` takes."""
    metrics: dict[str, Value] = Field(default_factory=dict)
    """The figures of metrics.json: the candidate's by metric, all models' by MODEL/METRIC."""
    tags: dict[str, str] = Field(default_factory=dict)
    """Where it came from, and what the gate decided."""
    files: list[str] = Field(default_factory=list)
    """The report: the paths of its files, local or remote."""
    trials: list[TrackedTrial] = Field(default_factory=list)


def key_of(run: str, serving_version: int | None) -> str:
    """What tells a run from all others of its experiment.

    Args:
        run: of ML Metadata, or of Vertex AI; "" where nobody knows it.
        serving_version: what it pushed; None for nothing.
    """
    version = "" if serving_version is None else str(serving_version)
    return "/".join(part for part in (run, version) if part)
