"""What ML Metadata is told of a run beside what TFX tells it: code, configuration, container."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any, Final

from tfx.dsl.compiler import constants
from tfx.orchestration import metadata
from tfx.orchestration.portable.mlmd import context_lib

from pipeline import __version__, source_hash
from pipeline.config import PipelineConfig
from schema import provenance

#: TFX's type of the context that all executions of a run belong to.
RUN_CONTEXT: Final = constants.PIPELINE_RUN_CONTEXT_TYPE_NAME
#: Custom properties of a run's context: those of `Provenance`, and these.
FAILED_NODE: Final = "failed_node"
ERROR: Final = "error"
#: When it had run all of its nodes, ISO 8601.
ENDED: Final = "ended"
_GIT_SECONDS: Final = 10


@dataclasses.dataclass(frozen=True)
class Provenance:
    """What a run is made by, as custom properties of its context; "" where it is not known.

    Attributes:
        out: the output directory.
        version: Segue's own.
        source_hash: of all of its code.
        commit: that the code is of, with "+" where files differ from it.
        image: the container image that it runs in; of a Dataflow run that of its workers.
        config: the whole configuration as JSON.
        config_hash: of that.
    """

    out: str = ""
    version: str = ""
    source_hash: str = ""
    commit: str = ""
    image: str = ""
    config: str = ""
    config_hash: str = ""

    @classmethod
    def of(cls, config: PipelineConfig) -> Provenance:
        """What a run of this code is made by."""
        text = config.model_dump_json()
        workers = config.dataflow.image if config.dataflow and config.dataflow.chosen else None
        return cls(
            out=os.path.abspath(config.out),
            version=__version__,
            source_hash=source_hash.of_packages(*source_hash.OURS),
            commit=provenance.commit() or _checked_out(),
            image=provenance.image() or workers or "",
            config=text,
            config_hash=config_hash(text),
        )


def config_hash(config: str) -> str:
    """The hash of a configuration in JSON, whatever the order of its keys."""
    return provenance.config_hash(json.loads(config))


def record(connection: Any, run: str, properties: Mapping[str, str]) -> None:
    """Puts custom properties on the context of a run, which is made where it is missing.

    Args:
        connection: TFX's or ML Metadata's, of a metadata store.
        run: the run's id.
        properties: beside those that are there; "" is left out.
    """
    with metadata.Metadata(connection) as handle:
        context = context_lib.register_context_if_not_exists(handle, RUN_CONTEXT, run)
        for name, value in properties.items():
            if value:
                context.custom_properties[name].string_value = value
        handle.store.put_contexts([context])


def _checked_out() -> str:
    """The commit of the working tree that the code lies in; "" where it lies in none."""
    root, git = pathlib.Path(__file__).resolve().parents[2], shutil.which("git")
    if git is None or not (root / ".git").exists():
        return ""

    def ask(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [git, "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=True,
        )
        return done.stdout.strip()

    try:
        commit = ask("rev-parse", "HEAD")
        return commit + "+" * bool(ask("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return ""
