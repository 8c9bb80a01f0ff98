"""What is never deleted, and why: of artifacts and of pushed versions."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline.lifecycle import runs
from pipeline.lifecycle.records import Records, RunRecord
from pipeline.options.gc import CollectionOptions
from schema.layout import MODEL_NAME
from serving.protocol import model_config
from serving.release import ReleaseRecord

_DAY: Final = 86_400.0


def artifacts(
    records: Records, options: CollectionOptions, versions: Mapping[str, str]
) -> dict[int, str]:
    """The artifacts that stay, by id, each with the reason.

    Args:
        records: what ML Metadata knows.
        options: how much stays.
        versions: the versions that stay, with the reasons.
    """
    kept: dict[int, str] = {}

    def keep(ids: Iterable[int], reason: str) -> None:
        for one in ids:
            kept.setdefault(one, reason)

    finished = [run for run in records.runs if runs.has_finished(run)]
    for place, run in enumerate(finished[: options.runs]):
        keep(run.touched, f"used by run {run.name}, {_newest(place)}")
    for run in itertools.takewhile(lambda run: not runs.has_finished(run), records.runs):
        keep(run.touched, f"of run {run.name}, which did not finish: the next one goes on from it")
    if blessed := last_blessed(records):
        keep(blessed.touched, f"used by run {blessed.name}, whose candidate was blessed last")
    for version, run in runs.pushes(records).items():
        if version in versions:
            keep(run.touched, f"used by run {run.name}, which pushed version {version}")
    for name, node in _newest_results(records):
        keep(
            (one for ids in node.outputs.values() for one in ids),
            f"the newest result of {name}: TFX's cache answers with it",
        )
    reports = [run.nodes["Report"] for run in records.runs if "Report" in run.nodes]
    for node in reports[: options.reports]:
        keep((one for ids in node.outputs.values() for one in ids), "the report of a run")
    young = (time.time() - options.min_age_days * _DAY) * 1000
    keep(
        (key for key, each in records.artifacts.items() if each.create_time_since_epoch > young),
        f"younger than {options.min_age_days:g} days",
    )
    return kept


def versions(
    there: Mapping[str, str],
    records: Records,
    options: CollectionOptions,
    *,
    served: str | None,
    needed: Mapping[str, str],
    record_paths: Iterable[str],
    config_paths: Iterable[str],
) -> dict[str, str]:
    """The versions that stay, each with the reason.

    Args:
        there: directory by version.
        records: what ML Metadata knows.
        options: how much stays.
        served: what is served now.
        needed: the versions that registries need, each with the reason.
        record_paths: release records.
        config_paths: of model configurations of servers.

    Raises:
        ConfigError: a record or a configuration cannot be read.
    """
    needs = {**needed, str(served): "served now"}
    kept = {version: reason for version, reason in needs.items() if version in there}

    def keep(version: Any, reason: str) -> None:
        if version is not None and str(version) in there:
            kept.setdefault(str(version), reason)

    for path in record_paths:
        if "://" in path:
            for version in there:
                keep(version, f"{path} cannot be locked, so it may be released just now")
            return kept
        record = ReleaseRecord(path, MODEL_NAME)
        if record.current is not None:
            keep(record.current.stable, "stable in the release record")
            keep(record.current.canary, "canary in the release record")
        before = record.stable_before()
        keep(before and before.stable, "stable before: a rollback returns to it")
        if (pending := record.pending()) is not None:
            for version in there:
                keep(version, f"a release is not settled: {pending}")
    newest_first = sorted(there, key=int, reverse=True)
    folders = {os.path.dirname(path) for path in there.values()}
    for path in config_paths:
        for version in _configured(path, newest_first, folders):
            keep(version, f"{path} names it")
    keep(next(iter(newest_first), None), "the latest: a server loads it by default")
    if blessed := last_blessed(records):
        keep(runs.pushed_version(blessed, records), "blessed last")
    for place, version in enumerate(newest_first[: options.versions]):
        keep(version, _newest(place))
    young = time.time() - options.min_age_days * _DAY
    for version, path in there.items():
        if os.lstat(path).st_mtime > young:
            keep(version, f"younger than {options.min_age_days:g} days")
    return kept


def last_blessed(records: Records) -> RunRecord | None:
    """The newest run whose candidate was blessed."""
    return next((run for run in records.runs if runs.is_blessed(run, records)), None)


def _configured(path: str, newest_first: list[str], folders: set[str]) -> Iterable[str]:
    """The versions that a server with this configuration loads, under whatever name."""
    if not os.path.exists(path):
        return
    for entry in model_config.read_model_config(path).model_config_list.config:
        # A server in a container has another path, and the usual name.
        if entry.name != MODEL_NAME and os.path.realpath(entry.base_path) not in folders:
            continue
        policy = entry.model_version_policy
        yield from map(str, policy.specific.versions)
        yield from map(str, entry.version_labels.values())
        if policy.WhichOneof("policy_choice") == "all":
            yield from newest_first
        else:
            yield from newest_first[: max(1, policy.latest.num_versions)]


def _newest_results(records: Records) -> Iterable[tuple[str, Any]]:
    seen: set[str] = set()
    for run in records.runs:
        for name, node in run.nodes.items():
            if node.ended_well and name not in seen:
                seen.add(name)
                yield name, node


def _newest(place: int) -> str:
    return "the last that finished" if place == 0 else f"one of the {place + 1} newest"
