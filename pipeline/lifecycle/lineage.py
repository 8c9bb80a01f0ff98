"""Where a pushed version comes from: data, code, configuration, and the way between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ml_metadata.proto import metadata_store_pb2

from pipeline.config import PipelineConfig
from pipeline.lifecycle import provenance, runs
from pipeline.lifecycle.records import Node, Records, RunRecord, text_of
from pipeline.lifecycle.served import Released
from pipeline.overrides import RunConfigError, load_config
from schema.model_card import ModelCard
from schema.status import LineageArtifact, LineageStatus, LineageStep

_LIVE: Final = metadata_store_pb2.Artifact.LIVE  # type: ignore[attr-defined]


class UnknownVersionError(LookupError):
    """Nothing is known of the version; the message says which there are."""


def trace(version: str, records: Records, released: Released) -> LineageStatus:
    """Finds out where a version comes from.

    Args:
        version: the version.
        records: what ML Metadata knows.
        released: what lies at the destination.

    Raises:
        UnknownVersionError: neither knows it.
    """
    by_version = runs.pushes(records)
    there = sorted({*by_version, *released.paths}, key=lambda each: (len(each), each))
    if version not in there:
        known = f"there are {', '.join(there)}" if there else "there is none yet"
        raise UnknownVersionError(f"there is no pushed version {version}: {known}")
    path = released.paths.get(version)
    found = LineageStatus(
        status="ok",
        pushed_version=version,
        path=path,
        served=version == released.version,
        labels=released.labels_of(version),
        card=_card(path),
        versions=there,
    )
    if version not in by_version:  # of another metadata store, or put there by hand
        image = found.card.get("image")
        return found.model_copy(update={"image": image, "source_hash": _card_hash(found)})
    run = by_version[version]
    config = runs.config_of(run)
    model = next(iter(run.nodes["Pusher"].inputs.get("model", ())), None)
    update = {
        "run": runs.describe_one(run, records, released),
        "source_hash": run.told("source_hash") or _card_hash(found),
        "image": run.told("image") or found.card.get("image"),
        "config": config,
        "config_hash": provenance.config_hash(json.dumps(config)) if config else "",
        "differs": differences(config),
        "steps": [] if model is None else _steps(records, model, run),
    }
    return found.model_copy(update=update)


def differences(config: Mapping[str, Any]) -> dict[str, Any]:
    """What of a configuration is not the default, by key with dots; a removed key is not either.

    Args:
        config: a configuration as JSON has it.
    """
    candidate = config.get("candidate")
    try:  # what is compared with a candidate follows from it
        default = load_config(None, data="", candidate=candidate)
    except RunConfigError:  # of a family that there is no more
        default = PipelineConfig(data="")
    usual = {**default.model_dump(mode="json"), "candidate": PipelineConfig(data="").candidate}
    found = _flat_differences(config, usual)
    # What each run is given says nothing.
    return {key: value for key, value in found.items() if key not in ("data", "out")}


def _flat_differences(
    config: Mapping[str, Any], default: Mapping[str, Any], above: str = ""
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in config.items():
        key, usual = above + name, default.get(name)
        if isinstance(value, dict) and isinstance(usual, dict):
            found |= _flat_differences(value, usual, f"{key}.")
        elif value != usual or name not in default:
            found[key] = value
    return found


def _steps(records: Records, model: int, run: RunRecord) -> list[LineageStep]:
    nodes = _with_ingest(records.upstream(model), records)
    pusher = run.nodes["Pusher"]
    steps = [_step(node, records) for node in nodes]
    return [*steps, _step(pusher, records).model_copy(update={"inputs": [model]})]


def _with_ingest(nodes: list[Node], records: Records) -> list[Node]:
    """ImportExampleGen finds the records by their place: no event leads from it to Ingest."""
    found = {node.id: node for node in nodes}
    for node in nodes:
        run = records.run_of(node) if node.name == "ImportExampleGen" else None
        ingested = run.nodes["Ingest"].output("records") if run and "Ingest" in run.nodes else None
        maker = None if ingested is None else records.makers.get(ingested)
        if maker is not None:
            found[maker.id] = maker
    return [found[key] for key in sorted(found)]


def _step(node: Node, records: Records) -> LineageStep:
    run = records.run_of(node)
    return LineageStep(
        node=node.name,
        execution=node.id,
        run=run.name if run else None,
        source_hash=_source_hash(node),
        inputs=sorted({one for ids in node.inputs.values() for one in ids}),
        outputs=[
            _artifact(key, one, records)
            for key, ids in node.outputs.items()
            for one in ids
            if one in records.artifacts
        ],
    )


def _artifact(key: str, number: int, records: Records) -> LineageArtifact:
    artifact = records.artifacts[number]
    return LineageArtifact(
        id=number,
        key=key,
        type=artifact.type,
        uri=text_of(artifact, "pushed_destination") or artifact.uri,
        there=artifact.state == _LIVE,
    )


def _source_hash(node: Node) -> str:
    """Of the code of a node; Trainers, Tuners and Transform have it among others' settings."""
    if own := node.parameter("source_hash"):
        return own
    try:
        settings = json.loads(node.parameter("custom_config") or "null")
    except ValueError:
        return ""
    return str(settings.get("source_hash", "")) if isinstance(settings, dict) else ""


def _card(path: str | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return ModelCard.read(path).model_dump(mode="json")
    except ValueError:
        return {}


def _card_hash(found: LineageStatus) -> str:
    return found.card.get("source_hash") or ""
