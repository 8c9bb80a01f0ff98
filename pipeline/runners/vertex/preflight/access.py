"""May they: the caller start jobs, and the service account do what containers do."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.runners.vertex.connection import CloudError
from pipeline.runners.vertex.preflight import policies
from pipeline.runners.vertex.preflight.asking import AbsentError, GoogleApis
from pipeline.runners.vertex.preflight.findings import Wanted, fine, missing, unknown
from schema.status import Finding

_JOBS = ("create", "get", "list", "cancel")
_SCHEDULES = ("create", "list", "update", "delete")


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
            policies.grant_in_project(wanted.project, wanted.member, role),
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
    member = f"serviceAccount:{account}"
    held = policies.roles(policies.of_project(apis, wanted.project), member)
    needed = ["roles/aiplatform.user"] if wanted.on_vertex else []
    if wanted.uses_dataflow:
        needed += ["roles/dataflow.worker", "roles/artifactregistry.reader"]
        needed += ["roles/dataflow.developer"] if wanted.on_vertex else []
    for role in needed:
        yield _has(account, role, held, policies.grant_in_project(wanted.project, member, role))
    if wanted.bucket:
        role = "roles/storage.objectAdmin"
        if not policies.covers(held, role):
            try:
                held |= policies.roles(policies.of_bucket(apis, wanted.bucket), member)
            except CloudError as error:
                yield unknown(f"{role} of {account}", f"the policy of the bucket: {error}")
                return
        yield _has(account, role, held, policies.grant_in_bucket(wanted.bucket, member, role))


def _has(account: str, role: str, held: set[str], grant: str) -> Finding:
    check = f"{role} of {account}"
    if policies.covers(held, role):
        return fine(check, "is granted")
    lack = "is granted neither by the project nor by the bucket"
    return policies.lacking(check, held, lack, grant)
