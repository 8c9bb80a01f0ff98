"""details.json: what the report shows of a run beside its figures."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from schema.documents.base import Document, Part, Value
from schema.documents.metrics import Check, EvaluatorSlice


class RunInfo(Part):
    """What was run, where and when."""

    started: str = ""
    """ISO 8601."""
    seconds: Value = None
    candidate: str = ""
    baselines: list[str] = Field(default_factory=list)
    served: str | None = None
    """The family that was served before the push, "unknown" without a card; null where none was."""
    config: dict[str, Any] = Field(default_factory=dict)
    machine: dict[str, Any] = Field(default_factory=dict)
    versions: dict[str, Any] = Field(default_factory=dict)


class FeatureRow(Part):
    """A feature of the train split."""

    name: str = ""
    type: str = ""
    """"INT", "FLOAT", "BYTES" or "OTHER"."""
    present_share: Value = None
    """The share of playlists that have it."""
    unique: int | None = None
    """Distinct values of a text."""
    mean: Value = None
    """Of a number."""
    top: list[str] | None = None
    """The most frequent values of a text; null where they are private."""


class Anomaly(Part):
    """What validation found in the data."""

    split: str = ""
    feature: str = ""
    severity: str = ""
    description: str = ""


class Drift(Part):
    """How far a feature of one span is from the span before it."""

    compared: str = ""
    """Such as "span 1 to span 2"."""
    feature: str = ""
    measure: str = ""
    """"L-infinity" or "Jensen-Shannon"."""
    value: Value = None
    threshold: Value = None
    """Beyond which it is an anomaly."""


class Lengths(Part):
    """A histogram of the lengths of held-out playlists: N + 1 edges around N counts."""

    edges: list[float] = Field(default_factory=list)
    counts: list[int] = Field(default_factory=list)


class DataDetails(Part):
    """The data in numbers."""

    features: list[FeatureRow] = Field(default_factory=list)
    anomalies: list[Anomaly] | None = None
    """Null where none were looked for."""
    drift: list[Drift] = Field(default_factory=list)
    """Between spans, of the features whose drift the schema limits; empty where a run read one."""
    lengths: Lengths | None = None
    vocabularies: dict[str, int] = Field(default_factory=dict)
    """Sizes by name."""


class TrainingCurve(Part):
    """How one model was trained."""

    history: list[dict[str, int | Value]] = Field(default_factory=list)
    """A row of numbers a step: one of step, epoch, iteration or seconds, and what it follows."""
    params: dict[str, Any] = Field(default_factory=dict)
    fit_seconds: Value = None


class Trial(Part):
    """A trial of a search for parameters."""

    trial: int | None = None
    """Its number; 0 is what was configured."""
    ndcg: Value = None
    values: dict[str, Any] = Field(default_factory=dict)
    """By parameter."""


class Gate(Part):
    """The gate's settings, as configured, and what became of its conditions."""

    model_config = ConfigDict(extra="allow")

    metric: str = ""
    """The metric that decides."""
    checks: list[Check] = Field(default_factory=list)


class Song(Part):
    """A track by its names."""

    track: str = ""
    artist: str = ""


class RecommendedSong(Song):
    """A recommended track; `hit` says whether it had been withheld."""

    score: Value = None
    hit: bool = False


class Example(Part):
    """A held-out playlist and the head of its recommendations."""

    title: str = ""
    scenario: str = ""
    seeds: list[Song] = Field(default_factory=list)
    recommended: list[RecommendedSong] = Field(default_factory=list)
    withheld: int | None = None
    """How many tracks were withheld."""


class RunDetails(Document):
    """details.json."""

    run: RunInfo = RunInfo()
    data: DataDetails = DataDetails()
    training: dict[str, TrainingCurve] = Field(default_factory=dict)
    """By model."""
    tuning: dict[str, list[Trial]] = Field(default_factory=dict)
    """By model, best first."""
    gate: Gate = Gate()
    examples: list[Example] = Field(default_factory=list)
    evaluator: list[EvaluatorSlice] = Field(default_factory=list)
    """The candidate on all playlists and on each slice."""
