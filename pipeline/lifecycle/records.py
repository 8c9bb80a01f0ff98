"""All that ML Metadata knows of the runs of one output directory, read once."""

from __future__ import annotations

import dataclasses
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import constants

from pipeline.lifecycle.provenance import RUN_CONTEXT

_AT_ONCE: Final = 1_000  # ids in one question
_EVENT: Final = metadata_store_pb2.Event  # type: ignore[attr-defined]
_EXECUTION: Final = metadata_store_pb2.Execution  # type: ignore[attr-defined]
#: TFX publishes what an execution made, and what a cached one took, as these.
_OUTPUTS: Final = (_EVENT.OUTPUT, _EVENT.DECLARED_OUTPUT)
_INPUTS: Final = (_EVENT.INPUT, _EVENT.DECLARED_INPUT)


@dataclasses.dataclass(frozen=True)
class Node:
    """What became of a node in a run, or of the node of an importer outside of any.

    Attributes:
        id: of the execution.
        name: the node's, such as "Trainer.als".
        execution: ML Metadata's.
        inputs: ids of artifacts by key.
        outputs: ids of artifacts by key; of a cached node those that it took.
    """

    id: int
    name: str
    execution: Any
    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]

    @property
    def cached(self) -> bool:
        """Whether it took the results of an earlier execution."""
        return self.execution.last_known_state == _EXECUTION.CACHED

    @property
    def ended_well(self) -> bool:
        """Whether it made its outputs, or took them from the cache."""
        return self.execution.last_known_state in (_EXECUTION.COMPLETE, _EXECUTION.CACHED)

    @property
    def failed(self) -> bool:
        """Whether it raised an error."""
        return self.execution.last_known_state == _EXECUTION.FAILED

    @property
    def touched(self) -> set[int]:
        """The ids of its artifacts."""
        return {one for each in (self.inputs, self.outputs) for ids in each.values() for one in ids}

    def parameter(self, name: str) -> str:
        """A parameter of the component as text, "" where it has none of that name."""
        return text_of(self.execution, name)

    def output(self, key: str) -> int | None:
        """The artifact of an output, None where there is none."""
        return next(iter(self.outputs.get(key, ())), None)


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes:
        context: ML Metadata's.
        nodes: by name, in the order in which they ran; of several executions the last.
    """

    context: Any
    nodes: Mapping[str, Node]

    @property
    def name(self) -> str:
        """The run's id."""
        return self.context.name

    @property
    def touched(self) -> set[int]:
        """The ids of the artifacts that any of its nodes read, made or took."""
        return {one for node in self.nodes.values() for one in node.touched}

    def told(self, name: str) -> str:
        """What was recorded of it, "" where nothing was; see `provenance.Provenance`."""
        return text_of(self.context, name)


@dataclasses.dataclass(frozen=True)
class Records:
    """The runs, the newest first, and all artifacts.

    Attributes:
        runs: those of the output directory.
        nodes: by execution.
        artifacts: by id, those of other directories in the same database as well, as nodes are.
        makers: by artifact, the node that made it: the first that has it as an output.
    """

    runs: tuple[RunRecord, ...]
    nodes: Mapping[int, Node]
    artifacts: Mapping[int, Any]
    makers: Mapping[int, Node]

    def run_of(self, node: Node) -> RunRecord | None:
        """The run in which a node ran."""
        found = (run for run in self.runs if any(one.id == node.id for one in run.nodes.values()))
        return next(found, None)

    def upstream(self, artifact: int) -> list[Node]:
        """The nodes that led to an artifact, the first that ran first; its maker is the last."""
        found: dict[int, Node] = {}
        waiting = [artifact]
        while waiting:
            maker = self.makers.get(waiting.pop())
            if maker is not None and maker.id not in found:
                found[maker.id] = maker
                waiting += [one for ids in maker.inputs.values() for one in ids]
        return [found[key] for key in sorted(found)]


def read(store: Any, out: str | None = None) -> Records:
    """Reads the metadata.

    Args:
        store: ML Metadata's MetadataStore.
        out: where other output directories keep their metadata in the same database: the one whose
            runs are meant, without links; None where all are of one.
    """
    names = _node_names(store)
    contexts = [
        context
        for context in store.get_contexts_by_type(RUN_CONTEXT)
        if out is None or _is(text_of(context, "out"), out)
    ]
    executions = {each.id: each for each in store.get_executions()}
    inputs, outputs = _events(store, sorted(executions))
    nodes = {
        key: Node(key, names.get(key, ""), execution, inputs[key], outputs[key])
        for key, execution in executions.items()
    }
    makers: dict[int, Node] = {}
    for key in sorted(nodes):
        for ids in nodes[key].outputs.values():
            for one in ids:
                makers.setdefault(one, nodes[key])
    runs = [
        RunRecord(context, _in_order(nodes[each.id] for each in own))
        for context in contexts
        for own in [store.get_executions_by_context(context.id)]
    ]
    runs.sort(key=lambda run: run.context.create_time_since_epoch, reverse=True)
    artifacts = {each.id: each for each in store.get_artifacts()}
    return Records(tuple(runs), nodes, artifacts, makers)


def text_of(thing: Any, name: str) -> str:
    """A property, own or custom, of an artifact, execution or context as text, "" without one."""
    for properties in (thing.custom_properties, thing.properties):
        if name in properties:
            value = properties[name]
            kind = value.WhichOneof("value")
            return str(getattr(value, kind)) if kind else ""
    return ""


def _is(recorded: str, out: str) -> bool:
    """Whether a run's directory is this one: it may have been named by a link."""
    return bool(recorded) and os.path.realpath(recorded) == out


def _node_names(store: Any) -> dict[int, str]:
    """The node of each execution: its context is called PIPELINE.NODE."""
    found = {}
    pipelines = [
        context.name for context in store.get_contexts_by_type(constants.PIPELINE_CONTEXT_TYPE_NAME)
    ]
    for context in store.get_contexts_by_type(constants.NODE_CONTEXT_TYPE_NAME):
        of = next((each for each in pipelines if context.name.startswith(f"{each}.")), "")
        name = context.name.removeprefix(f"{of}.")
        for execution in store.get_executions_by_context(context.id):
            found[execution.id] = name
    return found


_Keyed = dict[int, dict[str, tuple[int, ...]]]


def _events(store: Any, ids: list[int]) -> tuple[_Keyed, _Keyed]:
    inputs: _Keyed = defaultdict(dict)
    outputs: _Keyed = defaultdict(dict)
    for event in _asked(store, ids):
        of = outputs if event.type in _OUTPUTS else inputs if event.type in _INPUTS else None
        if of is not None:
            key = next((step.key for step in event.path.steps if step.key), "")
            known = of[event.execution_id].get(key, ())
            of[event.execution_id][key] = (*known, event.artifact_id)
    return inputs, outputs


def _asked(store: Any, ids: list[int]) -> Iterator[Any]:
    for start in range(0, len(ids), _AT_ONCE):
        yield from store.get_events_by_execution_ids(ids[start : start + _AT_ONCE])


def _in_order(nodes: Iterable[Node]) -> dict[str, Node]:
    return {node.name: node for node in sorted(nodes, key=lambda node: node.id)}
