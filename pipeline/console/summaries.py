"""One line on what a node did, from the artifacts that it left.

Our own components leave their line on an artifact (`schema.artifacts.SUMMARY`). What TFX's
components made is known by the type of their artifacts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import types
from tfx.types import standard_artifacts
from tfx.utils import io_utils

from components.data_gate.anomalies import counted, read_anomalies
from components.report import facts
from schema import artifacts

Found = Mapping[str, types.Artifact]


def summarise(outputs: Mapping[str, Sequence[types.Artifact]]) -> str:
    """Says in a line what a node made.

    Args:
        outputs: its output artifacts by key.

    Returns:
        Plain text, empty for a node without a summary.
    """
    made = [artifact for group in outputs.values() for artifact in group]
    found = {artifact.type_name: artifact for artifact in made}
    for artifact in made:
        if text := artifact.get_string_custom_property(artifacts.SUMMARY):
            return text
    return next((say(found) for kind, say in _MADE.items() if kind in found), "")


def _vocabularies(found: Found) -> str:
    graph = found[standard_artifacts.TransformGraph.TYPE_NAME]
    sizes = facts.vocabulary_sizes(graph)
    parts = [f"{size:,} {name.replace('_', ' ')}" for name, size in sizes.items()]
    if told := graph.get_string_custom_property(artifacts.ANALYSED):
        numbers = ", ".join(map(str, json.loads(told))) or "none"
        parts.append(f"analysed anew: span {numbers}")
    return " · ".join(parts)


def _trials(found: Found) -> str:
    trials = facts.trials(found[standard_artifacts.TunerResults.TYPE_NAME])
    best = trials[0]
    text = f"{len(trials)} trials · NDCG {best.ndcg:.4f} in trial {(best.trial or 0) + 1}"
    configured = next((trial.ndcg for trial in trials if trial.trial == 0), None)
    if configured is None:
        return text
    if best.trial == 0:
        return f"{len(trials)} trials · none beats what is configured, NDCG {configured:.4f}"
    return f"{text}, {configured:.4f} as configured"


def _training(found: Found) -> str:
    parts = []
    run = found.get(standard_artifacts.ModelRun.TYPE_NAME)
    if run is not None and (rows := facts.history(run)):
        # The best epoch is the one that is chosen, not always the last; else all were run.
        judged = [row for row in rows if row.get("stop_ndcg") is not None]
        best = max(judged, key=lambda row: row["stop_ndcg"]) if judged else rows[-1]
        names = {"epoch": "epoch", "loss": "loss", "stop_ndcg": "stop NDCG"}
        parts = [
            f"{text} {best[key]:.4f}" if isinstance(best[key], float) else f"{text} {best[key]}"
            for key, text in names.items()
            if best.get(key) is not None
        ]
    card = facts.card(found[standard_artifacts.Model.TYPE_NAME])
    if card.fit_seconds is not None:
        parts.append(f"fitted in {card.fit_seconds:.1f} s")
    if card.start is not None and card.start.start == "served":
        parts.append(f"from version {card.start.version}")
    elif card.start is not None:
        parts.append(f"from scratch: {card.start.reason}")
    return " · ".join(parts)


def _anomalies(found: Found) -> str:
    anomalies = read_anomalies(found[standard_artifacts.ExampleAnomalies.TYPE_NAME])
    return counted(anomalies) or "no anomalies"


def _playlists(found: Found) -> str:
    counts = facts.playlists_by_split(found[standard_artifacts.ExampleStatistics.TYPE_NAME])
    return " · ".join(f"{split} {count:,}" for split, count in counts.items()) + " playlists"


def _features(found: Found) -> str:
    path = io_utils.get_only_uri_in_dir(found[standard_artifacts.Schema.TYPE_NAME].uri)
    return f"{len(io_utils.parse_pbtxt_file(path, schema_pb2.Schema()).feature)} features"


#: By type of artifact; of a node that makes several, the first type here speaks.
_MADE: dict[str, Callable[[Found], str]] = {
    standard_artifacts.TransformGraph.TYPE_NAME: _vocabularies,
    standard_artifacts.TunerResults.TYPE_NAME: _trials,
    standard_artifacts.Model.TYPE_NAME: _training,
    standard_artifacts.ExampleAnomalies.TYPE_NAME: _anomalies,
    standard_artifacts.ExampleStatistics.TYPE_NAME: _playlists,
    standard_artifacts.Schema.TYPE_NAME: _features,
}
