"""A thin client of the Vertex API: starts a job once, however often answers are lost.

It uses the service clients of Google's package, not its `PipelineJob.submit`: that creates a
missing bucket, so that a typing error makes a new one.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from pipeline.runners.vertex import connection
from pipeline.runners.vertex.connection import REQUEST_SECONDS, CloudError, Patience

#: A label by which a submission knows its job again where the answer was lost.
SUBMISSION_LABEL: Final = "segue-submission"

#: What a list shows of a job: whole specifications would make it megabytes long.
_LISTED: Final = ("name", "display_name", "state", "create_time", "schedule_name")
_TAKEN: Final = "There is a job {} already: choose another --job-id, or leave it out."

_Found = TypeVar("_Found")


class MissingError(CloudError):
    """What was asked for is not there."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where jobs run.

    Attributes:
        project: id of the Google project.
        region: such as europe-west4.
    """

    project: str
    region: str

    @property
    def parent(self) -> str:
        """The resource that jobs and schedules lie in."""
        return f"projects/{self.project}/locations/{self.region}"

    def name(self, kind: str, resource: str) -> str:
        """The whole name of a job or a schedule, of which the last part will do."""
        whole = resource.startswith("projects/")
        return resource if whole else f"{self.parent}/{kind}/{resource}"

    @classmethod
    def of(cls, name: str) -> Place | None:
        """The place in the whole name of a resource, None where it is no such name."""
        parts = name.split("/")
        whole = len(parts) == 6 and parts[0] == "projects" and parts[2] == "locations"
        return cls(parts[1], parts[3]) if whole and all(parts) else None


class VertexClient:
    """Asks the Vertex API, again while errors pass; what an answer was lost of, it starts once.

    Every method raises `CloudError` where Google refuses, or cannot be reached for long.

    Args:
        place: where jobs run.
        patience: how long errors are waited for.
    """

    def __init__(self, place: Place, patience: Patience | None = None) -> None:
        self.place = place
        self._patience = patience or connection.PATIENCE

    def create_job(self, job: Mapping[str, Any], job_id: str) -> Any:
        """Starts a job.

        Args:
            job: a PipelineJob as JSON.
            job_id: its id, which the caller decides.

        Returns:
            The `PipelineJob` as Vertex has it; its name counts, whatever id was asked for.

        Raises:
            CloudError: also if another job has the id.
        """
        from google.api_core import exceptions
        from google.cloud.aiplatform_v1 import types

        mark = uuid.uuid4().hex
        message = as_message(types.PipelineJob, marked(job, mark))

        def create() -> Any:
            return self._jobs.create_pipeline_job(
                parent=self.place.parent,
                pipeline_job=message,
                pipeline_job_id=job_id,
                timeout=REQUEST_SECONDS,
            )

        try:
            return self._once(create, lambda: self._find(job_id, mark))
        except exceptions.Conflict as error:
            raise CloudError(_TAKEN.format(job_id)) from error
        except exceptions.GoogleAPICallError as error:
            raise CloudError(f"Vertex did not start the job: {connection.told(error)}") from error

    def job(self, name: str) -> Any:
        """A job as it is now.

        Raises:
            MissingError: there is none.
        """
        return self._ask(
            name, lambda: self._jobs.get_pipeline_job(name=name, timeout=REQUEST_SECONDS)
        )

    def latest(self, limit: int, schedule: str | None = None) -> list[Any]:
        """The place's newest jobs, each with its name, state, times and schedule alone.

        Args:
            limit: how many, at most.
            schedule: only runs of this one, an id or a whole name.
        """
        wanted = schedule.rpartition("/")[2] if schedule else None
        # Names of projects vary (id or number), so that ids are compared; no filter has them.
        request = {
            "parent": self.place.parent,
            "order_by": "create_time desc",
            "page_size": 100,
            "read_mask": {"paths": list(_LISTED)},
        }

        def read() -> list[Any]:
            listed = self._jobs.list_pipeline_jobs(request=request, timeout=REQUEST_SECONDS)
            chosen = (
                job for job in listed if wanted in (None, job.schedule_name.rpartition("/")[2])
            )
            return list(itertools.islice(chosen, limit))

        return self._ask(self.place.parent, read)

    def cancel_job(self, name: str) -> None:
        """Asks Vertex to stop a job; it stops later, if it has not ended before."""
        self._ask(name, lambda: self._jobs.cancel_pipeline_job(name=name, timeout=REQUEST_SECONDS))

    def _list(self, condition: str) -> list[Any]:
        request = {"parent": self.place.parent, "filter": condition}
        return list(self._jobs.list_pipeline_jobs(request=request, timeout=REQUEST_SECONDS))

    def _find(self, job_id: str, mark: str) -> Any:
        """The job that a lost request made, by its id or, where Vertex chose one, by its label."""
        from google.api_core import exceptions

        name = self.place.name("pipelineJobs", job_id)
        try:
            found = self._jobs.get_pipeline_job(name=name, timeout=REQUEST_SECONDS)
        except exceptions.NotFound:
            pass
        else:
            if found.labels.get(SUBMISSION_LABEL, mark) == mark:
                return found
            raise CloudError(_TAKEN.format(job_id))
        listed = self._list(f'labels.{SUBMISSION_LABEL}="{mark}"')
        return next((job for job in listed if job.labels.get(SUBMISSION_LABEL) == mark), None)

    def _once(self, create: Callable[[], _Found], find: Callable[[], _Found | None]) -> _Found:
        """Creates something; after an answer that was lost, looks for it before it tries again."""
        from google.api_core import exceptions

        lost: list[Exception] = []

        def attempt() -> _Found:
            if lost and (found := find()) is not None:
                return found
            try:
                return create()
            except exceptions.Conflict as error:
                if not lost:
                    raise
                # What was created without an answer may be seen only now, or a little later.
                if (found := find()) is not None:
                    return found
                raise exceptions.ServiceUnavailable(
                    f"it exists, and is not shown: {connection.told(error)}"
                ) from error

        return self._patience.call(attempt, lost.append)

    def _ask(self, name: str, request: Callable[[], _Found]) -> _Found:
        from google.api_core import exceptions

        try:
            return self._patience.call(request)
        except exceptions.NotFound as error:
            raise MissingError(f"There is no {name} ({connection.told(error)}).") from error
        except exceptions.GoogleAPICallError as error:
            raise CloudError(f"{name}: {connection.told(error)}") from error

    @functools.cached_property
    def _jobs(self) -> Any:
        from google.cloud.aiplatform_v1.services.pipeline_service import PipelineServiceClient

        return self._service(PipelineServiceClient)

    def _service(self, kind: Callable[..., Any]) -> Any:
        stand_in = connection.endpoint(connection.VERTEX_ENDPOINT)
        address = stand_in or f"{self.place.region}-aiplatform.googleapis.com"
        # REST in the cloud too: what was tested is what runs there.
        return kind(
            credentials=connection.credentials(stand_in),
            transport="rest",
            client_options={"api_endpoint": address},
        )


def marked(job: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """The job with the label of a submission."""
    return {**job, "labels": {**job.get("labels", {}), SUBMISSION_LABEL: mark}}


def as_message(kind: Callable[[], Any], value: Mapping[str, Any]) -> Any:
    """JSON as a message of the API.

    Raises:
        CloudError: it is none.
    """
    from google.protobuf import json_format

    message = kind()
    try:
        json_format.ParseDict(dict(value), message._pb)
    except json_format.ParseError as error:
        raise CloudError(f"This is no {type(message).__name__} of Vertex: {error}") from error
    return message
