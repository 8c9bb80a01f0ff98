"""May they: the caller start jobs, and the service account do what containers do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.runners.vertex.connection import CloudError
from pipeline.runners.vertex.preflight.asking import AbsentError, GoogleApis, UnreachableError
from pipeline.runners.vertex.preflight.findings import Wanted, fine, missing, unknown
from schema.status import Finding

_JOBS = ("create", "get", "list", "cancel")
_SCHEDULES = ("create", "list", "update", "delete")
#: Roles that hold what another one does.
_STRONGER = {
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
_ALL = ("roles/owner", "roles/editor")


def caller(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The caller may start, see and cancel jobs, and schedule them where that is configured."""
    role = "roles/aiplatform.user" if wanted.on_vertex else "roles/dataflow.developer"
    kind = "aiplatform.pipelineJobs" if wanted.on_vertex else "dataflow.jobs"
    needed = [f"{kind}.{verb}" for verb in _JOBS]
    if wanted.on_vertex and wanted.config.vertex.schedule.cron:
        needed += [f"aiplatform.schedules.{verb}" for verb in _SCHEDULES]
    path = f"v1/projects/{wanted.project}:testIamPermissions"
    held = apis.post("cloudresourcemanager", path, {"permissions": needed}).get("permissions", [])
    if lacking := sorted(set(needed) - set(held)):
        yield missing(
            "your role",
            f"you lack {', '.join(lacking)} in {wanted.project}",
            _grant(wanted.project, wanted.member, role),
        )
    else:
        yield fine("your role", f"you may start jobs in {wanted.project}")


def act_as(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The service accounts exist, and the caller may start what runs as them."""
    for account in wanted.accounts:
        check = f"service account {account}"
        path = f"v1/projects/-/serviceAccounts/{account}:testIamPermissions"
        permission = "iam.serviceAccounts.actAs"
        try:
            held = apis.post("iam", path, {"permissions": [permission]}).get("permissions", [])
        except AbsentError:
            name, _, domain = account.partition("@")
            ours = domain == f"{wanted.project}.iam.gserviceaccount.com"
            create = f"gcloud iam service-accounts create {name} --project={wanted.project}"
            yield missing(check, "does not exist", create if ours else None)
            continue
        if permission in held:
            yield fine(check, "is there, and you may start jobs as it")
        else:
            yield missing(
                check,
                f"you may not start jobs as it: you lack {permission}",
                f"gcloud iam service-accounts add-iam-policy-binding {account} "
                f'--member="{wanted.member}" --role=roles/iam.serviceAccountUser '
                f"--project={wanted.project}",
            )


def service_account(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The service account has the roles that the containers' work takes.

    Policies of the project and of the bucket are read; roles that a folder or a group gives do not
    show in them.
    """
    account = wanted.service_account
    if account is None:
        yield unknown("roles of the service account", "the project's number is not known")
        return
    path = f"v1/projects/{wanted.project}:getIamPolicy"
    policy = apis.post("cloudresourcemanager", path, {})
    member = f"serviceAccount:{account}"
    held = roles(policy, member)
    needed = ["roles/aiplatform.user"] if wanted.on_vertex else []
    if wanted.uses_dataflow:
        needed += ["roles/dataflow.worker", "roles/artifactregistry.reader"]
        needed += ["roles/dataflow.developer"] if wanted.on_vertex else []
    for role in needed:
        yield _has(account, role, held, _grant(wanted.project, member, role))
    if wanted.bucket:
        role = "roles/storage.objectAdmin"
        if not covers(held, role):
            try:
                held |= roles(apis.get("storage", f"storage/v1/b/{wanted.bucket}/iam"), member)
            except UnreachableError:
                raise
            except CloudError as error:
                yield unknown(f"{role} of {account}", f"the policy of the bucket: {error}")
                return
        yield _has(
            account,
            role,
            held,
            f"gcloud storage buckets add-iam-policy-binding gs://{wanted.bucket} "
            f'--member="{member}" --role={role}',
        )


def roles(policy: Mapping, member: str) -> set[str]:
    """The roles that a policy grants to somebody."""
    return {
        binding["role"] for binding in policy.get("bindings", []) if member in binding["members"]
    }


def covers(held: set[str], role: str) -> bool:
    """Whether one of the roles does what the role does."""
    return not held.isdisjoint((role, *_STRONGER.get(role, ()), *_ALL))


def _has(account: str, role: str, held: set[str], grant: str) -> Finding:
    check = f"{role} of {account}"
    if covers(held, role):
        return fine(check, "is granted")
    if own := sorted(name for name in held if not name.startswith("roles/")):
        return unknown(check, f"it may be in {', '.join(own)}, whose contents are not looked at")
    return missing(check, "is granted neither by the project nor by the bucket", grant)


def _grant(project: str, member: str, role: str) -> str:
    return (
        f'gcloud projects add-iam-policy-binding {project} --member="{member}" --role={role} '
        "--condition=None"
    )
