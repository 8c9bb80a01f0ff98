"""The command `segue query`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
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
    from serving.protocol import Continuation, Playlist


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
    played: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TRACK[@TIME]",
            help="A stream of a listener's, with its time in Unix seconds or as "
            "2017-11-14T08:30:00Z, if it is known. Repeat for more.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="With --played, a track not to recommend. Repeat for more."),
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
    """Ask a server to continue a playlist, or what to recommend to a listener.

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
    name = name and texts.of_argument(name)
    with serving_errors_reported():
        listener = None
        if played or exclude:
            if not played or track or name or file is not None:
                raise ConfigError(
                    "--played, with --exclude or without, tells of a listener: give no --track, "
                    "--name or --file beside it"
                )
            listener = serving_client.listener_from_arguments(played, exclude or ())
        playlists, skipped = _playlists(file, name, track or ())
        if version is not None and label is not None:
            raise ConfigError("give --version or --label, not both")
        tls = ClientTls.from_files(ca=tls_ca) if tls_ca else None
        options = ConnectionOptions(timeout=timeout, tls=tls)
        with RecommenderClient(
            target, model=model_name, version=version, label=label, options=options
        ) as client:
            answers = (
                client.continue_playlists(playlists, top=top)
                if listener is None
                else client.recommend_to_listeners([listener], top=top)
            )
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


def _playlists(
    file: str | None, name: str | None, tracks: Sequence[str]
) -> tuple[Sequence[Playlist], list[str]]:
    """What is to be continued, and what was left out of a file."""
    from serving import client as serving_client
    from serving.protocol import ConfigError

    if file is None:
        return (serving_client.playlist_from_arguments(name or "", tracks),), []
    if tracks:
        raise ConfigError("give --track or --file, not both")
    read = serving_client.read_playlists(file, name)
    for line in read.skipped:
        typer.echo(f"Skipped: {line}", err=True)
    return read.playlists, [*read.skipped]


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
