"""The command `segue query`."""

from __future__ import annotations

import dataclasses
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import (
    USAGE,
    ModelNameOption,
    TargetOption,
    TlsOption,
    VersionOption,
    fail,
    serving_errors_reported,
)
from schema.signatures import MAX_RECOMMENDATIONS

if TYPE_CHECKING:
    from serving.protocol import Continuation


def query(
    target: TargetOption = "127.0.0.1:8500",
    name: Annotated[
        str | None, typer.Option(help="The playlist's title; takes the place of a file's own.")
    ] = None,
    track: Annotated[
        list[str] | None, typer.Option(help="A track: URI, link or ID. Repeat for more.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            help="Playlists: Spotify's account export, Exportify's CSV, JSON of the Web API or of "
            "the MPD, a list of URIs or links; - for stdin."
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=MAX_RECOMMENDATIONS, help="How many tracks.")] = 10,
    output: Annotated[str, typer.Option("--format", help="table, json or csv.")] = "table",
    model_name: ModelNameOption = "segue",
    version: VersionOption = None,
    label: Annotated[str | None, typer.Option(help="Label of the version, as canary.")] = None,
    timeout: Annotated[
        float, typer.Option(min=0.001, max=86_400, help="Seconds; a day at most.")
    ] = 10.0,
    tls_ca: TlsOption = None,
    json: JsonOption = False,
) -> Status:
    """Ask a server to continue a playlist.

    Example: segue query --name "road trip" --track spotify:track:1zWZvrk13cL8Sl3VLeG57F --top 5
    """
    from schema import scores, texts
    from schema.status import Answer, Continued, QueryStatus
    from serving import client as serving_client
    from serving.client import ClientTls, ConnectionOptions, RecommenderClient
    from serving.protocol import ConfigError

    try:
        form = serving_client.Format(output)
    except ValueError:
        fail(f"--format takes table, json or csv, not {output!r}.", USAGE)
    skipped: list[str] = []
    name = name and texts.of_argument(name)
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
            playlists = (serving_client.playlist_from_arguments(name or "", track or ()),)
        if version is not None and label is not None:
            raise ConfigError("give --version or --label, not both")
        tls = ClientTls.from_files(ca=tls_ca) if tls_ca else None
        options = ConnectionOptions(timeout=timeout, tls=tls)
        with RecommenderClient(
            target, model=model_name, version=version, label=label, options=options
        ) as client:
            answers = client.continue_playlists(playlists, top=top)
    for answer in answers:
        _tell_unknown(answer)
    serving_client.render(answers, form, sys.stdout)
    return QueryStatus(
        status="ok",
        answers=[
            Answer(
                key=answer.playlist.key,
                name=answer.playlist.name,
                model_version=answer.model_version,
                seeds=len(answer.playlist.track_uris),
                seeds_known=answer.seeds_known,
                basis=None if answer.basis is None else answer.basis.value,
                comparable=scores.comparable(answer.basis),
                recommendations=[
                    Continued(**dataclasses.asdict(track)) for track in answer.recommendations
                ],
            )
            for answer in answers
        ],
        skipped=skipped,
    )


def _tell_unknown(answer: Continuation) -> None:
    """Says what an answer rests on where none of the playlist's tracks could say anything."""
    count = len(answer.playlist.track_uris)
    if count and answer.seeds_known == 0:
        rest = "the title alone" if answer.basis == "title" else "what is popular"
        typer.echo(
            f"The model knows none of the {count} tracks of {answer.playlist.name!r}: "
            f"the answer rests on {rest}.",
            err=True,
        )
