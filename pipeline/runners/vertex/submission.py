"""Submits a compiled pipeline: completes the job, uploads what it reads, starts it once."""

from __future__ import annotations

import copy
import dataclasses
import datetime
import json
import pathlib
import secrets
from collections.abc import Mapping
from typing import Any, Final

from pipeline.config import PipelineConfig
from pipeline.runners.vertex import placeholders, storage
from pipeline.runners.vertex.client import Place, VertexClient
from pipeline.runners.vertex.connection import UsageError
from schema.layout import Layout

_POLICIES = {
    "fast": "PIPELINE_FAILURE_POLICY_FAIL_FAST",
    "slow": "PIPELINE_FAILURE_POLICY_FAIL_SLOW",
}
#: What the service knows of a job and a pipeline's format does not: the configuration has it.
_OF_THE_SERVICE: Final = frozenset(
    {"serviceAccount", "network", "reservedIpRanges", "encryptionSpec"}
)


@dataclasses.dataclass(frozen=True)
class Submitted:
    """A job that was started.

    Attributes:
        name: the whole name of the job.
        link: its page in Google's console.
        specification: where what was started is kept.
    """

    name: str
    link: str
    specification: str


def new_job_id(name: str, now: datetime.datetime | None = None) -> str:
    """An id that no other submission has, with the time at which it was made (UTC)."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    return f"{name[:100]}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def read_specification(path: str, store: storage.TextStore | None = None) -> dict[str, Any]:
    """A saved job: what `segue submit vertex --dry-run` printed, or a submission kept.

    Args:
        path: a file, or its address in Cloud Storage.
        store: reads from Cloud Storage.

    Raises:
        UsageError: it cannot be read, or is no compiled pipeline.
    """
    if path.startswith("gs://"):
        text = store.read(path) if store else None
        if text is None:
            raise UsageError(f"--spec: there is no {path}.")
    else:
        try:
            text = pathlib.Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--spec: cannot read {path}: {error}") from error
    try:
        job = json.loads(text)
    except ValueError as error:
        raise UsageError(f"--spec: {path} is not JSON: {error}") from error
    if isinstance(job, dict) and "root" in job:  # the specification alone
        job = {"pipelineSpec": job}
    if not isinstance(job, dict) or "root" not in job.get("pipelineSpec", {}):
        raise UsageError(f"--spec: {path} holds no compiled pipeline, such as --dry-run prints.")
    return job


def complete(job: Mapping[str, Any], config: PipelineConfig) -> dict[str, Any]:
    """The job with all that the configuration says about the pipeline.

    It is a `PipelineJob` of the pipeline-spec format; what the service takes besides, `as_sent`
    puts in.

    Args:
        job: a compiled PipelineJob as JSON; it is left as it is.
        config: whose `vertex` and `storage` count.
    """
    options = config.vertex
    done = {key: copy.deepcopy(job[key]) for key in job if key not in _OF_THE_SERVICE}
    done.setdefault("displayName", config.name)
    runtime = done.setdefault("runtimeConfig", {})
    runtime.pop("failurePolicy", None)
    if config.storage:
        runtime.setdefault("gcsOutputDirectory", Layout.under(config.storage).pipeline_root)
    if labels := {**done.get("labels", {}), **options.labels}:
        done["labels"] = labels
    if not options.caching:
        _never_cache(done["pipelineSpec"])
    return done


def as_sent(job: Mapping[str, Any], config: PipelineConfig) -> dict[str, Any]:
    """The job as the service takes it: as whom it runs, in which network, under which key.

    Args:
        job: what `complete` returned; it is left as it is.
        config: whose `vertex` counts.
    """
    options = config.vertex
    runtime = {**job["runtimeConfig"], "failurePolicy": _POLICIES[options.failure_policy]}
    done = {**job, "runtimeConfig": runtime}
    if options.service_account:
        done["serviceAccount"] = options.service_account
    if options.network:
        done["network"] = options.network
    if options.reserved_ip_ranges:
        done["reservedIpRanges"] = list(options.reserved_ip_ranges)
    if options.kms_key:
        done["encryptionSpec"] = {"kmsKeyName": options.kms_key}
    return done


def upload(
    config: PipelineConfig,
    job: Mapping[str, Any],
    files: Mapping[str, str],
    job_id: str,
    store: storage.TextStore,
) -> str:
    """Uploads what the job reads and what it is.

    Returns:
        Where the specification is kept.

    Raises:
        UsageError: if the job was compiled with placeholders.
        CloudError: if Google refuses, or cannot be reached for long.
    """
    placeholders.refuse_in(job)
    specification = f"{config.storage}/specifications/{job_id}.json"
    store.write({**files, specification: json.dumps(job, indent=1)})
    return specification


def submit(
    config: PipelineConfig,
    job: Mapping[str, Any],
    files: Mapping[str, str],
    job_id: str,
    *,
    client: VertexClient,
    store: storage.TextStore,
) -> Submitted:
    """Uploads what the job reads and what it is, then starts it.

    Args:
        config: with `storage`; says as whom the job runs, too.
        job: what `complete` returned.
        files: texts that components read, by address.
        job_id: the id to start it under.
        client: starts it.
        store: uploads.

    Raises:
        UsageError: if the job was compiled with placeholders.
        CloudError: if Google refuses, or cannot be reached for long.
    """
    specification = upload(config, job, files, job_id, store)
    started = client.create_job(as_sent(job, config), job_id)
    return Submitted(
        name=started.name,
        link=console_link(client.place, started.name),
        specification=specification,
    )


def console_link(place: Place, name: str) -> str:
    """A job's page in Google's console."""
    return (
        f"https://console.cloud.google.com/vertex-ai/locations/{place.region}/pipelines/runs/"
        f"{name.rpartition('/')[2]}?project={place.project}"
    )


def _never_cache(specification: Mapping[str, Any]) -> None:
    """Lets every task of a specification, and of pipelines inside it, compute anew."""
    inner = specification.get("components", {}).values()
    for component in (specification["root"], *inner):
        for task in component.get("dag", {}).get("tasks", {}).values():
            task["cachingOptions"] = {"enableCache": False}
