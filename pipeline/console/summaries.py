"""One line on what a component did, for the console."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from tfx import types
from tfx.utils import io_utils

from components.data_gate import executor as data_gate
from pipeline import facts

Outputs = dict[str, list[types.Artifact]]


def summarise(node_id: str, outputs: Outputs) -> str:
    """Says in a line what a component made.

    Args:
        node_id: such as "Trainer.als".
        outputs: its output artifacts by key.

    Returns:
        Plain text, empty for a component that nobody needs to hear of.
    """
    make = _SUMMARIES.get(node_id.split(".", maxsplit=1)[0])
    return make(outputs) if make and (outputs or node_id in _RESOLVERS) else ""


def _splits(outputs: Outputs) -> str:
    return "split by hash of pid into train, eval and test"


def _statistics(outputs: Outputs) -> str:
    counts = facts.playlists_by_split(outputs["statistics"][0])
    return " · ".join(f"{split} {count:,}" for split, count in counts.items()) + " playlists"


def _schema(outputs: Outputs) -> str:
    from tensorflow_metadata.proto.v0 import schema_pb2

    path = io_utils.get_only_uri_in_dir(outputs["schema"][0].uri)
    return f"{len(io_utils.parse_pbtxt_file(path, schema_pb2.Schema()).feature)} features"


def _anomalies(key: str) -> Callable[[Outputs], str]:
    def summary(outputs: Outputs) -> str:
        found = data_gate.read_anomalies(outputs[key][0])
        if not found:
            return "no anomalies" if key == "anomalies" else "no skew, no drift"
        by_severity = Counter(anomaly.severity for anomaly in found)
        return ", ".join(
            f"{count} {severity}{'s' if count > 1 else ''}"
            for severity, count in sorted(by_severity.items())
        )

    return summary


def _holdout(outputs: Outputs) -> str:
    return "tracks of eval and test withheld in 10 scenarios"


def _transform(outputs: Outputs) -> str:
    sizes = facts.vocabulary_sizes(outputs["transform_graph"][0])
    return " · ".join(f"{size:,} {name.replace('_', ' ')}" for name, size in sizes.items())


def _tuner(outputs: Outputs) -> str:
    rows = facts.trials(outputs["tuner_results"][0])
    best = rows[0]
    text = f"{len(rows)} trials · NDCG {best['ndcg']:.4f} in trial {best['trial'] + 1}"
    configured = next((row["ndcg"] for row in rows if row["trial"] == 0), None)
    if configured is None:
        return text
    if best["trial"] == 0:
        return f"{len(rows)} trials · none beats what is configured, NDCG {configured:.4f}"
    return f"{text}, {configured:.4f} as configured"


def _trainer(outputs: Outputs) -> str:
    parts = []
    rows = facts.history(outputs["model_run"][0])
    if rows:
        # Training returns to its best epoch, which need not be the last.
        best = max(rows, key=lambda row: row.get("eval_ndcg") or 0.0)
        names = {"epoch": "epoch", "loss": "loss", "eval_ndcg": "eval NDCG"}
        parts = [
            f"{text} {best[key]:.4f}" if isinstance(best[key], float) else f"{text} {best[key]}"
            for key, text in names.items()
            if best.get(key) is not None
        ]
    card = facts.card(outputs["model"][0])
    if card.fit_seconds is not None:
        parts.append(f"fitted in {card.fit_seconds:.1f} s")
    return " · ".join(parts)


def _resolved(outputs: Outputs) -> str:
    return "found the model served now" if outputs.get("model") else "no model is served yet"


def _previous_statistics(outputs: Outputs) -> str:
    found = outputs.get("statistics")
    return "found those of the run before" if found else "this is the first run"


def _evaluator(outputs: Outputs) -> str:
    blessed = outputs["blessing"][0].get_int_custom_property("blessed")
    return "thresholds met" if blessed else "thresholds missed"


def _significance(outputs: Outputs) -> str:
    blessing = facts.judgement(outputs["metrics"][0]).blessing
    verdict = "blessed" if blessing.blessed else "not blessed"
    return f"{verdict}: {blessing.reasons[0]}" if blessing.reasons else verdict


def _infra_check(outputs: Outputs) -> str:
    report = facts.infra_check(outputs["blessing"][0])
    if not report["blessed"]:
        return f"refused: {report['reasons'][0]}"
    return "a served copy answers as it should"


def _pusher(outputs: Outputs) -> str:
    pushed = outputs["pushed_model"][0]
    if facts.pushed_version(pushed) is None:
        return "nothing pushed"
    return f"pushed to {pushed.get_string_custom_property('pushed_destination')}"


_SUMMARIES: dict[str, Callable[[Outputs], str]] = {
    "ImportExampleGen": _splits,
    "PreviousStatistics": _previous_statistics,
    "StatisticsGen": _statistics,
    "SchemaGen": _schema,
    "ImportSchemaGen": _schema,
    "ExampleValidator": _anomalies("anomalies"),
    "DataGate": _anomalies("comparison"),
    "Holdout": _holdout,
    "Transform": _transform,
    "Tuner": _tuner,
    "Trainer": _trainer,
    "ServedModel": _resolved,
    "Evaluator": _evaluator,
    "Significance": _significance,
    "InfraCheck": _infra_check,
    "Pusher": _pusher,
}

# They find something or nothing, and nothing has no outputs.
_RESOLVERS = ("PreviousStatistics", "ServedModel")
