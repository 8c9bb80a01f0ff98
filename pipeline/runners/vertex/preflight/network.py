"""Can workers reach what they read: networks, peerings, private access to Google."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.runners.vertex.preflight.asking import AbsentError, GoogleApis
from pipeline.runners.vertex.preflight.findings import Wanted, fine, missing, unknown
from schema.status import Finding

_PEERING = "servicenetworking-googleapis-com"
_SUBNETWORK = re.compile(
    r"(?:.*projects/(?P<project>[^/]+)/)?regions/(?P<region>[^/]+)/subnetworks/(?P<name>[^/]+)"
)


def peering(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The network of the containers exists and is peered with Google's services."""
    options = wanted.config.vertex
    if options.network is None:
        return
    _, owner, *_, name = options.network.split("/")
    ranges = ",".join(options.reserved_ip_ranges) or f"{name}-google"
    connect = (
        "gcloud services vpc-peerings connect --service=servicenetworking.googleapis.com "
        f"--network={name} --ranges={ranges} --project={owner}"
    )
    try:
        found = apis.get("compute", f"compute/v1/{options.network}")
    except AbsentError:
        yield missing(
            "network",
            f"there is no {options.network}",
            f"gcloud compute networks create {name} --project={owner}",
        )
        return
    if any(peer["name"] == _PEERING for peer in found.get("peerings", [])):
        yield fine("network", f"{name} is peered with Google's services")
    else:
        yield missing("network", f"{name} is not peered with Google's services", connect)
    for address in options.reserved_ip_ranges:
        try:
            apis.get("compute", f"compute/v1/projects/{owner}/global/addresses/{address}")
        except AbsentError:
            yield missing(
                f"range {address}",
                f"vertex.reserved_ip_ranges: there is no such range in {name}",
                f"gcloud compute addresses create {address} --global --purpose=VPC_PEERING "
                f"--prefix-length=16 --network={name} --project={owner}",
            )


def subnetwork(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The subnetwork of Dataflow's workers exists and leads to Google without public addresses."""
    dataflow = wanted.dataflow
    if dataflow is None:
        return
    check = "subnetwork of the workers"
    parts = _SUBNETWORK.fullmatch(
        dataflow.subnetwork or f"regions/{dataflow.region}/subnetworks/default"
    )
    if parts is None:
        yield unknown(check, f"dataflow.subnetwork {dataflow.subnetwork} is not understood")
        return
    owner, name = parts["project"] or dataflow.project, parts["name"]
    where = f"--region={parts['region']} --project={owner}"
    if parts["region"] != dataflow.region:
        yield missing(check, f"{name} is in {parts['region']}, and jobs run in {dataflow.region}")
    try:
        found = apis.get(
            "compute", f"compute/v1/projects/{owner}/regions/{parts['region']}/subnetworks/{name}"
        )
    except AbsentError:
        yield missing(
            check,
            f"there is no {name} in {parts['region']}",
            f"gcloud compute networks subnets create {name} --network=default "
            f"--range=10.200.0.0/20 --enable-private-ip-google-access {where}",
        )
        return
    if dataflow.public_ips or found.get("privateIpGoogleAccess"):
        yield fine(check, f"{name} leads to Google's services")
    else:
        yield missing(
            check,
            f"workers without public addresses reach nothing from {name}: Private Google Access "
            "is off",
            "gcloud compute networks subnets update "
            f"{name} --enable-private-ip-google-access {where}",
        )
