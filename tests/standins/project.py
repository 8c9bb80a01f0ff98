"""A Google Cloud project as its APIs show it: what is there, who may what, and a bucket."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

from tests.standins.google import Asked, Refused

APIS = (
    "aiplatform",
    "storage",
    "artifactregistry",
    "compute",
    "iam",
    "cloudresourcemanager",
    "dataflow",
    "servicenetworking",
    "cloudkms",
)


@dataclasses.dataclass
class Project:
    """A service of `google.running`; whatever a test takes out is missing.

    Attributes:
        denied: parts of paths that nobody may look at.
        objects: the bucket's, by name.
    """

    name: str = "my-project"
    number: str = "77"
    region: str = "europe-west4"
    bucket: str | None = "my-bucket"
    bucket_location: str = "EUROPE-WEST4"
    repository: str | None = "segue"
    image: str | None = "segue"
    account: str | None = "runner@my-project.iam.gserviceaccount.com"
    granted_to: str = "runner@my-project.iam.gserviceaccount.com"
    network: str | None = "vpc"
    peered: bool = True
    subnetwork: str | None = "workers"
    private_access: bool = True
    apis: set[str] = dataclasses.field(default_factory=lambda: set(APIS))
    lacking: set[str] = dataclasses.field(default_factory=set)
    roles: set[str] = dataclasses.field(
        default_factory=lambda: {
            "roles/aiplatform.user",
            "roles/dataflow.developer",
            "roles/dataflow.worker",
            "roles/artifactregistry.reader",
        }
    )
    bucket_roles: set[str] = dataclasses.field(
        default_factory=lambda: {"roles/storage.objectAdmin"}
    )
    data_bucket: str | None = "my-data"
    data_roles: set[str] = dataclasses.field(default_factory=lambda: {"roles/storage.objectViewer"})
    ring: str | None = "ring"
    key: str | None = "key"
    agents: set[str] = dataclasses.field(
        default_factory=lambda: {
            "gcp-sa-aiplatform",
            "dataflow-service-producer-prod",
            "compute-system",
        }
    )
    quotas: dict[str, int] = dataclasses.field(
        default_factory=lambda: {"custom_model_training_cpus": 42}
    )
    cpus: tuple[float, float] = (24.0, 3.0)
    denied: tuple[str, ...] = ()
    objects: dict[str, bytes] = dataclasses.field(default_factory=dict)

    def __call__(self, asked: Asked) -> Any:
        for pattern, answer in _ROUTES:
            if found := re.fullmatch(pattern, asked.path):
                if any(part in asked.path for part in self.denied):
                    raise Refused(403, "PERMISSION_DENIED", "you may not look")
                return answer(self, asked, *found.groups())
        return None

    def text(self, name: str) -> str:
        """An object of the bucket."""
        return self.objects[name].decode()

    def _there(self, is_there: object, what: str) -> None:
        if not is_there:
            raise Refused(404, "NOT_FOUND", f"{what} is not there")

    def _project(self, asked: Asked, name: str) -> Any:
        if name != self.name:  # as Google answers strangers
            raise Refused(403, "PERMISSION_DENIED", "The caller does not have permission")
        return {"projectId": name, "projectNumber": self.number, "lifecycleState": "ACTIVE"}

    def _permitted(self, asked: Asked, name: str) -> Any:
        wanted = asked.json["permissions"]
        return {"permissions": [name for name in wanted if name not in self.lacking]}

    def _policy(self, asked: Asked, name: str) -> Any:
        return self._bindings(self.roles)

    def _bindings(self, roles: set[str]) -> Any:
        members = [f"serviceAccount:{self.granted_to}", "user:other@example.org"]
        return {"bindings": [{"role": role, "members": members} for role in sorted(roles)]}

    def _places(self, asked: Asked, name: str) -> Any:
        return {"locations": [{"locationId": self.region}, {"locationId": "us-central1"}]}

    def _services(self, asked: Asked, name: str) -> Any:
        on = {f"{api}.googleapis.com" for api in self.apis}
        states = {each: each.rpartition("/")[2] in on for each in asked.query["names"]}
        return {
            "services": [
                {"name": each, "state": "ENABLED" if state else "DISABLED"}
                for each, state in states.items()
            ]
        }

    def _quota(self, asked: Asked, metric: str) -> Any:
        self._there(metric in self.quotas, metric)
        region = {"region": "europe-west4"}
        buckets = [
            {"effectiveLimit": "1", "dimensions": {}},
            {"effectiveLimit": str(self.quotas[metric]), "dimensions": region},
        ]
        return {"metric": metric, "consumerQuotaLimits": [{"quotaBuckets": buckets}]}

    def _act_as(self, asked: Asked, account: str) -> Any:
        self._there(account == self.account, account)
        return self._permitted(asked, account)

    def _repository(self, asked: Asked, rest: str | None, image: str | None) -> Any:
        self._there(self.repository, "the repository")
        if rest:
            self._there(self.image == image, "the image")
        return {"name": asked.path}

    def _network(self, asked: Asked, name: str) -> Any:
        self._there(name == self.network, name)
        peerings = [{"name": "servicenetworking-googleapis-com"}] if self.peered else []
        return {"name": name, "peerings": peerings}

    def _subnetwork(self, asked: Asked, name: str) -> Any:
        self._there(name == self.subnetwork, name)
        return {"name": name, "privateIpGoogleAccess": self.private_access}

    def _region(self, asked: Asked, name: str) -> Any:
        limit, usage = self.cpus
        return {"quotas": [{"metric": "CPUS", "limit": limit, "usage": usage}]}

    def _bucket(self, asked: Asked, name: str) -> Any:
        self._there(name in (self.bucket, self.data_bucket), "the bucket")
        return {"name": name, "location": self.bucket_location}

    def _bucket_permitted(self, asked: Asked, name: str) -> Any:
        self._there(name in (self.bucket, self.data_bucket), "the bucket")
        wanted = asked.query["permissions"]
        return {"permissions": [name for name in wanted if name not in self.lacking]}

    def _bucket_policy(self, asked: Asked, name: str) -> Any:
        return self._bindings(self.bucket_roles if name == self.bucket else self.data_roles)

    def _key(self, asked: Asked, owner: str, ring: str, key: str | None) -> Any:
        self._there(ring == self.ring and key in (None, self.key), "the key")
        return {"name": asked.path}

    def _key_policy(self, asked: Asked, owner: str, ring: str, key: str | None) -> Any:
        if key is None:
            return {"etag": "x"}
        name = f"serviceAccount:service-{self.number}@%s.iam.gserviceaccount.com"
        members = [name % agent for agent in sorted(self.agents)]
        role = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
        return {"bindings": [{"role": role, "members": members}]}

    def _upload(self, asked: Asked, bucket: str) -> Any:
        self._there(bucket == self.bucket, "the bucket")
        head, _, rest = asked.body.partition(b"\r\n\r\n")
        facts, _, content = rest.partition(b"\r\n\r\n")
        boundary = head.split(b"\r\n", 1)[0]
        name = json.loads(facts.split(b"\r\n", 1)[0])["name"]
        content = content[: content.rindex(b"\r\n" + boundary)]
        self.objects[name] = content
        return {"name": name, "bucket": bucket, "size": str(len(content)), "generation": "1"}

    def _object(self, asked: Asked, bucket: str, name: str) -> Any:
        self._there(bucket == self.bucket and name in self.objects, name)
        return self.objects[name]


_KEY = r"/v1/projects/([^/]+)/locations/[^/]+/keyRings/([^/:]+)(?:/cryptoKeys/([^/:]+))?"
_ROUTES: tuple[tuple[str, Callable[..., Any]], ...] = (
    (r"/v1/projects/([^/:]+)", Project._project),
    (_KEY, Project._key),
    (_KEY + ":getIamPolicy", Project._key_policy),
    (r"/v1/projects/([^/:]+):testIamPermissions", Project._permitted),
    (r"/v1/projects/([^/:]+):getIamPolicy", Project._policy),
    (r"/v1/projects/([^/:]+)/locations", Project._places),
    (r"/v1/projects/([^/:]+)/services:batchGet", Project._services),
    (r"/v1beta1/projects/.+/consumerQuotaMetrics/[^/]+/(\w+)", Project._quota),
    (r"/v1/projects/-/serviceAccounts/([^/:]+):testIamPermissions", Project._act_as),
    (
        r"/v1/projects/[^/]+/locations/[^/]+/repositories/[^/]+"
        r"(/(?:packages|dockerImages)/([^/@]+).*)?",
        Project._repository,
    ),
    (r"/compute/v1/projects/[^/]+/global/networks/([^/]+)", Project._network),
    (r"/compute/v1/projects/[^/]+/regions/[^/]+/subnetworks/([^/]+)", Project._subnetwork),
    (r"/compute/v1/projects/[^/]+/regions/([^/]+)", Project._region),
    (r"/storage/v1/b/([^/]+)", Project._bucket),
    (r"/storage/v1/b/([^/]+)/iam/testPermissions", Project._bucket_permitted),
    (r"/storage/v1/b/([^/]+)/iam", Project._bucket_policy),
    (r"/upload/storage/v1/b/([^/]+)/o", Project._upload),
    (r"/download/storage/v1/b/([^/]+)/o/(.+)", Project._object),
)
