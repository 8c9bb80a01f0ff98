"""The runs of an output directory: what they read, found, pushed, and which of it is served."""

from __future__ import annotations

import datetime
import json
import os
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.io import fileio

from pipeline.lifecycle import provenance
from pipeline.lifecycle.records import Records, RunRecord, text_of
from pipeline.lifecycle.served import Released
from schema.documents import METRICS_FILE, RunMetrics, parse
from schema.status import RecordedRun, RunData

_LIVE = metadata_store_pb2.Artifact.LIVE  # type: ignore[attr-defined]


def describe(records: Records, released: Released, holder: str | None) -> list[RecordedRun]:
    """Describes all runs, the newest first.

    Args:
        records: what ML Metadata knows.
        released: what is served.
        holder: who holds the output directory's lock, in words; None where nobody does.
    """
    return [
        describe_one(run, records, released, running=not place and "segue run" in (holder or ""))
        for place, run in enumerate(records.runs)
    ]


def describe_one(
    run: RunRecord, records: Records, released: Released, *, running: bool = False
) -> RecordedRun:
    """Describes a run.

    Args:
        run: the run.
        records: what ML Metadata knows.
        released: what is served.
        running: whether it is under way if it has not ended.
    """
    nodes = run.nodes.values()
    failed = run.told(provenance.FAILED_NODE) or next((n.name for n in nodes if n.failed), None)
    finished = has_finished(run)
    state: Any = (
        "finished" if finished else "failed" if failed else "running" if running else "interrupted"
    )
    started = run.context.create_time_since_epoch
    ended = max((n.execution.last_update_time_since_epoch for n in nodes), default=started)
    metrics = _metrics(run, records)
    candidate = candidate_of(run)
    model = metrics.models.get(candidate)
    pushed = pushed_version(run, records)
    return RecordedRun(
        name=run.name,
        state=state,
        started=_moment(started),
        seconds=round((ended - started) / 1000, 1) if finished else None,
        failed_node=None if finished else failed,
        error=(run.told(provenance.ERROR) or None) if failed and not finished else None,
        nodes=len(nodes),
        cached=sum(node.cached for node in nodes),
        data=_data(run, metrics),
        candidate=candidate,
        metrics=model.overall if model else {},
        blessed=is_blessed(run, records),
        reasons=metrics.blessing.reasons,
        pushed_version=pushed,
        push=_summary(run, records, "Pusher", "pushed_model"),
        served=pushed is not None and pushed == released.version,
        labels=released.labels_of(pushed),
        version=run.told("version") or _told(run, "Report", "version"),
        commit=run.told("commit"),
    )


def has_finished(run: RunRecord) -> bool:
    """Whether a run came to its end, by what it recorded, of an early one by its last node."""
    if run.told("version") or run.told(provenance.ENDED):
        return bool(run.told(provenance.ENDED))
    last = run.nodes.get("Report") or run.nodes.get("Pusher")
    return last is not None and last.ended_well


def candidate_of(run: RunRecord) -> str:
    """The family that a run was to push, "" where that is not known."""
    named = _told(run, "Significance", "candidate_name")
    return named or str(config_of(run).get("candidate", ""))


def config_of(run: RunRecord) -> dict[str, Any]:
    """The configuration of a run; empty where that is not known."""
    text = run.told("config") or _told(run, "Report", "config")
    return json.loads(text) if text else {}


def is_blessed(run: RunRecord, records: Records) -> bool | None:
    """The verdict on a run's candidate; None where it came to none."""
    verdict = _output(run, records, "Significance", "blessing")
    told = text_of(verdict, "blessed") if verdict is not None else ""
    return bool(int(told)) if told else None


def pushed_version(run: RunRecord, records: Records) -> str | None:
    """The version under which a run's candidate lay at the destination; None if it did not."""
    pushed = _output(run, records, "Pusher", "pushed_model")
    if pushed is None or text_of(pushed, "pushed") != "1":
        return None
    return text_of(pushed, "pushed_version") or None


def pushes(records: Records) -> dict[str, RunRecord]:
    """The run that pushed each version: the first of those that found it at the destination."""
    found = {}
    for run in records.runs:  # the newest first, so that the first comes last
        version = pushed_version(run, records)
        if version is not None:
            found[version] = run
    return found


def _data(run: RunRecord, metrics: RunMetrics) -> RunData:
    read = _told(run, "Ingest", "input")
    return RunData(
        pattern=str(config_of(run).get("data", read)),
        read=read,
        span=_told(run, "Ingest", "span"),
        fingerprint=_told(run, "Ingest", "fingerprint"),
        playlists=metrics.data.playlists,
    )


def _metrics(run: RunRecord, records: Records) -> RunMetrics:
    """The figures of a run; empty ones where its report was deleted."""
    report = _output(run, records, "Report", "report")
    if report is None or report.state != _LIVE:
        return RunMetrics()
    path = os.path.join(report.uri, METRICS_FILE)
    if not fileio.exists(path):
        return RunMetrics()
    with fileio.open(path, "rb") as file:
        return parse(RunMetrics, file.read(), METRICS_FILE)[0]


def _output(run: RunRecord, records: Records, node: str, key: str) -> Any:
    found = run.nodes[node].output(key) if node in run.nodes else None
    return None if found is None else records.artifacts.get(found)


def _summary(run: RunRecord, records: Records, node: str, key: str) -> str:
    made = _output(run, records, node, key)
    return "" if made is None else text_of(made, "summary")


def _told(run: RunRecord, node: str, name: str) -> str:
    return run.nodes[node].parameter(name) if node in run.nodes else ""


def _moment(milliseconds: int) -> str:
    moment = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.timezone.utc)
    return moment.isoformat(timespec="seconds")
