"""Can the data be read, where it lies in another bucket than the artifacts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipeline.runners.vertex.connection import CloudError
from pipeline.runners.vertex.preflight import access
from pipeline.runners.vertex.preflight.asking import AbsentError, GoogleApis, UnreachableError
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
    except UnreachableError:
        raise
    except CloudError as error:
        yield unknown("data", error)
    else:
        yield fine("data", f"gs://{name} is there")
    yield from _by_caller(wanted, apis, name)
    for account in wanted.accounts:
        yield _by_account(wanted, apis, name, account)


def _by_caller(wanted: Wanted, apis: GoogleApis, name: str) -> Iterator[Finding]:
    check = "data access"
    try:
        path = f"storage/v1/b/{name}/iam/testPermissions"
        held = apis.get("storage", path, permissions=list(_READING)).get("permissions", [])
    except UnreachableError:
        raise
    except CloudError as error:
        yield unknown(check, error)
        return
    if lacking := sorted(set(_READING) - set(held)):
        grant = _grant(name, wanted.member)
        yield missing(check, f"you lack {', '.join(lacking)} in gs://{name}", grant)
    else:
        yield fine(check, f"you may read gs://{name}")


def _by_account(wanted: Wanted, apis: GoogleApis, name: str, account: str) -> Finding:
    check, member = f"data access of {account}", f"serviceAccount:{account}"
    held: set[str] = set()
    try:
        for service, path, verb in (
            ("storage", f"storage/v1/b/{name}/iam", apis.get),
            (
                "cloudresourcemanager",
                f"v1/projects/{wanted.project}:getIamPolicy",
                lambda service, path: apis.post(service, path, {}),
            ),
        ):
            policy = verb(service, path)
            held |= access.roles(policy, member)
            if access.covers(held, _ROLE) or any(
                access.covers(access.roles(policy, public), _ROLE) for public in _PUBLIC
            ):
                return fine(check, f"may read gs://{name}")
    except UnreachableError:
        raise
    except CloudError as error:
        return unknown(check, f"a policy: {error}")
    if own := sorted(role for role in held if not role.startswith("roles/")):
        return unknown(check, f"it may be in {', '.join(own)}, whose contents are not looked at")
    return missing(
        check, f"neither gs://{name} nor the project grants {_ROLE}", _grant(name, member)
    )


def _grant(name: str, member: str) -> str:
    return (
        f"gcloud storage buckets add-iam-policy-binding gs://{name} "
        f'--member="{member}" --role={_ROLE}'
    )
