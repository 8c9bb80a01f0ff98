"""Ends the Dataflow jobs of a run that is interrupted: they would go on, and cost."""

from __future__ import annotations

from collections.abc import Callable

from pipeline import beam_args
from pipeline.config import PipelineConfig


def cancel_and_tell(config: PipelineConfig, run: str, tell: Callable[[str], None]) -> None:
    """As `cancel`, and says what became of the jobs; raises nothing.

    Args:
        config: the run.
        run: its name in the names of its jobs.
        tell: takes each sentence.
    """
    if config.dataflow is None or not config.dataflow.chosen:
        return
    try:
        for name in cancel(config, run):
            tell(f"The Dataflow job {name} is cancelled.")
    except Exception as error:  # of whatever Dataflow's client uses
        region = config.dataflow.region
        tell(
            f"Dataflow cannot be asked ({error}), and a job may go on: look with `gcloud dataflow "
            f"jobs list --region={region} --status=active`, end it with `gcloud dataflow jobs "
            f"cancel ID --region={region}`."
        )


def cancel(config: PipelineConfig, run: str) -> list[str]:
    """Cancels the jobs of a run that are under way.

    Args:
        config: the run.
        run: its name in the names of its jobs.

    Returns:
        The names of the jobs that were cancelled.

    Raises:
        Exception: Dataflow cannot be asked; its client has many kinds.
    """
    if config.dataflow is None or not config.dataflow.chosen:
        return []
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.dataflow.internal import apiclient
    from apache_beam.runners.dataflow.internal.clients import dataflow

    chosen = config.dataflow.chosen
    names = {beam_args.job_name(config.name, component, run) for component in chosen}
    options = PipelineOptions(beam_args.of(chosen[0], config, run))
    client = apiclient.DataflowApplicationClient(options)
    request = dataflow.DataflowProjectsLocationsJobsListRequest(
        projectId=config.dataflow.project,
        location=config.dataflow.region,
        filter=dataflow.DataflowProjectsLocationsJobsListRequest.FilterValueValuesEnum.ACTIVE,
    )
    cancelled = []
    while True:
        found = client._client.projects_locations_jobs.List(request)
        for job in found.jobs:
            if job.name in names and client.modify_job_state(job.id, "JOB_STATE_CANCELLED"):
                cancelled.append(job.name)
        if not found.nextPageToken:
            return cancelled
        request.pageToken = found.nextPageToken
