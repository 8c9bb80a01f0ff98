"""All checks, one after the other: what is missing is named at once, not one thing a try."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from typing import Final

from pipeline.config import PipelineConfig
from pipeline.runners.vertex import placeholders
from pipeline.runners.vertex.connection import CloudError
from pipeline.runners.vertex.preflight import access, capacity, data, keys, network, places
from pipeline.runners.vertex.preflight.asking import GoogleApis, UnreachableError
from pipeline.runners.vertex.preflight.findings import Check, Wanted, missing, unknown
from schema.status import Finding

_CHECKS: Final[dict[str, Check]] = {
    "project": places.project,
    "region": places.region,
    "APIs": places.enabled,
    "bucket": places.bucket,
    "data": data.readable,
    "image": places.image,
    "your role": access.caller,
    "service account": access.act_as,
    "roles of the service account": access.service_account,
    "quotas": capacity.quotas,
    "quotas of the workers": capacity.workers,
    "keys": keys.usable,
    "network": network.peering,
    "subnetwork of the workers": network.subnetwork,
}


def check(
    config: PipelineConfig, apis: GoogleApis | None = None, needless: Collection[str] = ()
) -> Iterator[Finding]:
    """Looks whether the project has all that a submission needs.

    Args:
        config: what is to be submitted.
        apis: asks Google.
        needless: keys of the configuration that do not count, whatever they say.

    Yields:
        A finding for each thing, as soon as it is known; whatever keeps a check from looking is a
        finding too.
    """
    apis = apis or GoogleApis()
    unsaid = {key: why for key, why in placeholders.unsaid(config).items() if key not in needless}
    for key, why in unsaid.items():
        yield missing(f"configuration {key}", why)
    section, place = "vertex", (config.vertex.project, config.vertex.region)
    if not placeholders.on_vertex(config) and config.dataflow is not None:
        section, place = "dataflow", (config.dataflow.project, config.dataflow.region)
    project, region = place
    if not project or not region or unsaid.keys() & {f"{section}.project", f"{section}.region"}:
        yield unknown("Google Cloud", f"{section}.project and {section}.region come first")
        return
    try:
        member = apis.member()
    except UnreachableError as error:
        yield _unreachable(error)
        return
    except CloudError as error:
        yield missing("credentials", str(error), "gcloud auth application-default login")
        return
    if apis.left_out:
        yield unknown("Google's APIs", apis.left_out)
    wanted = Wanted(config, project, region, member)
    wanted = dataclasses.replace(wanted, number=_number(wanted, apis))
    for name, checking in _CHECKS.items():
        if apis.left_out and checking is not places.bucket:
            continue
        try:
            yield from _said(checking(wanted, apis), unsaid)
        except UnreachableError as error:
            yield _unreachable(error)
            return
        except CloudError as error:
            yield unknown(name, error)


def _said(found: Iterator[Finding], unsaid: dict[str, str]) -> Iterator[Finding]:
    """Leaves out what is wrong with a placeholder only."""
    for finding in found:
        if not any(placeholders.MARK in text for text in (finding.check, finding.detail)):
            yield finding


def _unreachable(error: UnreachableError) -> Finding:
    return missing(
        "connection",
        f"Google cannot be reached from here: {error}",
        "curl --head https://www.googleapis.com",
    )


def _number(wanted: Wanted, apis: GoogleApis) -> str | None:
    """The project's number, which names its default service account."""
    try:
        found = apis.get("cloudresourcemanager", f"v1/projects/{wanted.project}")
    except (CloudError, UnreachableError):
        return None  # the first check meets it too, and tells it
    return found.get("projectNumber")
