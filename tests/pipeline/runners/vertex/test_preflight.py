"""Preflight names all that is missing at once, each with the command that mends it."""

import pytest

from pipeline.overrides import load_config
from pipeline.runners.vertex import connection
from pipeline.runners.vertex.preflight.checks import check
from tests.standins.google import LOST_BEFORE

ACCOUNT = "runner@my-project.iam.gserviceaccount.com"
IMAGE = "europe-west4-docker.pkg.dev/my-project/segue/segue"
DIGEST = f"{IMAGE}@sha256:{'0' * 64}"
PUSH = f"docker build -f deploy/Dockerfile --tag {IMAGE} . && docker push {IMAGE}"
SETTINGS = (
    "vertex.project=my-project",
    "vertex.region=europe-west4",
    f"vertex.image={DIGEST}",
    f"vertex.service_account={ACCOUNT}",
    "candidate=als",
    "baselines=[popularity]",
)
DATAFLOW = "dataflow={project: my-project, region: europe-west4, image: %s, %s}" % (  # noqa: UP031
    DIGEST,
    "subnetwork: regions/europe-west4/subnetworks/workers, machine_type: n2-standard-8",
)
KEY = "projects/keys/locations/europe-west4/keyRings/ring/cryptoKeys/key"
NETWORK = (
    "vertex.network=projects/my-project/global/networks/vpc",
    "vertex.reserved_ip_ranges=[range-1]",
)
#: A configuration of which every check has something to look at.
EVERYTHING = (DATAFLOW, NETWORK[0], f"vertex.kms_key={KEY}")
DATA = "gs://my-data/mpd/{SPAN}/*.json"


def findings(*settings, storage="gs://my-bucket/segue", data="gs://my-bucket/mpd"):
    return list(check(load_config(None, [*SETTINGS, *settings], data=data, storage=storage)))


def missing(*settings, **fields):
    """What is missing: the check, and the command that mends it."""
    return {
        finding.check: finding.command or ""
        for finding in findings(*settings, **fields)
        if finding.outcome == "missing"
    }


def test_a_project_that_has_everything(cloud):
    found = findings(*EVERYTHING, data=DATA)
    assert [finding for finding in found if finding.outcome != "ok"] == []
    assert {finding.check for finding in found} >= {
        "project",
        "region",
        "APIs",
        "bucket",
        "bucket access",
        "image",
        "your role",
        f"service account {ACCOUNT}",
        f"roles/storage.objectAdmin of {ACCOUNT}",
        "quota custom_model_training_cpus",
        "quota CPUS",
        "data",
        "data access",
        f"data access of {ACCOUNT}",
        "key of vertex",
        "network",
        "subnetwork of the workers",
    }


def _lack(**changes):
    def change(project):
        for name, value in changes.items():
            setattr(project, name, value)

    return change


def _without(name, *values):
    return lambda project: getattr(project, name).difference_update(values)


SINGLE = {
    "project": (_lack(name="other"), "project", "gcloud projects create my-project"),
    "region": (_lack(region="europe-north1"), "region", "gcloud compute regions list"),
    "API": (
        _without("apis", "aiplatform"),
        "API aiplatform.googleapis.com",
        "gcloud services enable aiplatform.googleapis.com --project=my-project",
    ),
    "API of Dataflow": (
        _without("apis", "dataflow"),
        "API dataflow.googleapis.com",
        "gcloud services enable dataflow.googleapis.com --project=my-project",
    ),
    "bucket elsewhere": (
        _lack(bucket_location="US"),
        "bucket",
        "gcloud storage buckets create gs://my-bucket-europe-west4 --project=my-project "
        "--location=europe-west4 --uniform-bucket-level-access",
    ),
    "bucket access": (
        lambda project: project.lacking.add("storage.objects.create"),
        "bucket access",
        "gcloud storage buckets add-iam-policy-binding gs://my-bucket "
        '--member="user:$(gcloud config get account)" --role=roles/storage.objectAdmin',
    ),
    "image": (_lack(image=None), "image", PUSH),
    "repository": (
        _lack(repository=None),
        "image",
        "gcloud artifacts repositories create segue --repository-format=docker "
        f"--location=europe-west4 --project=my-project && {PUSH}",
    ),
    "role": (
        lambda project: project.lacking.add("aiplatform.pipelineJobs.create"),
        "your role",
        "gcloud projects add-iam-policy-binding my-project "
        '--member="user:$(gcloud config get account)" --role=roles/aiplatform.user '
        "--condition=None",
    ),
    "service account": (
        _lack(account=None),
        f"service account {ACCOUNT}",
        "gcloud iam service-accounts create runner --project=my-project",
    ),
    "act as": (
        lambda project: project.lacking.add("iam.serviceAccounts.actAs"),
        f"service account {ACCOUNT}",
        f"gcloud iam service-accounts add-iam-policy-binding {ACCOUNT} "
        '--member="user:$(gcloud config get account)" --role=roles/iam.serviceAccountUser '
        "--project=my-project",
    ),
    "role of the account": (
        _without("roles", "roles/dataflow.worker"),
        f"roles/dataflow.worker of {ACCOUNT}",
        f'gcloud projects add-iam-policy-binding my-project --member="serviceAccount:{ACCOUNT}" '
        "--role=roles/dataflow.worker --condition=None",
    ),
    "role of the account in the bucket": (
        _without("bucket_roles", "roles/storage.objectAdmin"),
        f"roles/storage.objectAdmin of {ACCOUNT}",
        "gcloud storage buckets add-iam-policy-binding gs://my-bucket "
        f'--member="serviceAccount:{ACCOUNT}" --role=roles/storage.objectAdmin',
    ),
    "quota": (
        # Two Trainers run at once, with four CPUs each.
        lambda project: project.quotas.update(custom_model_training_cpus=7),
        "quota custom_model_training_cpus",
        "gcloud alpha services quota update --service=aiplatform.googleapis.com "
        "--consumer=projects/my-project "
        "--metric=aiplatform.googleapis.com/custom_model_training_cpus "
        "--unit='1/{project}/{region}' --dimensions=region=europe-west4 --value=8",
    ),
    "quota of workers": (
        # 24 less the 17 in use leave 7 of the 8 that a worker has.
        _lack(cpus=(24.0, 17.0)),
        "quota CPUS",
        "gcloud alpha services quota update --service=compute.googleapis.com "
        "--consumer=projects/my-project --metric=compute.googleapis.com/cpus "
        "--unit='1/{project}/{region}' --dimensions=region=europe-west4 --value=25",
    ),
    "data": (
        _lack(data_bucket=None),
        "data",
        "gcloud storage buckets create gs://my-data --project=my-project --location=europe-west4 "
        "--uniform-bucket-level-access && gcloud storage cp --recursive SLICES gs://my-data/mpd",
    ),
    "data access": (
        lambda project: project.lacking.add("storage.objects.list"),
        "data access",
        "gcloud storage buckets add-iam-policy-binding gs://my-data "
        '--member="user:$(gcloud config get account)" --role=roles/storage.objectViewer',
    ),
    "data access of the account": (
        _without("data_roles", "roles/storage.objectViewer"),
        f"data access of {ACCOUNT}",
        "gcloud storage buckets add-iam-policy-binding gs://my-data "
        f'--member="serviceAccount:{ACCOUNT}" --role=roles/storage.objectViewer',
    ),
    "key": (
        _lack(key=None),
        "key of vertex",
        "gcloud kms keys create key --keyring=ring --purpose=encryption --location=europe-west4 "
        "--project=keys",
    ),
    "key ring": (
        _lack(ring=None),
        "key of vertex",
        "gcloud kms keyrings create ring --location=europe-west4 --project=keys && "
        "gcloud kms keys create key --keyring=ring --purpose=encryption --location=europe-west4 "
        "--project=keys",
    ),
    "role of the key": (
        _without("agents", "gcp-sa-aiplatform"),
        "key of vertex for service-77@gcp-sa-aiplatform.iam.gserviceaccount.com",
        "gcloud kms keys add-iam-policy-binding key --keyring=ring --location=europe-west4 "
        "--project=keys "
        '--member="serviceAccount:service-77@gcp-sa-aiplatform.iam.gserviceaccount.com" '
        "--role=roles/cloudkms.cryptoKeyEncrypterDecrypter",
    ),
    "network": (
        _lack(network=None),
        "network",
        "gcloud compute networks create vpc --project=my-project",
    ),
    "peering": (
        _lack(peered=False),
        "network",
        "gcloud services vpc-peerings connect --service=servicenetworking.googleapis.com "
        "--network=vpc --ranges=vpc-google --project=my-project",
    ),
    "subnetwork": (
        _lack(subnetwork=None),
        "subnetwork of the workers",
        "gcloud compute networks subnets create workers --network=default --range=10.200.0.0/20 "
        "--enable-private-ip-google-access --region=europe-west4 --project=my-project",
    ),
    "private access": (
        _lack(private_access=False),
        "subnetwork of the workers",
        "gcloud compute networks subnets update workers --enable-private-ip-google-access "
        "--region=europe-west4 --project=my-project",
    ),
}


@pytest.mark.parametrize("change", [*SINGLE])
def test_one_thing_that_is_missing_is_all_that_is_named(cloud, change):
    take_out, name, command = SINGLE[change]
    take_out(cloud.project)
    assert missing(*EVERYTHING, data=DATA) == {name: command}


def test_a_missing_bucket(cloud):
    cloud.project.bucket = None
    found = missing()
    assert found["bucket"] == (
        "gcloud storage buckets create gs://my-bucket --project=my-project --location=europe-west4 "
        "--uniform-bucket-level-access"
    )
    assert cloud.server.count("POST", "/storage/v1/b") == 0


def test_everything_that_is_missing_is_named_at_once(cloud):
    exclusive = {"project", "bucket elsewhere", "repository", "network", "private access"}
    exclusive |= {"data", "key", "key ring"}
    exclusive |= {"service account"}  # without it its roles are not granted either
    changes = SINGLE.keys() - exclusive
    for change in changes:
        SINGLE[change][0](cloud.project)
    found = missing(*EVERYTHING, data=DATA)
    assert {SINGLE[change][1] for change in changes} == found.keys()
    assert all(found.values())


@pytest.mark.parametrize(
    ("location", "is_fine"),
    [("EUROPE-WEST4", True), ("EU", True), ("EUR4", True), ("US", False), ("EUROPE-WEST1", False)],
)
def test_buckets_of_several_regions(cloud, location, is_fine):
    cloud.project.bucket_location = location
    assert ("bucket" not in missing()) == is_fine


def test_the_default_service_account_is_the_one_of_the_machines(cloud):
    found = {finding.check for finding in findings("vertex.service_account=null")}
    assert "service account 77-compute@developer.gserviceaccount.com" in found


def test_a_gpu_needs_its_quota(cloud):
    setting = "vertex.resources={Trainer.als: {cpu: 8, gpu: NVIDIA_TESLA_T4, gpus: 2}}"
    unknown = {finding.check: finding.outcome for finding in findings(setting)}
    assert unknown["quota custom_model_training_nvidia_t4_gpus"] == "not checked"
    cloud.project.quotas["custom_model_training_nvidia_t4_gpus"] = 1
    assert missing(setting).keys() == {"quota custom_model_training_nvidia_t4_gpus"}
    cloud.project.quotas["custom_model_training_nvidia_t4_gpus"] = -1
    cloud.project.quotas["custom_model_training_cpus"] = 11  # 8, and 4 for popularity's
    assert missing(setting).keys() == {"quota custom_model_training_cpus"}


@pytest.mark.parametrize(
    ("workers", "cpus"),
    [
        ("", 8),
        ("max_workers: 3", 24),
        ("workers: 2", 16),
        ("workers: 2, max_workers: 4", 32),
        ("autoscaling: NONE, workers: 2, max_workers: 4", 16),
        ("workers: 1, stages: {Transform: {max_workers: 2, machine_type: n1-standard-16}}", 32),
    ],
)
def test_the_quota_holds_all_workers_of_the_largest_job(cloud, workers, cpus):
    setting = DATAFLOW.replace("}", f", public_ips: true, {workers}}}")
    cloud.project.cpus = (cpus + 5.0, 5.0)
    assert missing(setting) == {}
    cloud.project.cpus = (cpus + 4.0, 5.0)
    assert f"--value={cpus + 5}" in missing(setting)["quota CPUS"]


def test_a_key_elsewhere_and_one_of_dataflow(cloud):
    key = KEY.replace("europe-west4", "us-central1")
    (found,) = missing(f"vertex.kms_key={key}").items()
    assert found == ("key of vertex", SINGLE["key ring"][2])
    cloud.project.agents.clear()
    agents = {f"service-77@{name}" for name in ("dataflow-service-producer-prod", "compute-system")}
    found = missing(DATAFLOW, f"dataflow.kms_key={KEY}")
    assert found.keys() == {
        f"key of dataflow for {each}.iam.gserviceaccount.com" for each in agents
    }
    cloud.project.apis.discard("cloudkms")
    assert "API cloudkms.googleapis.com" in missing(DATAFLOW, f"dataflow.kms_key={KEY}")


def test_a_key_and_data_that_may_not_be_looked_at(cloud):
    cloud.project.denied = ("keyRings", "my-data")
    found = findings(f"vertex.kms_key={KEY}", data=DATA)
    assert {each.check for each in found if each.outcome == "not checked"} == {
        "key of vertex",
        "key of vertex for service-77@gcp-sa-aiplatform.iam.gserviceaccount.com",
        "data",
        "data access",
        f"data access of {ACCOUNT}",
    }
    assert not [each for each in found if each.outcome == "missing"]


def test_data_in_the_bucket_of_the_artifacts_is_told_of_once(cloud):
    assert not [each for each in findings() if each.check.startswith("data")]


def test_a_custom_job_counts_by_its_machine(cloud):
    cloud.project.quotas["custom_model_training_n2_cpus"] = 4
    setting = "vertex.custom_jobs={Trainer.als: {machine_type: n2-highmem-8}}"
    assert missing(setting).keys() == {"quota custom_model_training_n2_cpus"}


def test_an_image_by_tag_and_one_of_another_registry(cloud):
    found = {finding.check: finding for finding in findings(f"vertex.image={IMAGE}:1.0")}
    assert found["image"].outcome == "ok"
    assert "by digest" in found["image"].detail
    found = {finding.check: finding for finding in findings("vertex.image=docker.io/me/segue")}
    assert found["image"].outcome == "not checked"


def test_what_may_not_be_looked_at_is_told_as_such(cloud):
    cloud.project.denied = ("getIamPolicy", "repositories", "consumerQuotaMetrics", "my-bucket")
    found = findings()
    assert not [finding for finding in found if finding.outcome == "missing"]
    unknown = {finding.check for finding in found if finding.outcome == "not checked"}
    assert unknown == {
        "bucket",
        "bucket access",
        "image",
        "roles of the service account",
        "quota custom_model_training_cpus",
    }
    assert all("you may not look" in finding.detail for finding in found if finding.outcome != "ok")


def test_a_role_of_ones_own_may_have_what_is_needed(cloud):
    cloud.project.roles = {"projects/my-project/roles/own"}
    found = {finding.check: finding for finding in findings()}
    assert found[f"roles/aiplatform.user of {ACCOUNT}"].outcome == "not checked"


def test_an_error_that_passes_is_no_finding(cloud):
    cloud.server.fail("GET", "/v1/projects/my-project/locations", 503, LOST_BEFORE)
    assert missing() == {}


def test_placeholders_are_named_and_what_can_be_checked_is(cloud):
    found = missing(
        "vertex.image=europe-west4-docker.pkg.dev/your-project/segue/segue",
        "vertex.service_account=your-account@my-project.iam.gserviceaccount.com",
    )
    assert {
        "configuration vertex.image",
        "configuration vertex.service_account",
    } == found.keys()


def test_data_that_no_container_reaches(cloud):
    assert missing(data="out/sample").keys() == {"configuration data"}


def test_without_a_project_nothing_is_asked(cloud):
    found = findings("vertex.project=your-project")
    assert [finding.outcome for finding in found] == ["missing", "not checked"]
    assert not cloud.server.asked


def test_without_credentials(monkeypatch, tmp_path):
    for name in ("VERTEX_ENDPOINT", "GOOGLE_ENDPOINT", "STORAGE_ENDPOINT"):
        monkeypatch.delenv(getattr(connection, name), raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    assert missing() == {"credentials": "gcloud auth application-default login"}


def test_without_a_network(cloud, monkeypatch):
    patience = connection.Patience(first=0.01, longest=0.02, seconds=0.1)
    monkeypatch.setattr(connection, "PATIENCE", patience)
    for name in ("GOOGLE_ENDPOINT", "STORAGE_ENDPOINT"):
        monkeypatch.setenv(getattr(connection, name), "http://127.0.0.1:1")
    found = findings()
    assert [finding.check for finding in found] == ["connection"]
    assert "127.0.0.1:1 cannot be reached" in found[0].detail


def test_a_stand_in_for_vertex_alone_leaves_the_other_apis_out(cloud, monkeypatch):
    monkeypatch.delenv("SEGUE_GOOGLE_ENDPOINT")
    found = {finding.check: finding.outcome for finding in findings()}
    assert found == {"Google's APIs": "not checked", "bucket": "ok", "bucket access": "ok"}


def test_a_run_from_here_needs_what_its_workers_need(cloud):
    settings = [f"dataflow={{project: my-project, region: europe-west4, image: {DIGEST}}}"]
    config = load_config(
        None,
        [*settings, f"dataflow.service_account={ACCOUNT}"],
        data="gs://my-bucket/mpd",
        storage="gs://my-bucket/segue",
    )
    cloud.project.subnetwork = "default"
    cloud.project.roles.discard("roles/aiplatform.user")
    cloud.project.apis.discard("aiplatform")
    cloud.project.quotas.clear()
    assert {finding.outcome for finding in check(config)} == {"ok"}
    cloud.project.lacking.add("dataflow.jobs.create")
    cloud.project.roles.discard("roles/dataflow.worker")
    cloud.project.apis.discard("dataflow")
    cloud.project.image = None
    found = {each.check: each.command for each in check(config) if each.outcome == "missing"}
    assert found.keys() == {
        "API dataflow.googleapis.com",
        "image of the workers",
        "your role",
        f"roles/dataflow.worker of {ACCOUNT}",
    }
    assert "--role=roles/dataflow.developer" in found["your role"]


def test_workers_with_an_image_of_their_own(cloud):
    cloud.project.image = "segue"
    setting = DATAFLOW.replace("segue/segue@", "segue/workers@")
    assert missing(setting).keys() == {"image of the workers"}


def test_a_component_with_an_image_of_its_own(cloud):
    image = IMAGE.replace("segue/segue", "segue/cuda")
    cloud.project.quotas["custom_model_training_nvidia_l4_gpus"] = 1
    setting = f"vertex.resources={{Trainer.als: {{gpu: NVIDIA_L4, image: '{image}'}}}}"
    (found,) = missing(setting).items()
    build = f"docker build -f deploy/Dockerfile --build-arg LOCK=gpu --tag {image} ."
    assert found == ("image of Trainer.als", f"{build} && docker push {image}")
