"""Is what a run needs there: project, region, APIs, bucket, image."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator

from pipeline.runners.vertex.connection import CloudError
from pipeline.runners.vertex.preflight import policies
from pipeline.runners.vertex.preflight.asking import AbsentError, GoogleApis
from pipeline.runners.vertex.preflight.findings import Image, Wanted, fine, missing, unknown
from schema.status import Finding

_APIS = ("storage", "artifactregistry", "compute", "iam", "cloudresourcemanager")
_IMAGE = re.compile(
    r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[^/]+)/(?P<repository>[^/]+)/"
    r"(?P<package>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
#: What the caller does in the bucket: uploads, reads reports and errors.
_IN_BUCKET = ("storage.objects.create", "storage.objects.get", "storage.objects.delete")


def project(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The project exists and is in use."""
    name = wanted.project
    try:
        found = apis.get("cloudresourcemanager", f"v1/projects/{name}")
    except CloudError as error:
        if not isinstance(error, AbsentError) and "disabled" in str(error):
            raise
        # Of a project that is not there, and of one that is not theirs, people hear the same.
        yield missing(
            "project",
            f"{name} does not exist, or you may not see it ({error})",
            f"gcloud projects create {name}",
        )
        return
    state = found.get("lifecycleState", "ACTIVE")
    if state == "ACTIVE":
        yield fine("project", f"{name} is there")
    else:
        yield missing("project", f"{name} is {state}", f"gcloud projects undelete {name}")


def region(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """Vertex runs in the region."""
    if not wanted.on_vertex:
        return
    found = apis.get("aiplatform", f"v1/projects/{wanted.project}/locations", pageSize=200)
    known = sorted(place["locationId"] for place in found.get("locations", []))
    if wanted.region in known:
        yield fine("region", f"Vertex runs in {wanted.region}")
    else:
        yield missing(
            "region",
            f"Vertex does not run in vertex.region {wanted.region}; it does in {', '.join(known)}",
            "gcloud compute regions list",
        )


def enabled(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The APIs are switched on."""
    parent = f"projects/{wanted.project}/services"
    names = [f"{api}.googleapis.com" for api in (*_APIS, *_more_apis(wanted))]
    found = apis.get(
        "serviceusage", f"v1/{parent}:batchGet", names=[f"{parent}/{name}" for name in names]
    )
    on = {
        service["name"].rpartition("/")[2]
        for service in found.get("services", [])
        if service.get("state") == "ENABLED"
    }
    for name in names:
        if name not in on:
            yield missing(
                f"API {name}",
                f"is off in {wanted.project}",
                f"gcloud services enable {name} --project={wanted.project}",
            )
    if on.issuperset(names):
        yield fine("APIs", f"{len(names)} are on")


def bucket(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The bucket exists, where the jobs run, and the caller may write to it."""
    name = wanted.bucket
    if name is None:  # told of the configuration
        return
    where = f"--project={wanted.project} --location={wanted.region}"
    create = f"gcloud storage buckets create gs://{name} {where} --uniform-bucket-level-access"
    try:
        found = apis.get("storage", f"storage/v1/b/{name}")
    except AbsentError:
        yield missing("bucket", f"there is no gs://{name}", create)
        return
    except CloudError as error:
        yield unknown("bucket", error)
    else:
        if _holds(found, wanted.region):
            yield fine("bucket", f"gs://{name} is in {found.get('location', 'no known place')}")
        else:
            yield missing(
                "bucket",
                f"gs://{name} is in {found['location']}, and jobs run in {wanted.region}: data "
                "would travel at each read; a bucket there is made by",
                create.replace(f"gs://{name}", f"gs://{name}-{wanted.region}"),
            )
    yield policies.caller_in_bucket(
        apis,
        name,
        wanted.member,
        check="bucket access",
        permissions=_IN_BUCKET,
        role="roles/storage.objectAdmin",
        may="write to",
    )


def _holds(found: dict, region: str) -> bool:
    """Whether a bucket lies in a region, or in a group of regions with it."""
    location = found.get("location", region).lower()
    placed = found.get("customPlacementConfig", {}).get("dataLocations", [])
    continents = {"eu": "europe-", "us": "us-", "asia": "asia-"}
    pairs = {
        "eur4": ("europe-north1", "europe-west4"),
        "nam4": ("us-central1", "us-east1"),
        "asia1": ("asia-northeast1", "asia-northeast2"),
    }
    return (
        location == region
        or region in (place.lower() for place in placed)
        or region in pairs.get(location, ())
        or (location in continents and region.startswith(continents[location]))
    )


def image(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The image of the containers, and that of workers, are in Artifact Registry."""
    for each in wanted.images:
        yield from _image(each, apis)


def _image(wanted: Image, apis: GoogleApis) -> Iterator[Finding]:
    check, name = wanted.check, wanted.name
    parts = _IMAGE.fullmatch(name)
    if parts is None:
        yield unknown(check, f"{name} is not of Artifact Registry (LOCATION-docker.pkg.dev/...)")
        return
    parent = f"projects/{parts['project']}/locations/{parts['location']}"
    repository = f"{parent}/repositories/{parts['repository']}"
    tag, lock = name.partition("@")[0], " --build-arg LOCK=gpu" if wanted.gpu else ""
    push = f"docker build -f deploy/Dockerfile{lock} --tag {tag} . && docker push {tag}"
    try:
        apis.get("artifactregistry", f"v1/{repository}")
    except AbsentError:
        yield missing(
            check,
            f"there is no repository {parts['repository']} in {parts['location']}, for {name}",
            f"gcloud artifacts repositories create {parts['repository']} "
            f"--repository-format=docker --location={parts['location']} "
            f"--project={parts['project']} && {push}",
        )
        return
    package = urllib.parse.quote(parts["package"], safe="")
    if parts["digest"]:
        path = f"v1/{repository}/dockerImages/{package}@{parts['digest']}"
    else:
        path = f"v1/{repository}/packages/{package}/tags/{parts['tag'] or 'latest'}"
    try:
        apis.get("artifactregistry", path)
    except AbsentError:
        yield missing(check, f"{name} is not in its repository", push)
        return
    by_tag = "" if parts["digest"] else "; by digest (IMAGE@sha256:...) Vertex's cache would see it"
    yield fine(check, f"{name} is there{by_tag}")


def _more_apis(wanted: Wanted) -> tuple[str, ...]:
    network = ("servicenetworking",) if wanted.config.vertex.network else ()
    kms = ("cloudkms",) if wanted.keys else ()
    vertex = ("aiplatform",) if wanted.on_vertex else ()
    return (*vertex, *(("dataflow",) if wanted.uses_dataflow else ()), *network, *kms)
