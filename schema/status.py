"""What a command came to: with `--json`, the last line of its standard output.

A program that calls a command reads that line and branches by `status`. Each command has a model
here, and every line of a command has all of its fields: a command that failed leaves those at
their defaults and says why in `error`.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import Field, RootModel, model_validator

from schema.documents import Document, Estimate, PairedTest, Part, SharedPlaylists, Value, clean
from schema.registry import Move, RegisteredVersion
from schema.side_tables import SideTable

Ended = Literal["ok", "failed", "invalid"]


class CommandStatus(Document):
    """What all commands say."""

    command: str = ""
    """Without `segue`."""
    status: str = "failed"
    """"failed" is an exit code of 1, "invalid" one of 2: bad usage or a bad configuration."""
    error: str | None = None
    """Why it failed, null where it did not."""

    @model_validator(mode="before")
    @classmethod
    def _printable(cls, values: Any) -> Any:
        """Paths and messages may hold bytes that are not text."""
        return clean(values)

    def line(self) -> str:
        """The line, which any encoding of standard output can show."""
        return json.dumps(self.model_dump(mode="json"))


class SampleStatus(CommandStatus):
    """`segue sample`."""

    command: Literal["sample"] = "sample"
    status: Ended = "failed"
    output: str = ""
    playlists: int = 0
    slices: int = 0
    """Files of playlists that were written."""
    days: int = 0
    """For how many days listeners listen; 0 where there are none."""
    listeners: dict[str, int] = Field(default_factory=dict)
    """By kind."""
    tracks: int = 0
    """Of the table of tracks."""
    unheard: int = 0
    """Those of them that are in no playlist."""
    messages: int = 0
    """Lines of events: unique ones, copies and malformed ones."""
    unique: int = 0
    """Events."""
    types: dict[str, int] = Field(default_factory=dict)
    """Events by type."""
    late: int = 0
    """Events that arrive an hour after they happened, or later."""
    duplicates: int = 0
    """Lines that repeat an event."""
    malformed: dict[str, int] = Field(default_factory=dict)
    """Lines that are no events, by the reason for which they are refused."""


class SampleRespondStatus(CommandStatus):
    """`segue sample respond`."""

    command: Literal["sample respond"] = "sample respond"
    status: Ended = "failed"
    output: str = ""
    """The file of events."""
    truth: str = ""
    """The file with what was to be expected of each arm."""
    impressions: int = 0
    """That listeners of the world were shown."""
    strangers: int = 0
    """Impressions of listeners of another world, which were left out."""
    events: dict[str, int] = Field(default_factory=dict)
    """That were written, by type."""


class IngestStatus(CommandStatus):
    """`segue ingest`."""

    command: Literal["ingest"] = "ingest"
    status: Ended = "failed"
    output: str = ""
    unchanged: bool = False
    """Whether an earlier ingest had done it all."""
    playlists: int = 0
    tracks: int = 0
    rejects: dict[str, int] = Field(default_factory=dict)
    """Records that were set aside, by reason."""
    left_out: dict[str, int] = Field(default_factory=dict)
    """Entries of playlists that are no tracks (local files, episodes, those without URI), halves of
    characters in their texts, files of macOS, files beside the slices that are named otherwise,
    slices that `md5sums` lists but that are missing, and slices that a span has lost."""
    updated: int = 0
    """Playlists that were left out as a later span has them again."""
    deleted: int = 0
    """Playlists that were left out as the list of deletions names them."""
    spans: list[int] = Field(default_factory=list)
    """Those that were read; empty where the input has none."""
    notes: list[str] = Field(default_factory=list)
    """What is unusual about the spans."""


class RunStatus(CommandStatus):
    """`segue run`."""

    command: Literal["run"] = "run"
    status: Literal["blessed", "refused", "failed", "invalid"] = "failed"
    """Both a blessed and a refused candidate are a run that finished."""
    out: str = ""
    candidate: str = ""
    reasons: list[str] = Field(default_factory=list)
    """Of the blessing, those against it first."""
    pushed_version: str | None = None
    report: str | None = None
    """The page."""
    metrics: dict[str, Estimate] = Field(default_factory=dict)
    """The candidate's, over the playlists that decide."""


class RecommendedDay(Part):
    """The recommendations of a day."""

    day: str = ""
    """Such as 2017-11-14."""
    version: int = 0
    """Of the day; it rises when its lists change."""
    folder: str = ""
    """Where they lie: a side table, and who was set aside."""
    lists: int = 0
    """Rows: a list a listener and policy."""
    fingerprint: str = ""
    """SHA-256 of the table: equal for equal rows."""
    as_of: str = ""
    """Nothing that happened then or later is in them."""
    age_hours: Value = None
    """How long ago that was."""
    models: list[str] = Field(default_factory=list)
    """Versions of models that answered."""
    changed: bool = True
    """Whether it differs from what lay there before."""


class RecommendStatus(CommandStatus):
    """`segue recommend`: of a challenge set, or of listeners, where the fields from `read` on tell.

    `read` is always `written` and `set_aside` together.
    """

    command: Literal["recommend"] = "recommend"
    status: Ended = "failed"
    output: str = ""
    playlists: int = 0
    short: int = 0
    """Playlists that got fewer than 500 tracks, since the catalogue holds no more."""
    seeds: int = 0
    """Tracks of the challenge set's playlists."""
    seeds_known: int | None = None
    """Those of them that the model knows; null where it cannot say."""
    no_seed_known: int | None = None
    """Playlists whose tracks the model does not know, not one of them; null where it cannot say."""
    left_out: dict[str, int] = Field(default_factory=dict)
    """Entries of playlists that are no tracks (local files, episodes, those without URI), and
    halves of characters in their texts."""
    read: int = 0
    """Rows of the table of listeners."""
    written: int = 0
    """Listeners who got a list, one at least."""
    set_aside: dict[str, int] = Field(default_factory=dict)
    """Rows that got none, by reason."""
    lists: dict[str, int] = Field(default_factory=dict)
    """By policy."""
    empty: dict[str, int] = Field(default_factory=dict)
    """Listeners for whom a policy found nothing, by policy."""
    answered: dict[str, int] = Field(default_factory=dict)
    """Listeners by the model that answered: its version, after its segment where it has one."""
    day: RecommendedDay | None = None
    """What was published; null of a challenge set."""
    notes: list[str] = Field(default_factory=list)
    """What somebody ought to know, such as that there are no segments."""


class RecommendShowStatus(CommandStatus):
    """`segue recommend show`."""

    command: Literal["recommend show"] = "recommend show"
    status: Ended = "failed"
    out: str = ""
    days: list[RecommendedDay] = Field(default_factory=list)
    """In their order."""


class ReportStatus(CommandStatus):
    """`segue report`."""

    command: Literal["report"] = "report"
    status: Ended = "failed"
    report: str | None = None
    """The page."""


class ConfigStatus(CommandStatus):
    """`segue config`."""

    command: Literal["config"] = "config"
    status: Ended = "failed"
    config: dict[str, Any] = Field(default_factory=dict)


class CompareStatus(CommandStatus):
    """`segue compare`."""

    command: Literal["compare"] = "compare"
    status: Ended = "failed"
    a: str = ""
    b: str = ""
    """What is compared with A."""
    playlists: SharedPlaylists = SharedPlaylists()
    models: dict[str, dict[str, Estimate]] = Field(default_factory=dict)
    """By model and metric."""
    tests: list[PairedTest] = Field(default_factory=list)
    """B against A, a metric each, over all playlists that they share."""
    report: str | None = None
    """The page, null where none was asked for."""


class Continued(Part):
    """A recommended track."""

    rank: int = 0
    track_uri: str = ""
    score: Value = None
    artist_name: str = ""
    track_name: str = ""


class Answer(Part):
    """What continues a playlist."""

    key: str = ""
    """The playlist's pid, "" where it has none."""
    name: str = ""
    model_version: int | None = None
    seeds: int = 0
    """Tracks of the playlist."""
    seeds_known: int | None = None
    """How many of them the model knows, null where it does not say."""
    basis: Literal["tracks", "title", "popularity"] | None = None
    """What the answer rests on, null where that is unknown. "tracks" and "title": scores rank
    this answer only. "popularity": a score is the number of the training data's playlists."""
    comparable: bool = False
    """Whether scores compare with those of other answers of this version that say so too."""
    recommendations: list[Continued] = Field(default_factory=list)
    """Best first."""


class QueryStatus(CommandStatus):
    """`segue query`."""

    command: Literal["query"] = "query"
    status: Ended = "failed"
    answers: list[Answer] = Field(default_factory=list)
    skipped: list[str] = Field(default_factory=list)
    """What the file held beside playlists."""


class ServedVersion(Part):
    """A version on the server."""

    version: int = 0
    state: str = ""
    """"START", "LOADING", "AVAILABLE", "UNLOADING" or "END"."""
    error: str = ""
    """Why it could not be loaded, empty where nothing went wrong."""


class ReleaseStatus(CommandStatus):
    """`segue release promote`, `rollback` and `status`."""

    command: Literal["release promote", "release rollback", "release status"] = "release status"
    status: Literal["ok", "unreleased", "failed", "invalid"] = "failed"
    """"unreleased" where nothing is released yet."""
    stable: int | None = None
    canary: int | None = None
    stable_since: str | None = None
    """ISO 8601; null of a promotion or a rollback."""
    previous_stable: int | None = None
    """What a rollback would return to; null of a promotion or a rollback."""
    unfinished: str | None = None
    """Of `status`: a release that is under way or was cut short, in words."""
    reason: str | None = None
    """Of `status`: what a watch saw that led to the last release, null where a person released."""
    versions: list[ServedVersion] = Field(default_factory=list)
    """Of `status`: what the server has."""


class RegistryMoveStatus(CommandStatus):
    """`segue registry register`, `promote` and `rollback`."""

    command: Literal["registry register", "registry promote", "registry rollback"] = (
        "registry promote"
    )
    status: Literal["ok", "unchanged", "failed", "invalid"] = "failed"
    """"unchanged" where the version was registered, or the alias was there, already."""
    registry: str = ""
    model: str = ""
    """The registered model."""
    version: RegisteredVersion | None = None
    """As it is registered now."""
    former: int | None = None
    """The version that the alias was on before; null where it was on none, and of `register`."""
    label: str | None = None
    """The label that servers were given for the version; null where none was moved."""


class RegistryCurrentStatus(CommandStatus):
    """`segue registry current`."""

    command: Literal["registry current"] = "registry current"
    status: Literal["ok", "differs", "empty", "failed", "invalid"] = "failed"
    """"differs" where the registry and what is served do not agree, "empty" without a version."""
    registry: str = ""
    model: str = ""
    """The registered model."""
    champion: RegisteredVersion | None = None
    challenger: RegisteredVersion | None = None
    served: int | None = None
    """What is served at the destination; null where nothing is, or it was not looked at."""
    unregistered: list[int] = Field(default_factory=list)
    """Versions at the destination that are not registered."""
    waiting: list[int] = Field(default_factory=list)
    """Versions whose registration waits for a registry that was down."""
    differences: list[str] = Field(default_factory=list)
    """What does not agree, and what to do."""


class RegistryHistoryStatus(CommandStatus):
    """`segue registry history`."""

    command: Literal["registry history"] = "registry history"
    status: Ended = "failed"
    registry: str = ""
    model: str = ""
    """The registered model."""
    versions: list[RegisteredVersion] = Field(default_factory=list)
    """By number."""
    moves: list[Move] = Field(default_factory=list)
    """Of the aliases, the first one first."""


class SyncedVersion(Part):
    """A version that was not registered."""

    version: int = 0
    registered: bool = False
    """Whether it is now."""
    problem: str = ""
    """Why it is not."""


class SyncedRun(Part):
    """A run that was not tracked."""

    key: str = ""
    """The run, and what it pushed."""
    tracked: bool = False
    """Whether it is now."""
    problem: str = ""
    """Why it is not."""


class RegistrySyncStatus(CommandStatus):
    """`segue registry sync`."""

    command: Literal["registry sync"] = "registry sync"
    status: Literal["ok", "unchanged", "failed", "invalid"] = "failed"
    """"unchanged" where all was registered already."""
    registry: str = ""
    model: str = ""
    """The registered model."""
    versions: list[SyncedVersion] = Field(default_factory=list)
    runs: list[SyncedRun] = Field(default_factory=list)


class WatchCheck(Part):
    """A threshold of a canary, and what was seen of it."""

    name: str = ""
    """"errors", "empty answers", "p50", "p99" (milliseconds; the others are shares) or "stable
    version"."""
    outcome: Literal["kept", "broken", "open"] = "open"
    """"open" where it is shown neither that it is kept nor that it is broken."""
    stable: Value = None
    canary: Value = None
    allowed: Value = None
    """What the canary's may be."""
    low: Value = None
    """Least that the canary's is beyond what is allowed, below 0 within it; null for no bound."""
    high: Value = None
    """Most that it is."""
    text: str = ""


class ReleaseWatchStatus(CommandStatus):
    """`segue release watch`."""

    command: Literal["release watch"] = "release watch"
    status: Literal["promoted", "rolled_back", "undecided", "failed", "invalid"] = "failed"
    """"undecided" where the requests show neither: the version stays the canary. That and
    "rolled_back" are an exit code of 1."""
    acted: bool = False
    """Whether it was done; false with `--dry-run`, and where nothing was left to do."""
    version: int | None = None
    """The canary."""
    stable: int | None = None
    """The stable version, now."""
    requests: int = 0
    """To each of the two versions, without the warm-up."""
    reasons: list[str] = Field(default_factory=list)
    checks: list[WatchCheck] = Field(default_factory=list)
    faults: dict[str, int] = Field(default_factory=dict)
    """How often each kind of error came from the canary, the most frequent first."""
    overlap: Value = None
    """Mean share of their first 100 tracks that both versions' answers have."""


class Measure(Part):
    """What a log of requests was measured by."""

    key: str = ""
    """As in the configuration, below `skew`, where it has a threshold."""
    value: Value = None
    """null where there was nothing to measure."""
    reference: Value = None
    """The same of train, null where that has none."""
    threshold: Value = None
    """null where it is never an alarm."""
    alarm: bool = False
    """Whether the value is above the threshold, and enough playlists were logged to say so."""
    detail: str = ""
    """Such as the track or title whose share differs most."""


class LoggedVersion(Part):
    """A version that answered requests of a log."""

    version: int = 0
    """0 where the log does not say."""
    playlists: int = 0
    served: bool | None = None
    """Whether it is served now, null where that is unknown."""
    first: str | None = None
    """When it first answered, ISO 8601; null where the log does not say."""
    last: str | None = None
    age_days: Value = None
    """How old it was at its last answer; null where its number is no time."""
    unknown_seeds: Value = None
    """The share of the tracks asked about that it does not know; null where it is not there."""


class SkewStatus(CommandStatus):
    """`segue skew`."""

    command: Literal["skew"] = "skew"
    status: Literal["ok", "alarm", "failed", "invalid"] = "failed"
    """"alarm", an exit code of 1, where any measure is."""
    logs: str = ""
    before: str | None = None
    records: int = 0
    playlists: int = 0
    earlier_playlists: int = 0
    """Those of the period that drift is measured against."""
    requests: dict[str, int] = Field(default_factory=dict)
    """By signature, or by kind of log."""
    broken: dict[str, int] = Field(default_factory=dict)
    """Records that were set aside, by reason."""
    measures: list[Measure] = Field(default_factory=list)
    versions: list[LoggedVersion] = Field(default_factory=list)
    """The latest first."""


class Finding(Part):
    """What a check before a submission found."""

    check: str = ""
    """What was looked at."""
    outcome: Literal["ok", "missing", "not checked"] = "not checked"
    """"not checked" where it could not be looked at."""
    detail: str = ""
    command: str | None = None
    """The command that mends it, null where nothing is missing or no command does."""


class PreflightStatus(CommandStatus):
    """`segue preflight`."""

    command: Literal["preflight"] = "preflight"
    status: Literal["ready", "missing", "failed", "invalid"] = "failed"
    """"missing", an exit code of 1, where any finding is."""
    findings: list[Finding] = Field(default_factory=list)


class JobTask(Part):
    """A component of a job."""

    name: str = ""
    state: str = ""
    """As Vertex calls it: "PENDING", "RUNNING", "SUCCEEDED", "SKIPPED", "FAILED" and others."""
    seconds: float | None = None
    """How long it ran, null while that is not known."""
    cached: bool = False
    """Whether the results of an earlier run were taken."""
    error: str | None = None
    logs: str = ""
    """The command that shows its log."""


class SubmitStatus(CommandStatus):
    """`segue submit vertex`, `cancel` and `status`."""

    command: Literal["submit vertex", "submit cancel", "submit status"] = "submit vertex"
    status: Literal[
        "compiled",
        "missing",
        "submitted",
        "running",
        "blessed",
        "refused",
        "finished",
        "cancelling",
        "cancelled",
        "failed",
        "invalid",
    ] = "failed"
    """"compiled" of a dry run, "missing" where preflight found something, "finished" where a job
    ended well and left no metrics."""
    job: str | None = None
    """The whole name of the job, null where none was started."""
    link: str | None = None
    """Its page in Google's console."""
    specification: dict[str, Any] | str | None = None
    """Of a dry run, the compiled job; of a submission, where it is kept."""
    tasks: list[JobTask] = Field(default_factory=list)
    findings: list[Finding] = Field(default_factory=list)
    """Of preflight, those that are missing."""
    reasons: list[str] = Field(default_factory=list)
    """Of the blessing, those against it first."""
    pushed_version: str | None = None
    report: str | None = None
    """The page."""
    metrics: dict[str, Estimate] = Field(default_factory=dict)
    """The candidate's, over the playlists that decide."""


class ListedJob(Part):
    """A job of a list."""

    name: str = ""
    """The whole name."""
    display_name: str = ""
    state: str = ""
    """As Vertex calls it, such as "PIPELINE_STATE_SUCCEEDED"."""
    created: str | None = None
    """ISO 8601."""
    schedule: str | None = None
    """The whole name of the schedule that started it, null where none did."""


class JobListStatus(CommandStatus):
    """`segue submit list`."""

    command: Literal["submit list"] = "submit list"
    status: Ended = "failed"
    jobs: list[ListedJob] = Field(default_factory=list)
    """The newest first."""


class Scheduled(Part):
    """A schedule."""

    name: str = ""
    """The whole name."""
    display_name: str = ""
    state: str = ""
    """"ACTIVE", "PAUSED" or "COMPLETED"."""
    cron: str = ""
    next_run: str | None = None
    """ISO 8601."""
    catch_up: bool = False
    """Whether it last resumed with the runs that were missed."""


class ScheduleStatus(CommandStatus):
    """`segue schedule create`, `list`, `pause`, `resume` and `delete`."""

    command: Literal[
        "schedule create",
        "schedule list",
        "schedule pause",
        "schedule resume",
        "schedule delete",
    ] = "schedule list"
    status: Literal["ok", "missing", "failed", "invalid"] = "failed"
    """"missing" where preflight found something."""
    schedules: list[Scheduled] = Field(default_factory=list)
    """Those that the command is about, as they are now."""
    findings: list[Finding] = Field(default_factory=list)
    """Of preflight, those that are missing."""


class RunData(Part):
    """What a run read."""

    pattern: str = ""
    """The slices as they were configured: a directory, file or pattern."""
    read: str = ""
    """What was read of it, with the number of the span; where a copy of the data had been read
    before, that."""
    span: str = ""
    """Which span was asked for: a number, or "latest"."""
    fingerprint: str = ""
    """Of the content: equal for equal data."""
    playlists: dict[str, int] = Field(default_factory=dict)
    """By split; empty where the run's report is gone."""


class RecordedRun(Part):
    """A run, as ML Metadata knows it."""

    name: str = ""
    """The run's id."""
    state: Literal["finished", "failed", "interrupted", "running"] = "interrupted"
    """"interrupted" where it was killed, or ended without a word."""
    started: str = ""
    """ISO 8601, UTC."""
    seconds: float | None = None
    """From its beginning to the end of its last node; null of a run that did not finish."""
    failed_node: str | None = None
    error: str | None = None
    """Why it failed, null where that is not known."""
    nodes: int = 0
    """How many began."""
    cached: int = 0
    """How many of them took the results of earlier runs."""
    data: RunData = RunData()
    candidate: str = ""
    """The model family."""
    metrics: dict[str, Estimate] = Field(default_factory=dict)
    """The candidate's, over the playlists that decide; empty where the run's report is gone."""
    blessed: bool | None = None
    """Null where it came to no verdict."""
    reasons: list[str] = Field(default_factory=list)
    """Of the verdict, those against it first."""
    pushed_version: str | None = None
    """The version under which its candidate lay at the destination."""
    push: str = ""
    """What became of the push, in words."""
    served: bool = False
    """Whether that version is served now."""
    labels: list[str] = Field(default_factory=list)
    """Of that version in the release record: "stable" or "canary"."""
    version: str = ""
    """Segue's own."""
    commit: str = ""
    """That the code was of, with "+" where files differed from it; "" where it is not known."""


class RunsStatus(CommandStatus):
    """`segue runs`."""

    command: Literal["runs"] = "runs"
    status: Ended = "failed"
    out: str = ""
    served_version: str | None = None
    """What is served now, whichever run it came from; null where nothing is."""
    runs: list[RecordedRun] = Field(default_factory=list)
    """The newest first."""


class LineageArtifact(Part):
    """An artifact."""

    id: int = 0
    key: str = ""
    """The name of the output."""
    type: str = ""
    uri: str = ""
    there: bool = False
    """Whether ML Metadata has it as there."""


class LineageStep(Part):
    """A node on the way from slices to the model, and what it made."""

    node: str = ""
    execution: int = 0
    run: str | None = None
    """The run that made it; later ones may have taken it from the cache."""
    source_hash: str = ""
    """Of its code, "" of TFX's own."""
    inputs: list[int] = Field(default_factory=list)
    """Ids of artifacts."""
    outputs: list[LineageArtifact] = Field(default_factory=list)


class LineageStatus(CommandStatus):
    """`segue lineage`."""

    command: Literal["lineage"] = "lineage"
    status: Ended = "failed"
    pushed_version: str = ""
    path: str | None = None
    """Its directory, null where that is gone."""
    served: bool = False
    labels: list[str] = Field(default_factory=list)
    """In the release record: "stable" or "canary"."""
    run: RecordedRun | None = None
    """The run that pushed it; null where ML Metadata does not know it."""
    source_hash: str = ""
    """Of all code that the run had."""
    image: str | None = None
    """The container image that it ran in, null where it ran in none or named none."""
    config_hash: str = ""
    config: dict[str, Any] = Field(default_factory=dict)
    """The configuration as it was."""
    differs: dict[str, Any] = Field(default_factory=dict)
    """What of it is not the default of this Segue, by key with dots."""
    card: dict[str, Any] = Field(default_factory=dict)
    """The model card; empty where there is none to read."""
    steps: list[LineageStep] = Field(default_factory=list)
    """From slices to the SavedModel, in the order in which they ran."""
    versions: list[str] = Field(default_factory=list)
    """The versions that there are or were."""


class Collectable(Part):
    """Something that a run left."""

    kind: Literal["artifact", "leftover", "version", "checkpoint"] = "artifact"
    """"leftover": what an execution left that did not end."""
    name: str = ""
    """The node and the output, the version, or the checkpoint."""
    path: str = ""
    size: int = 0
    """Bytes; a file that several of them share counts for the first."""
    reason: str = ""
    """Why it goes or stays."""


class GcStatus(CommandStatus):
    """`segue gc`."""

    command: Literal["gc"] = "gc"
    status: Ended = "failed"
    out: str = ""
    deleted: bool = False
    """Whether it was done; otherwise it is what would be done."""
    collected: list[Collectable] = Field(default_factory=list)
    """What goes."""
    kept: list[Collectable] = Field(default_factory=list)
    """What stays."""
    freed: int = 0
    """Bytes of files of which no other name stays."""
    busy: str | None = None
    """Who writes to OUT, where somebody does: what a dry run says may change."""


class EventsProduceStatus(CommandStatus):
    """`segue events produce`."""

    command: Literal["events produce"] = "events produce"
    status: Ended = "failed"
    topic: str = ""
    produced: int = 0
    """Messages that every replica has."""
    failed: dict[str, int] = Field(default_factory=dict)
    """Messages that no broker took, by the name of Kafka's error."""


class EventsLandStatus(CommandStatus):
    """`segue events land`: `read` is always `landed`, `duplicates` and `dead_letters` together."""

    command: Literal["events land"] = "events land"
    status: Ended = "failed"
    out: str = ""
    read: int = 0
    """Messages that this command landed or set aside."""
    landed: int = 0
    """Events, each with a key of its own."""
    duplicates: int = 0
    """Copies of events that had landed before."""
    dead_letters: int = 0
    """Messages that were refused."""
    refused: dict[str, int] = Field(default_factory=dict)
    """Dead letters by reason."""
    hours: list[str] = Field(default_factory=list)
    """Hours whose events changed, such as 2026-11-28T03."""
    commits: int = 0
    """Ranges of offsets that landed."""
    notes: list[str] = Field(default_factory=list)
    """What somebody ought to know, such as that messages were gone before they landed."""


class EventsCountStatus(CommandStatus):
    """`segue events count`."""

    command: Literal["events count"] = "events count"
    status: Ended = "failed"
    out: str = ""
    hours: list[str] = Field(default_factory=list)
    """Hours that were counted for the first time, such as 2026-11-28T03."""
    reopened: list[str] = Field(default_factory=list)
    """Hours that were counted again, since more of their events landed."""
    open: list[str] = Field(default_factory=list)
    """Hours with events that are not over, as far as the newest event tells."""
    too_late: int = 0
    """Events of hours that may not be reopened any more: landed, and not counted."""
    watermark: int | None = None
    """Hours that end by it are over: microseconds since 1970; null where nothing has landed."""


class EventsTrendingStatus(CommandStatus):
    """`segue events trending`."""

    command: Literal["events trending"] = "events trending"
    status: Ended = "failed"
    out: str = ""
    hours: int = 0
    """How many counted hours are in it."""
    half_life_hours: float | None = None
    """After which a stream counts half as much."""
    table: SideTable | None = None
    """What was written."""


class EventsEraseStatus(CommandStatus):
    """`segue events erase`; it does not repeat who was erased."""

    command: Literal["events erase"] = "events erase"
    status: Ended = "failed"
    listeners: int = 0
    """How many were asked for."""
    removed: dict[str, dict[str, int]] = Field(default_factory=dict)
    """By store and kind, such as `events`, `dead_letters`, `rows`; and `files` written anew."""


class EventsRetainStatus(CommandStatus):
    """`segue events retain`."""

    command: Literal["events retain"] = "events retain"
    status: Ended = "failed"
    out: str = ""
    days: float | None = None
    """How many of them stay, by the option or the configuration."""
    events: int = 0
    """Events that were removed."""
    dead_letters: int = 0
    """Dead letters that were removed."""
    files: int = 0
    """Files that were removed."""


class BuiltPartition(Part):
    """A partition of a feature view."""

    view: str = ""
    """As `listening_history`."""
    as_of: str = ""
    """The cut, such as 2017-11-14T00: nothing that happened then or later is in it."""
    version: int = 0
    """Of the cut; it rises when its rows change."""
    folder: str = ""
    """Where it lies: a side table, with statistics, schema and anomalies."""
    rows: int = 0
    fingerprint: str = ""
    """SHA-256 of the table: equal for equal rows."""
    changed: bool = True
    """Whether it differs from what lay there before."""


class FeaturesBuildStatus(CommandStatus):
    """`segue features build ...`."""

    command: Literal[
        "features build listening_history",
        "features build heard",
        "features build social_graph",
        "features build audio_embeddings",
        "features build vectors",
    ] = "features build listening_history"
    status: Ended = "failed"
    out: str = ""
    partitions: list[BuiltPartition] = Field(default_factory=list)
    """What was built."""
    counts: dict[str, int] = Field(default_factory=dict)
    """What was read and left out, by kind, such as `events` and `copies`."""
    warnings: list[str] = Field(default_factory=list)
    """How rows differ from those of the cut before, where that is much."""


class FeaturesShowStatus(CommandStatus):
    """`segue features show`."""

    command: Literal["features show"] = "features show"
    status: Ended = "failed"
    features: str = ""
    partitions: list[BuiltPartition] = Field(default_factory=list)
    """By view, then by time."""


class ServedRows(Part):
    """What became of rows that a store was sent."""

    taken: int = 0
    """Rows that are served from now on."""
    older: int = 0
    """Rows that are not, since what is served of the same key is newer."""


class FeaturesMaterialiseStatus(CommandStatus):
    """`segue features materialise`."""

    command: Literal["features materialise"] = "features materialise"
    status: Ended = "failed"
    store: str = ""
    views: dict[str, ServedRows] = Field(default_factory=dict)
    """By view."""


class FeaturesPushStatus(CommandStatus):
    """`segue features push`."""

    command: Literal["features push"] = "features push"
    status: Ended = "failed"
    store: str = ""
    view: str = ""
    taken: int = 0
    """Rows that are served from now on."""
    older: int = 0
    """Rows that are not, since what is served of the same key, or pushed with them, is newer."""


class FeatureRow(Part):
    """What is served of a listener or a track."""

    key: str = ""
    event_timestamp: int | None = None
    """As of when: microseconds since 1970; null where nothing is served."""
    features: dict[str, Any] = Field(default_factory=dict)
    """By column; instants are microseconds since 1970. Empty where nothing is served."""


class FeaturesGetStatus(CommandStatus):
    """`segue features get`."""

    command: Literal["features get"] = "features get"
    status: Ended = "failed"
    store: str = ""
    view: str = ""
    rows: list[FeatureRow] = Field(default_factory=list)
    """One a key, in the order in which keys were asked for."""


class FeaturesJoinStatus(CommandStatus):
    """`segue features join`."""

    command: Literal["features join"] = "features join"
    status: Ended = "failed"
    store: str = ""
    view: str = ""
    output: str = ""
    rows: int = 0
    """One an entity."""
    known: int = 0
    """Those of them that have features."""


class SegmentsBuildStatus(CommandStatus):
    """`segue segments build`."""

    command: Literal["segments build"] = "segments build"
    status: Ended = "failed"
    out: str = ""
    partitions: list[BuiltPartition] = Field(default_factory=list)
    """The one that was built."""
    segments: dict[str, int] = Field(default_factory=dict)
    """Listeners by segment, segments in the order in which their rules are asked."""
    models: dict[str, str] = Field(default_factory=dict)
    """The model profile of each segment."""
    earlier: str | None = None
    """The cut whose segments were gone on from; null where there was none."""
    entered: int = 0
    """Listeners that had no segment before."""
    moved: int = 0
    """Listeners that had another one."""
    left: int = 0
    """Listeners that had one, and did nothing in the days that the features are of."""
    warnings: list[str] = Field(default_factory=list)
    """How shares differ from those of the cut before, where that is much."""


class SegmentsSlicesStatus(CommandStatus):
    """`segue segments slices`."""

    command: Literal["segments slices"] = "segments slices"
    status: Ended = "failed"
    out: str = ""
    cut: str = ""
    """The hour before which histories, features and segments end."""
    until: str = ""
    """The hour before which first plays were looked for."""
    listeners: int = 0
    """Who streamed or skipped until then."""
    records: dict[str, int] = Field(default_factory=dict)
    """Of listeners, by split."""
    entries: dict[str, int] = Field(default_factory=dict)
    """Tracks of these records, by split."""
    segments: dict[str, dict[str, int]] = Field(default_factory=dict)
    """Records by segment and split."""
    playlists: int = 0
    """Records of playlists that go along."""
    playlists_without_modified_at: int = 0
    """Those of them that do not say when they were changed, maybe at the cut or later."""
    left_out: dict[str, int] = Field(default_factory=dict)
    """What is in no record, by kind."""


class StatusLine(
    RootModel[
        Annotated[
            SampleStatus
            | SampleRespondStatus
            | IngestStatus
            | RunStatus
            | RecommendStatus
            | RecommendShowStatus
            | ReportStatus
            | ConfigStatus
            | CompareStatus
            | QueryStatus
            | ReleaseStatus
            | RegistryMoveStatus
            | RegistryCurrentStatus
            | RegistryHistoryStatus
            | RegistrySyncStatus
            | ReleaseWatchStatus
            | SkewStatus
            | PreflightStatus
            | SubmitStatus
            | JobListStatus
            | ScheduleStatus
            | RunsStatus
            | LineageStatus
            | GcStatus
            | EventsProduceStatus
            | EventsLandStatus
            | EventsCountStatus
            | EventsTrendingStatus
            | EventsEraseStatus
            | EventsRetainStatus
            | FeaturesBuildStatus
            | FeaturesShowStatus
            | FeaturesMaterialiseStatus
            | FeaturesPushStatus
            | FeaturesGetStatus
            | FeaturesJoinStatus
            | SegmentsBuildStatus
            | SegmentsSlicesStatus,
            Field(discriminator="command"),
        ]
    ]
):
    """The line of any command, named by `command`."""


#: The model of each command's line.
STATUSES: Final[dict[str, type[CommandStatus]]] = {
    command: kind
    for kind in CommandStatus.__subclasses__()
    for command in get_args(kind.model_fields["command"].annotation)
}
