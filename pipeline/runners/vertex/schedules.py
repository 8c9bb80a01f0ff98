"""Schedules: Vertex starts the job by itself, when a cron expression says so."""

from __future__ import annotations

import contextlib
import functools
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.runners.vertex import client, connection
from pipeline.runners.vertex.connection import REQUEST_SECONDS, CloudError


class ScheduleClient(client.VertexClient):
    """Asks the Vertex API about schedules; errors and lost answers are as with jobs."""

    def create(
        self,
        job: Mapping[str, Any],
        *,
        name: str,
        cron: str,
        max_concurrent_runs: int,
    ) -> Any:
        """Makes a schedule, which is active at once.

        Args:
            job: the PipelineJob, as JSON, that each run is.
            name: what people see; Vertex gives an id besides.
            cron: five fields, and TZ=ZONE before them where it is not UTC.
            max_concurrent_runs: a run waits while so many of its schedule run.

        Returns:
            The `Schedule`.
        """
        from google.api_core import exceptions
        from google.cloud.aiplatform_v1 import types

        mark = uuid.uuid4().hex
        message = client.as_message(
            types.Schedule,
            {
                "displayName": name,
                "cron": cron,
                "maxConcurrentRunCount": str(max_concurrent_runs),
                "allowQueueing": True,
                "createPipelineJobRequest": {
                    "parent": self.place.parent,
                    "pipelineJob": client.marked(job, mark),
                },
            },
        )

        def create() -> Any:
            return self._schedules.create_schedule(
                parent=self.place.parent, schedule=message, timeout=REQUEST_SECONDS
            )

        try:
            return self._once(create, lambda: self._marked(mark))
        except exceptions.GoogleAPICallError as error:
            raise CloudError(f"Vertex made no schedule: {connection.told(error)}") from error

    def get(self, name: str) -> Any:
        """A schedule as it is now.

        Raises:
            MissingError: there is none.
        """
        return self._ask(
            name, lambda: self._schedules.get_schedule(name=name, timeout=REQUEST_SECONDS)
        )

    def all(self) -> list[Any]:
        """The place's schedules."""
        parent = self.place.parent

        def read() -> list[Any]:
            return list(self._schedules.list_schedules(parent=parent, timeout=REQUEST_SECONDS))

        return self._ask(parent, read)

    def pause(self, name: str) -> Any:
        """Lets a schedule start nothing until it is resumed; what runs goes on."""
        self._change(
            name,
            lambda: self._schedules.pause_schedule(name=name, timeout=REQUEST_SECONDS),
            lambda: self.get(name).state.name == "PAUSED",
        )
        return self.get(name)

    def resume(self, name: str, *, catch_up: bool) -> Any:
        """Lets a paused schedule start runs again, with `catch_up` those that were missed too."""
        request = {"name": name, "catch_up": catch_up}
        self._change(
            name,
            lambda: self._schedules.resume_schedule(request=request, timeout=REQUEST_SECONDS),
            lambda: self.get(name).state.name == "ACTIVE",
        )
        return self.get(name)

    def delete(self, name: str) -> None:
        """Removes a schedule, and waits until it is gone; runs that it started go on."""

        def request() -> None:
            # What is answered is an operation; whether the schedule is gone is looked at instead.
            with contextlib.suppress(TypeError):
                self._schedules.delete_schedule(name=name, timeout=REQUEST_SECONDS)

        self._change(name, request, lambda: self._is_gone(name))
        deadline = time.monotonic() + self._patience.seconds
        for wait in connection.waits():
            if self._is_gone(name):
                return
            if time.monotonic() > deadline:
                raise CloudError(f"Vertex took the request, but {name} is still there.")
            time.sleep(wait)

    def _is_gone(self, name: str) -> bool:
        try:
            self.get(name)
        except client.MissingError:
            return True
        return False

    def _marked(self, mark: str) -> Any:
        """The schedule that a lost request made: its job has the label."""
        for schedule in self.all():
            job = schedule.create_pipeline_job_request.pipeline_job
            if job.labels.get(client.SUBMISSION_LABEL) == mark:
                return schedule
        return None

    def _change(self, name: str, request: Callable[[], Any], is_done: Callable[[], bool]) -> None:
        """Changes something; after an answer that was lost, looks whether it is done already."""
        lost: list[Exception] = []

        def attempt() -> None:
            if not (lost and is_done()):
                request()

        self._ask(name, lambda: self._patience.call(attempt, lost.append))

    @functools.cached_property
    def _schedules(self) -> Any:
        from google.cloud.aiplatform_v1.services.schedule_service import ScheduleServiceClient

        return self._service(ScheduleServiceClient)
