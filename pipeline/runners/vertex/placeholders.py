"""What a configuration still has to say before anything can run in the cloud."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pipeline.config import PipelineConfig
from pipeline.runners.vertex.connection import UsageError

#: In a profile's value: somebody has to put their own there.
MARK: Final = "your-"

_NEEDED: Final = (
    ("vertex.project", "ID"),
    ("vertex.region", "REGION"),
    ("vertex.image", "IMAGE"),
    ("storage", "gs://BUCKET/FOLDER"),
)


def on_vertex(config: PipelineConfig) -> bool:
    """Whether all of a run is meant for Vertex, or only Beam's steps for Dataflow."""
    return config.vertex.project is not None or config.dataflow is None


def unsaid(config: PipelineConfig) -> dict[str, str]:
    """The keys that are placeholders, or missing, and what is wrong with each."""
    values = dict(_texts(config.model_dump(mode="json")))
    needed = _NEEDED if on_vertex(config) else _NEEDED[-1:]
    found = {
        key: f"is still the placeholder {value!r}: --set {key}=..."
        for key, value in values.items()
        if MARK in value
    }
    for key, what in needed:
        if key not in values:
            found[key] = f"is needed in the cloud: --set {key}={what}"
    if "://" not in config.data:
        found["data"] = (
            f"containers and workers read from storage, not {config.data!r}: --set data=gs://BUCKET/FOLDER"
        )
    return found


def refuse_in(job: Mapping[str, Any]) -> None:
    """Refuses a job that was compiled with placeholders.

    Args:
        job: a PipelineJob as JSON.

    Raises:
        UsageError: it writes to a placeholder, or its image is one.
    """
    executors = job["pipelineSpec"].get("deploymentSpec", {}).get("executors", {}).values()
    texts = [job.get("runtimeConfig", {}).get("gcsOutputDirectory", "")]
    texts += [executor.get("container", {}).get("image", "") for executor in executors]
    if found := sorted({text for text in texts if MARK in text}):
        raise UsageError(
            f"The pipeline was compiled with placeholders ({', '.join(found)}): compile it with "
            "your own bucket and image."
        )


def _texts(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a configuration, by its key with dots."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _texts(value, f"{above}{key}.")
        elif isinstance(value, str):
            yield f"{above}{key}", value
