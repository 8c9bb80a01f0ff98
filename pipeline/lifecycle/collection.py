"""Deletes what old runs left: first it is marked in ML Metadata, then the files go.

A run that was cut off between the two is finished by the next collection: what is marked and still
there goes, whatever else holds of it.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ml_metadata.proto import metadata_store_pb2

from pipeline.config import PipelineConfig
from pipeline.lifecycle import protection, registered, runs
from pipeline.lifecycle.places import Places, Sizes, newest, remove
from pipeline.lifecycle.records import Records
from pipeline.lifecycle.served import Released
from schema.layout import Layout
from schema.status import Collectable

_STATES: Final = metadata_store_pb2.Artifact  # type: ignore[attr-defined]
_GONE: Final = (_STATES.MARKED_FOR_DELETION, _STATES.DELETED)
#: What a version is called once servers shall not see it any more.
_TAKEN: Final = re.compile(r"\.[0-9]+\.deleted")
_DAMAGED: Final = "marked as deleted, or cut: nothing takes it"
#: Something, and whether it stays.
_Found = tuple[Collectable, bool]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What goes and what stays.

    Attributes:
        collected: what goes.
        kept: what stays.
        artifacts: ML Metadata's, of those that go and are not marked yet.
        freed: bytes of files of which no other name stays.
    """

    collected: list[Collectable]
    kept: list[Collectable]
    artifacts: list[Any]
    freed: int


def plan(config: PipelineConfig, records: Records, released: Released, spelled: str) -> Plan:
    """Decides; nothing is changed.

    Args:
        config: whose output directory, and how much stays.
        records: what ML Metadata knows.
        released: what lies at the destination.
        spelled: the output directory as its artifacts name it.

    Raises:
        ConfigError: a release record or a model configuration cannot be read.
    """
    places, layout = Places(config.out, spelled), Layout.under(os.path.realpath(config.out))
    versions = _local(released.paths, places)
    # A collection may be given another configuration than the runs were.
    configs = [runs.config_of(run) for run in records.runs]
    told = (each.get("release_record") for each in configs)
    record_paths = sorted({layout.releases, *filter(None, (config.release_record, *told))})
    needs: dict[str, str] = {}
    try:
        needs = registered.needed(config, configs, layout)
    except registered.UnknownNeedsError as error:
        needs = dict.fromkeys(versions, str(error))
    kept_versions = protection.versions(
        versions,
        records,
        config.gc,
        served=released.version,
        needed=needs,
        record_paths=record_paths,
        config_paths=_model_configs(record_paths),
    )
    kept_artifacts = protection.artifacts(records, config.gc, kept_versions)
    there = _there(records, places, layout)
    found = [
        *_artifacts(there, records, kept_artifacts, layout),
        *_leftovers(there, records, layout),
        *_versions(versions, kept_versions, layout, places),
        *_checkpoints(records, layout),
    ]
    sizes = {True: Sizes(), False: Sizes()}
    measured = [
        (stays, one.model_copy(update={"size": sizes[stays].add(one.path)})) for one, stays in found
    ]
    collected = [one for stays, one in measured if not stays]
    paths = {one.path for one in collected}
    return Plan(
        collected=collected,
        kept=[one for stays, one in measured if stays],
        artifacts=[
            artifact
            for path, named in there.items()
            for artifact in named
            if path in paths and artifact.state not in _GONE
        ],
        freed=sizes[False].freed,
    )


def carry_out(decided: Plan, store: Any) -> None:
    """Deletes what a plan says; nothing else may write to the output directory meanwhile.

    Args:
        decided: the plan.
        store: ML Metadata's MetadataStore.

    Raises:
        OSError: something cannot be deleted; what is left goes with the next collection.
    """
    for artifact in decided.artifacts:
        artifact.state = _STATES.DELETED
    if decided.artifacts:
        store.put_artifacts(decided.artifacts)
    for one in decided.collected:
        path = one.path
        if one.kind == "version" and not _TAKEN.fullmatch(os.path.basename(path)):
            # In one step, so that a server never loads half of it.
            path = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.deleted")
            remove(path)  # where an earlier collection was cut short, and the version came back
            os.rename(one.path, path)
        remove(path)


def _there(records: Records, places: Places, layout: Layout) -> dict[str, list[Any]]:
    """The artifacts below the pipeline root whose files are there, by path."""
    root = os.path.join(layout.pipeline_root, "")
    found: dict[str, list[Any]] = {}
    for artifact in records.artifacts.values():
        path = places.inside(artifact.uri)
        if path is not None and path.startswith(root) and os.path.lexists(path):
            found.setdefault(path, []).append(artifact)
    return found


def _artifacts(
    there: Mapping[str, list[Any]], records: Records, kept: Mapping[int, str], layout: Layout
) -> Iterator[_Found]:
    for path, named in there.items():
        alive = [each for each in named if each.state not in _GONE]
        reason = next((kept[each.id] for each in alive if each.id in kept), None)
        maker = records.makers.get(named[-1].id)
        below = os.path.relpath(path, layout.pipeline_root)
        known = Collectable(
            kind="artifact",
            name=below if maker is None else _named(maker.name, path),
            path=path,
            reason=reason or ("no kept run uses it" if alive else _DAMAGED),
        )
        yield known, reason is not None


def _named(node: str, path: str) -> str:
    return f"{node} {os.path.basename(os.path.dirname(path))}"


def _leftovers(
    there: Mapping[str, list[Any]], records: Records, layout: Layout
) -> Iterator[_Found]:
    """What executions left that failed or were killed: no artifact was ever made of it."""
    last = records.runs[0].nodes.values() if records.runs else ()
    newest_run = {node.id for node in last}
    for path, node_name, number in _outputs(layout.pipeline_root):
        node = records.nodes.get(number)
        if node is None or node.name != node_name or node.ended_well or path in there:
            continue
        # Of another metadata store, in which the number was another execution's.
        if newest(path) * 1000 < node.execution.create_time_since_epoch:
            continue
        stays = number in newest_run
        reason = "of the newest run" if stays else "its execution did not end"
        named = _named(node_name, path)
        yield Collectable(kind="leftover", name=named, path=path, reason=reason), stays


def _outputs(root: str) -> Iterator[tuple[str, str, int]]:
    """The folders NODE/OUTPUT/EXECUTION of a pipeline root."""
    for node in _folders(root):
        for output in _folders(node.path):
            for execution in _folders(output.path):
                if execution.name.isdecimal():
                    yield execution.path, node.name, int(execution.name)


def _versions(
    there: Mapping[str, str], kept: Mapping[str, str], layout: Layout, places: Places
) -> Iterator[_Found]:
    for version, path in there.items():
        reason = kept.get(version, "neither served nor named by anything")
        found = Collectable(kind="version", name=version, path=path, reason=reason)
        yield found, version in kept
    for entry in _folders(layout.serving, hidden=True):
        if _TAKEN.fullmatch(entry.name) and places.inside(entry.path):
            reason = "an earlier collection began to delete it"
            name = entry.name.split(".")[1]
            yield Collectable(kind="version", name=name, path=entry.path, reason=reason), False


def _checkpoints(records: Records, layout: Layout) -> Iterator[_Found]:
    finished = next((run for run in records.runs if runs.has_finished(run)), None)
    for entry in _folders(layout.checkpoints):
        begun = finished.context.create_time_since_epoch / 1000 if finished else 0.0
        stays = newest(entry.path) >= begun
        reason = (
            "training may go on from it"
            if stays
            else "of a training before the last run that finished"
        )
        found = Collectable(kind="checkpoint", name=entry.name, path=entry.path, reason=reason)
        yield found, stays


def _folders(path: str, *, hidden: bool = False) -> Iterator[os.DirEntry[str]]:
    if not os.path.isdir(path) or os.path.islink(path):
        return
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False) and (hidden or not entry.name.startswith(".")):
                yield entry


def _local(paths: Mapping[str, str], places: Places) -> dict[str, str]:
    """The versions that lie under the output directory itself, and that no link leads to."""
    linked = {os.path.realpath(path) for path in paths.values() if os.path.islink(path)}
    found = {version: places.inside(path) for version, path in paths.items()}
    return {
        version: path for version, path in found.items() if path is not None and path not in linked
    }


def _model_configs(records: Iterable[str]) -> list[str]:
    """Where servers of what is pushed have their model configurations."""
    return [
        os.path.join(os.path.dirname(record), "models.config")
        for record in records
        if "://" not in record
    ]
