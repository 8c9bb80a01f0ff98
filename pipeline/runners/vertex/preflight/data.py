"""Can the data be read, where it lies in another bucket than the artifacts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipeline.runners.vertex.connection import CloudError
from pipeline.runners.vertex.preflight import policies
from pipeline.runners.vertex.preflight.asking import AbsentError, GoogleApis
from pipeline.runners.vertex.preflight.findings import Wanted, fine, missing, unknown
from schema.status import Finding

_READING: Final = ("storage.objects.get", "storage.objects.list")
_ROLE: Final = "roles/storage.objectViewer"
_PUBLIC: Final = ("allUsers", "allAuthenticatedUsers")


def readable(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The bucket of the data exists, and the caller and the service accounts may read it.

    Of the bucket of `storage` other checks tell.
    """
    name = wanted.data_bucket
    if name is None or name == wanted.bucket:
        return
    try:
        apis.get("storage", f"storage/v1/b/{name}")
    except AbsentError:
        folder = wanted.config.data.partition("{")[0].partition("*")[0].rstrip("/")
        yield missing(
            "data",
            f"there is no gs://{name}, for {wanted.config.data}",
            f"gcloud storage buckets create gs://{name} --project={wanted.project} "
            f"--location={wanted.region} --uniform-bucket-level-access && "
            f"gcloud storage cp --recursive SLICES {folder}",
        )
        return
    except CloudError as error:
        yield unknown("data", error)
    else:
        yield fine("data", f"gs://{name} is there")
    yield policies.caller_in_bucket(
        apis,
        name,
        wanted.member,
        check="data access",
        permissions=_READING,
        role=_ROLE,
        may="read",
    )
    for account in wanted.accounts:
        yield _by_account(wanted, apis, name, account)


def _by_account(wanted: Wanted, apis: GoogleApis, name: str, account: str) -> Finding:
    member = f"serviceAccount:{account}"
    return policies.granted(
        f"data access of {account}",
        _ROLE,
        member,
        (
            lambda: policies.of_bucket(apis, name),
            lambda: policies.of_project(apis, wanted.project),
        ),
        well=f"may read gs://{name}",
        lack=f"neither gs://{name} nor the project grants {_ROLE}",
        grant=policies.grant_in_bucket(name, member, _ROLE),
        everybody=_PUBLIC,
    )
