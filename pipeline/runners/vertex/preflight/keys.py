"""Can the keys be used that encrypt what Google keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipeline.runners.vertex.connection import CloudError
from pipeline.runners.vertex.preflight import policies
from pipeline.runners.vertex.preflight.asking import AbsentError, GoogleApis
from pipeline.runners.vertex.preflight.findings import Wanted, fine, missing, unknown
from schema.status import Finding

_ROLE: Final = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
#: The service agents that use a key, by the section of the configuration that names it.
_AGENTS: Final = {
    "vertex": ("gcp-sa-aiplatform",),
    "dataflow": ("dataflow-service-producer-prod", "compute-system"),
}


def usable(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The keys exist, in the region, and Google's service agents may use them."""
    for section, key in wanted.keys.items():
        yield from _key(wanted, apis, section, key)


def _key(wanted: Wanted, apis: GoogleApis, section: str, key: str) -> Iterator[Finding]:
    check = f"key of {section}"
    _, owner, _, location, _, ring, _, name = key.split("/")
    try:
        has_ring = _exists(apis, key.rpartition("/cryptoKeys/")[0])
        if not has_ring or not _exists(apis, key):
            yield missing(check, f"there is no {key}", _create(key, location, not has_ring))
            return
    except CloudError as error:
        yield unknown(check, error)
    else:
        if location != wanted.region:
            why = f"{key} is in {location}, and jobs run in {wanted.region}; one there is made by"
            yield missing(check, why, _create(key, wanted.region, True))
            return
        yield fine(check, f"{name} is there")
    for agent in _AGENTS[section]:
        if wanted.number is None:
            yield unknown(f"{check} for {agent}", "the project's number is not known")
            continue
        account = f"service-{wanted.number}@{agent}.iam.gserviceaccount.com"
        grant = (
            f"gcloud kms keys add-iam-policy-binding {name} --keyring={ring} "
            f"--location={location} --project={owner} "
            f'--member="serviceAccount:{account}" --role={_ROLE}'
        )
        yield _by_agent(apis, key, account, f"{check} for {account}", grant)


def _by_agent(apis: GoogleApis, key: str, account: str, check: str, grant: str) -> Finding:
    """Whether the policy of the key, of its ring or of its project lets an agent use it."""
    owner, ring = key.split("/")[1], key.rpartition("/cryptoKeys/")[0]
    return policies.granted(
        check,
        _ROLE,
        f"serviceAccount:{account}",
        (
            lambda: apis.get("cloudkms", f"v1/{key}:getIamPolicy"),
            lambda: apis.get("cloudkms", f"v1/{ring}:getIamPolicy"),
            lambda: policies.of_project(apis, owner),
        ),
        well="may use it",
        lack=f"neither the key, its ring nor its project grants {_ROLE}",
        grant=grant,
    )


def _create(key: str, location: str, with_ring: bool) -> str:
    """The commands that make a key of this name."""
    _, owner, *_, ring, _, name = key.split("/")
    where = f"--location={location} --project={owner}"
    first = f"gcloud kms keyrings create {ring} {where} && " if with_ring else ""
    return f"{first}gcloud kms keys create {name} --keyring={ring} --purpose=encryption {where}"


def _exists(apis: GoogleApis, resource: str) -> bool:
    try:
        apis.get("cloudkms", f"v1/{resource}")
    except AbsentError:
        return False
    return True
