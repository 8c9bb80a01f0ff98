"""What policies grant, to accounts and to the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pipeline.runners.vertex.connection import CloudError
from pipeline.runners.vertex.preflight.asking import GoogleApis
from pipeline.runners.vertex.preflight.findings import fine, missing, unknown
from schema.status import Finding

#: Roles that hold what another one does.
_STRONGER: Final = {
    "roles/aiplatform.user": ("roles/aiplatform.admin",),
    "roles/storage.objectViewer": (
        "roles/storage.admin",
        "roles/storage.objectAdmin",
        "roles/storage.objectUser",
    ),
    "roles/storage.objectAdmin": ("roles/storage.admin", "roles/storage.objectUser"),
    "roles/dataflow.developer": ("roles/dataflow.admin",),
    "roles/artifactregistry.reader": (
        "roles/artifactregistry.writer",
        "roles/artifactregistry.admin",
    ),
}
_ALL: Final = ("roles/owner", "roles/editor")


def roles(policy: Mapping, member: str) -> set[str]:
    """The roles that a policy grants to somebody."""
    return {
        binding["role"] for binding in policy.get("bindings", []) if member in binding["members"]
    }


def covers(held: set[str], role: str) -> bool:
    """Whether one of the roles does what the role does."""
    return not held.isdisjoint((role, *_STRONGER.get(role, ()), *_ALL))


def of_project(apis: GoogleApis, project: str) -> dict[str, Any]:
    """The policy of a project."""
    return apis.post("cloudresourcemanager", f"v1/projects/{project}:getIamPolicy", {})


def of_bucket(apis: GoogleApis, bucket: str) -> dict[str, Any]:
    """The policy of a bucket."""
    return apis.get("storage", f"storage/v1/b/{bucket}/iam")


def granted(
    check: str,
    role: str,
    member: str,
    policies: Iterable[Callable[[], Mapping[str, Any]]],
    *,
    well: str,
    lack: str,
    grant: str,
    everybody: Sequence[str] = (),
) -> Finding:
    """Whether one of several policies lets somebody do what a role does.

    Args:
        check: what the finding is called.
        role: that is needed.
        member: who needs it.
        policies: read one after the other, until one grants it.
        well: what is told then.
        lack: what is told where none does.
        grant: the command that mends it.
        everybody: members that stand for all.
    """
    held: set[str] = set()
    try:
        for read in policies:
            policy = read()
            held |= roles(policy, member)
            if any(covers(each, role) for each in (held, *(roles(policy, m) for m in everybody))):
                return fine(check, well)
    except CloudError as error:
        return unknown(check, f"a policy: {error}")
    return lacking(check, held, lack, grant)


def lacking(check: str, held: set[str], lack: str, grant: str) -> Finding:
    """What is told where no known role grants something: roles of one's own may."""
    if own := sorted(name for name in held if not name.startswith("roles/")):
        return unknown(check, f"it may be in {', '.join(own)}, whose contents are not looked at")
    return missing(check, lack, grant)


def caller_in_bucket(
    apis: GoogleApis,
    bucket: str,
    member: str,
    *,
    check: str,
    permissions: Sequence[str],
    role: str,
    may: str,
) -> Finding:
    """Whether the caller has permissions in a bucket.

    Args:
        apis: asks Google.
        bucket: its name.
        member: the caller, as policies name people.
        check: what the finding is called.
        permissions: that are needed.
        role: that holds them.
        may: what they let the caller do, such as "read".
    """
    try:
        path = f"storage/v1/b/{bucket}/iam/testPermissions"
        held = apis.get("storage", path, permissions=list(permissions)).get("permissions", [])
    except CloudError as error:
        return unknown(check, error)
    if lack := sorted(set(permissions) - set(held)):
        detail = f"you lack {', '.join(lack)} in gs://{bucket}"
        return missing(check, detail, grant_in_bucket(bucket, member, role))
    return fine(check, f"you may {may} gs://{bucket}")


def grant_in_bucket(bucket: str, member: str, role: str) -> str:
    """The command that grants a role in a bucket."""
    return (
        f"gcloud storage buckets add-iam-policy-binding gs://{bucket} "
        f'--member="{member}" --role={role}'
    )


def grant_in_project(project: str, member: str, role: str) -> str:
    """The command that grants a role in a project."""
    return (
        f'gcloud projects add-iam-policy-binding {project} --member="{member}" --role={role} '
        "--condition=None"
    )
