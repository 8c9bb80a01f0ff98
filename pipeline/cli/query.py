"""The command `segue query`."""

from __future__ import annotations

import dataclasses
import sys
from typing import Annotated

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import (
    USAGE,
    ModelNameOption,
    TargetOption,
    TlsOption,
    fail,
    serving_errors_reported,
)
from schema.signatures import MAX_RECOMMENDATIONS


def query(
    target: TargetOption = "127.0.0.1:8500",
    name: Annotated[str, typer.Option(help="The playlist's title.")] = "",
    track: Annotated[
        list[str] | None, typer.Option(help="A track: URI, link or ID. Repeat for more.")
    ] = None,
    file: Annotated[
        str | None, typer.Option(help="MPD-format playlists, or a list of URIs; - for stdin.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=MAX_RECOMMENDATIONS, help="How many tracks.")] = 10,
    output: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
    model_name: ModelNameOption = "segue",
    version: Annotated[int | None, typer.Option(help="Version that answers.")] = None,
    label: Annotated[str | None, typer.Option(help="Label of the version, as canary.")] = None,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds.")] = 10.0,
    tls_ca: TlsOption = None,
    json: JsonOption = False,
) -> Status:
    """Ask a server to continue a playlist.

    Example: segue query --name "road trip" --track spotify:track:1zWZvrk13cL8Sl3VLeG57F --top 5
    """
    from schema.status import Answer, Continued, QueryStatus
    from serving import client as serving_client
    from serving.client import ClientTls, ConnectionOptions, RecommenderClient
    from serving.protocol import ConfigError

    try:
        form = serving_client.Format(output)
    except ValueError:
        fail(f"--format takes table, json or csv, not {output!r}.", USAGE)
    skipped: list[str] = []
    with serving_errors_reported():
        if file is not None:
            if track:
                raise ConfigError("give --track or --file, not both")
            read = serving_client.read_playlists(file, name)
            playlists = read.playlists
            skipped = [*read.skipped]
            for line in skipped:
                typer.echo(f"Skipped: {line}", err=True)
        else:
            playlists = (serving_client.playlist_from_arguments(name, track or ()),)
        tls = ClientTls.from_files(ca=tls_ca) if tls_ca else None
        options = ConnectionOptions(timeout=timeout, tls=tls)
        with RecommenderClient(
            target, model=model_name, version=version, label=label, options=options
        ) as client:
            answers = client.continue_playlists(playlists, top=top)
    serving_client.render(answers, form, sys.stdout)
    return QueryStatus(
        status="ok",
        answers=[
            Answer(
                key=answer.playlist.key,
                name=answer.playlist.name,
                model_version=answer.model_version,
                recommendations=[
                    Continued(**dataclasses.asdict(track)) for track in answer.recommendations
                ],
            )
            for answer in answers
        ],
        skipped=skipped,
    )
