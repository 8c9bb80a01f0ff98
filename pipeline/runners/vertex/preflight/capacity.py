"""Do quotas allow what the components ask for."""

from __future__ import annotations

import re
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping

from pipeline.config import PipelineConfig
from pipeline.options.dataflow import WorkerOptions
from pipeline.options.vertex import DEFAULT
from pipeline.runners.vertex.connection import CloudError
from pipeline.runners.vertex.preflight.asking import AbsentError, GoogleApis
from pipeline.runners.vertex.preflight.findings import Wanted, fine, missing, unknown
from schema.status import Finding

_SERVICE = "aiplatform.googleapis.com"
#: CPUs of a container of Vertex's that asks for nothing.
_CPUS = 4.0
#: Types of machines that share the quota without a name.
_COMMON = ("e2", "n1")


def demand(config: PipelineConfig) -> dict[str, float]:
    """What runs at once at most, by metric: all Trainers do, everything else is alone.

    Returns:
        By names of Vertex's metrics, such as "custom_model_training_cpus".
    """
    trainers = [f"Trainer.{family}" for family in config.families]
    together: Counter[str] = Counter()
    for name in trainers:
        together.update(_of(config, name))
    most: dict[str, float] = dict(together)
    for name in (*config.vertex.resources, *config.vertex.custom_jobs, DEFAULT):
        if name not in trainers:
            for metric, amount in _of(config, name).items():
                most[metric] = max(most.get(metric, 0), amount)
    return most


def _of(config: PipelineConfig, name: str) -> Mapping[str, float]:
    if job := config.vertex.custom_jobs.get(name):
        family = job.machine_type.partition("-")[0]
        kind = "" if family in _COMMON else f"{family}_"
        cpus, gpu, gpus = _cpus(job.machine_type), job.gpu, job.gpus
    else:
        asked = config.vertex.resources_of(name)
        kind, cpus, gpu, gpus = "", asked.cpu or _CPUS, asked.gpu, asked.gpus
    found = {f"custom_model_training_{kind}cpus": cpus}
    if gpu:
        # Quotas name NVIDIA_TESLA_T4 nvidia_t4, and NVIDIA_H100_80GB nvidia_h100.
        short = gpu.lower().replace("tesla_", "").replace("h100_80gb", "h100")
        found[f"custom_model_training_{short}_gpus"] = gpus
    return found


def _cpus(machine_type: str) -> float:
    count = re.search(r"-(\d+)g?$", machine_type)
    return float(count[1]) if count else 1.0


def quotas(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The quotas of Vertex in the region hold what runs at once."""
    if not wanted.on_vertex:
        return
    parent = f"v1beta1/projects/{wanted.project}/services/{_SERVICE}/consumerQuotaMetrics"
    for name, amount in sorted(demand(wanted.config).items()):
        check = f"quota {name}"
        metric = f"{_SERVICE}/{name}"
        try:
            found = apis.get("serviceusage", f"{parent}/{urllib.parse.quote(metric, safe='')}")
        except AbsentError:
            yield unknown(check, "Vertex has no quota of this name")
            continue
        except CloudError as error:
            yield unknown(check, error)
            continue
        limit = _limit(found, wanted.region)
        if limit is None:
            yield unknown(check, f"it has no limit for {wanted.region}")
        elif limit < 0 or limit >= amount:
            yield fine(check, f"{amount:g} of {'any number' if limit < 0 else f'{limit:g}'}")
        else:
            yield missing(
                check,
                f"{amount:g} are needed at once in {wanted.region}, {limit:g} are allowed",
                f"gcloud alpha services quota update --service={_SERVICE} "
                f"--consumer=projects/{wanted.project} --metric={metric} "
                f"--unit='1/{{project}}/{{region}}' --dimensions=region={wanted.region} "
                f"--value={amount:g}",
            )


def _limit(metric: Mapping, region: str) -> float | None:
    """The limit for a region, else the one for all; -1 is none."""
    found: dict[str, float] = {}
    for limit in metric.get("consumerQuotaLimits", []):
        for bucket in limit.get("quotaBuckets", []):
            place = bucket.get("dimensions", {}).get("region", "")
            if "effectiveLimit" in bucket:
                found[place] = float(bucket["effectiveLimit"])
    return found.get(region, found.get(""))


def workers(wanted: Wanted, apis: GoogleApis) -> Iterator[Finding]:
    """The quotas of Compute Engine leave room for the workers of the largest Dataflow job."""
    dataflow = wanted.dataflow
    if dataflow is None:
        return
    path = f"compute/v1/projects/{dataflow.project}/regions/{dataflow.region}"
    found = {quota["metric"]: quota for quota in apis.get("compute", path).get("quotas", [])}
    jobs = [dataflow.workers_of(component) for component in dataflow.chosen]
    counts = [_workers(job) for job in jobs]
    cpus = [
        count * _cpus(job.machine_type or "n1-standard-1")
        for job, count in zip(jobs, counts, strict=True)
    ]
    needed = {"CPUS": max(cpus)}
    if dataflow.public_ips:
        needed["IN_USE_ADDRESSES"] = float(max(counts))
    for metric, amount in needed.items():
        check = f"quota {metric}"
        if metric not in found:
            yield unknown(check, f"{dataflow.region} has no quota of this name")
            continue
        free = found[metric]["limit"] - found[metric].get("usage", 0)
        if free >= amount:
            yield fine(check, f"{amount:g} of {free:g} that are free in {dataflow.region}")
        else:
            yield missing(
                check,
                f"Dataflow's workers take {amount:g}, {free:g} are free in {dataflow.region}; "
                "dataflow.max_workers says how many there may be",
                "gcloud alpha services quota update --service=compute.googleapis.com "
                f"--consumer=projects/{dataflow.project} "
                f"--metric=compute.googleapis.com/{metric.lower()} "
                f"--unit='1/{{project}}/{{region}}' --dimensions=region={dataflow.region} "
                f"--value={found[metric]['limit'] + amount - free:g}",
            )


def _workers(job: WorkerOptions) -> int:
    """How many workers a job has at most; one, where the configuration leaves it to Dataflow."""
    fixed = job.autoscaling == "NONE"
    return (job.workers if fixed else max(job.max_workers or 0, job.workers or 0)) or 1
