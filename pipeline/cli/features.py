"""The commands `segue features ...`."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.features_store import get, join, materialise, push
from pipeline.cli.status_line import JsonOption, Status, StatusCommand
from pipeline.cli.support import USAGE, fail, storage_errors_reported, utc

if TYPE_CHECKING:
    from listening.features import Built, Partition
    from schema.status import BuiltPartition

app = typer.Typer(help="Features of listeners and tracks, as of a time.", no_args_is_help=True)
build = typer.Typer(
    help="Build the partition of a view as of a time.\n\n"
    "Example: segue features build listening_history --events out/events",
    no_args_is_help=True,
)
app.add_typer(build, name="build")
for _command in (materialise, get, join, push):
    app.command(cls=StatusCommand)(_command)

EventsOption = Annotated[str, typer.Option(help="Directory of landed events.")]
FeaturesOption = Annotated[str, typer.Option("--features", help="Directory of features.")]
AsOfOption = Annotated[
    datetime.datetime | None,
    typer.Option(
        formats=["%Y-%m-%dT%H"],
        help="Hour, UTC: nothing from then on counts. Default: that of the newest event.",
    ),
]


HistoryCutOption = Annotated[
    datetime.datetime | None,
    typer.Option(
        formats=["%Y-%m-%dT%H"],
        help="Hour, UTC. Default: that of the newest listening_history.",
    ),
]


def _cut(features: str, as_of: datetime.datetime | None) -> datetime.datetime:
    """The hour that was named, or that of the newest listening history."""
    from listening.features import partitions

    if (named := utc(as_of)) is not None:
        return named
    newest = partitions.newest(features, "listening_history")
    if newest is None:
        raise ValueError(f"{features} holds no listening_history: say --as-of")
    return newest.time


def told(partition: Partition, changed: bool) -> BuiltPartition:
    """A partition as commands tell of it."""
    from schema.status import BuiltPartition

    described = partition.described()
    return BuiltPartition(
        view=partition.view,
        as_of=partition.as_of,
        version=partition.version,
        folder=partition.folder,
        rows=described.rows,
        fingerprint=described.fingerprint,
        changed=changed,
    )


def show_built(built: BuiltPartition, warnings: Sequence[str]) -> None:
    """Prints what was built."""
    state = "" if built.changed else ", unchanged"
    typer.echo(f"{built.view} as of {built.as_of}: {built.rows:,} rows in {built.folder}{state}")
    for warning in warnings:
        typer.echo(f"  {warning}", err=True)


def _done(name: str, features: str, found: Built, counts: dict[str, int]) -> Status:
    from schema.status import FeaturesBuildStatus

    built = told(found.partition, found.changed)
    show_built(built, found.warnings)
    typer.echo("  " + ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in counts.items()))
    return FeaturesBuildStatus(
        command=f"features build {name}",  # type: ignore[arg-type]  # one of the five
        status="ok",
        out=features,
        partitions=[built],
        counts=counts,
        warnings=list(found.warnings),
    )


@build.command(name="listening_history", cls=StatusCommand)
def listening_history(
    events: EventsOption = "out/events",
    features: FeaturesOption = "out/features",
    as_of: AsOfOption = None,
    tracks: Annotated[
        str | None, typer.Option(help="Table of tracks; without it no artist is known.")
    ] = None,
    days: Annotated[
        int, typer.Option(min=28, max=3650, help="Days before that hour that are read.")
    ] = 90,
    seeds: Annotated[
        int, typer.Option(min=1, max=1000, help="Last tracks of a listener, at most.")
    ] = 100,
    json: JsonOption = False,
) -> Status:
    """Build what each listener did: counts, rates, recency, entropies, last tracks.

    Example: segue features build listening_history --events out/events
    --tracks out/sample/tracks.parquet --as-of 2017-11-14T00
    """
    from listening.features import history

    with storage_errors_reported():
        options = history.HistoryOptions(days=days, seeds=seeds)
        found = history.build(events, features, utc(as_of), tracks, options)
    counts = {"listeners": found.listeners, "events": found.events, "copies": found.copies}
    return _done("listening_history", features, found, counts)


@build.command(name="heard", cls=StatusCommand)
def heard(
    events: EventsOption = "out/events",
    features: FeaturesOption = "out/features",
    as_of: AsOfOption = None,
    json: JsonOption = False,
) -> Status:
    """Build what each listener ever heard: all tracks, and how often each was streamed.

    Example: segue features build heard --events out/events --as-of 2017-11-14T00
    """
    from listening.features import heard as room

    with storage_errors_reported():
        found = room.build(events, features, utc(as_of))
    counts = {"listeners": found.listeners, "events": found.events, "copies": found.copies}
    return _done("heard", features, found, counts)


@build.command(name="social_graph", cls=StatusCommand)
def social_graph(
    tracks: Annotated[str, typer.Option(help="Table of tracks.")],
    events: EventsOption = "out/events",
    features: FeaturesOption = "out/features",
    as_of: AsOfOption = None,
    follows: Annotated[
        str | None, typer.Option(help="Table of follows, beside those that events tell.")
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Build whom each listener follows, and how alike they listen.

    Example: segue features build social_graph --events out/events
    --tracks out/sample/tracks.parquet --follows out/sample/follows.parquet
    """
    from listening.features import social

    with storage_errors_reported():
        found = social.build(events, features, tracks, utc(as_of), follows)
    return _done("social_graph", features, found, {"listeners": found.listeners})


@build.command(name="audio_embeddings", cls=StatusCommand)
def audio_embeddings(
    table: Annotated[
        list[str] | None,
        typer.Option(help="Table of descriptors: audio.parquet, or an export in CSV."),
    ] = None,
    files: Annotated[
        str | None,
        typer.Option(help="Folder of audio files, whose names end with a track's ID."),
    ] = None,
    features: FeaturesOption = "out/features",
    as_of: HistoryCutOption = None,
    scale: Annotated[
        str | None,
        typer.Option(help="scale.json of a partition whose vectors these shall compare with."),
    ] = None,
    tracks: Annotated[
        str | None,
        typer.Option(help="Table of tracks; what comes out after that hour is left out."),
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Build what tracks sound like: standardised numbers in a fixed order.

    Example: segue features build audio_embeddings --table out/sample/audio.parquet
    --as-of 2017-11-14T00
    """
    if (not table) == (files is None):
        fail("say where numbers come from: --table FILE, or --files DIR", USAGE)
    from listening.features import audio

    with storage_errors_reported():
        cut = _cut(features, as_of)
        if table:
            found = audio.build_from_tables(table, features, cut, scale, tracks)
        else:
            found = audio.build_from_files(str(files), features, cut, scale, tracks)
    lacking = {f"without_{name}": count for name, count in found.missing.items()}
    return _done("audio_embeddings", features, found, {**found.counts, **lacking})


@build.command(name="vectors", cls=StatusCommand)
def vectors(
    model: Annotated[str, typer.Option(help="A version of a model, or a directory of versions.")],
    features: FeaturesOption = "out/features",
    as_of: HistoryCutOption = None,
    json: JsonOption = False,
) -> Status:
    """Build the vectors that one version of a model has of tracks, and of listeners' last tracks.

    Example: segue features build vectors --model out/serving/segue --features out/features
    """
    from listening.features import vectors as room
    from schema.status import FeaturesBuildStatus

    with storage_errors_reported():
        found = room.build(model, features, _cut(features, as_of))
    built = [told(each, found.changed[each.view]) for each in found.partitions]
    for each in built:
        show_built(each, found.warnings[each.view])
    typer.echo(f"  version {found.model_version}; it knows no track of {found.unknown:,} listeners")
    return FeaturesBuildStatus(
        command="features build vectors",
        status="ok",
        out=features,
        partitions=built,
        counts={"listeners_without_known_tracks": found.unknown},
        warnings=[each for view in found.warnings.values() for each in view],
    )


@app.command(cls=StatusCommand)
def show(
    features: FeaturesOption = "out/features",
    view: Annotated[str | None, typer.Option(help="A view; all of them by default.")] = None,
    json: JsonOption = False,
) -> Status:
    """List the partitions that there are.

    Example: segue features show --features out/features
    """
    from listening.features import partitions
    from schema.status import FeaturesShowStatus
    from schema.tables import FEATURE_VIEWS

    with storage_errors_reported():
        found = [
            told(each, changed=False)
            for name in ([view] if view else FEATURE_VIEWS)
            for each in partitions.partitions(features, name)
        ]
    for each in found:
        typer.echo(f"{each.view} as of {each.as_of}: {each.rows:,} rows in {each.folder}")
    return FeaturesShowStatus(status="ok", features=features, partitions=found)
