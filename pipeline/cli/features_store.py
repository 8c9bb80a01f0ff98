"""The commands of `segue features ...` that ask a store of features, or change it."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import USAGE, fail, storage_errors_reported, utc

if TYPE_CHECKING:
    import pyarrow as pa

    from listening.store import FeatureStore

StoreOption = Annotated[
    str,
    typer.Option(
        metavar="KIND:DIR", help="embedded:DIR, or feast:DIR?redis=HOST:PORT&... of a service."
    ),
]
BuiltOption = Annotated[str, typer.Option("--features", help="Directory of features.")]


@contextlib.contextmanager
def _opened(place: str, features: str) -> Iterator[FeatureStore]:
    """A store, whose errors end the command in plain words."""
    from listening.store import PlaceError, open_store

    with storage_errors_reported():
        try:
            store = open_store(place, features)
        except PlaceError as error:
            fail(error, USAGE)
        with contextlib.closing(store):
            yield store


def materialise(
    views: Annotated[list[str], typer.Argument(metavar="VIEW...", help="Such as segments.")],
    store: StoreOption = "embedded:out/store",
    features: BuiltOption = "out/features",
    until: Annotated[
        datetime.datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H"], help="Hour, UTC: the latest cut that is taken. Default: any."
        ),
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Serve the newest partition of views.

    Example: segue features materialise listening_history segments --store embedded:out/store
    """
    from schema.status import FeaturesMaterialiseStatus, ServedRows

    served = {}
    with _opened(store, features) as opened:
        for view in views:
            found = opened.materialise(view, utc(until))
            served[view] = ServedRows(taken=found.taken, older=found.older)
            typer.echo(f"{view}: {found.taken:,} rows served, {found.older:,} older than served")
    return FeaturesMaterialiseStatus(status="ok", store=store, views=served)


def push(
    view: Annotated[str, typer.Argument(help="Such as segments.")],
    rows: Annotated[
        str, typer.Option(help="Parquet file of the view's columns and event_timestamp.")
    ],
    store: StoreOption = "embedded:out/store",
    features: BuiltOption = "out/features",
    json: JsonOption = False,
) -> Status:
    """Serve fresh rows, which joins find too; the same rows again change nothing.

    Example: segue features push segments --rows fresh.parquet --store embedded:out/store
    """
    from schema.status import FeaturesPushStatus

    with _opened(store, features) as opened:
        found = opened.push(view, _table(rows))
    typer.echo(f"{view}: {found.taken:,} rows served, {found.older:,} older than served")
    return FeaturesPushStatus(
        status="ok", store=store, view=view, taken=found.taken, older=found.older
    )


def get(
    view: Annotated[str, typer.Argument(help="Such as segments.")],
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="Listeners, or tracks.")],
    store: StoreOption = "embedded:out/store",
    features: BuiltOption = "out/features",
    json: JsonOption = False,
) -> Status:
    """Show what is served of listeners or tracks.

    Example: segue features get segments 0123456789abcdef0123456789abcdef
    """
    from schema.status import FeatureRow, FeaturesGetStatus

    with _opened(store, features) as opened:
        found = opened.read(view, keys)
    rows = []
    for key, held, shown in zip(keys, _values(found), found.to_pylist(), strict=True):
        time = held["event_timestamp"]
        known = {} if time is None else {name: held[name] for name in found.schema.names[1:-1]}
        rows.append(FeatureRow(key=key, event_timestamp=time, features=known))
        typer.echo(f"{key}: {'nothing' if time is None else 'as of ' + _told(shown)}")
    return FeaturesGetStatus(status="ok", store=store, view=view, rows=rows)


def join(
    view: Annotated[str, typer.Argument(help="Such as segments.")],
    entities: Annotated[
        str, typer.Option(help="Parquet file of keys and event_timestamp; other columns are kept.")
    ],
    output: Annotated[str, typer.Option(help="Parquet file to write.")],
    store: StoreOption = "embedded:out/store",
    features: BuiltOption = "out/features",
    within_hours: Annotated[
        float | None,
        typer.Option(min=0, max=876_000, help="How old features may be. Default: of any age."),
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Join listeners or tracks with what was known of them at past times.

    Example: segue features join segments --entities who.parquet --output joined.parquet
    """
    import pyarrow.parquet as pq

    from schema.files import check_writable, replacing
    from schema.status import FeaturesJoinStatus

    within = None if within_hours is None else datetime.timedelta(hours=within_hours)
    with _opened(store, features) as opened:
        check_writable(output)
        joined = opened.join(view, _table(entities), within)
        with replacing(output) as partial:
            pq.write_table(joined, partial, compression="zstd")
    known = joined.num_rows - joined.column("feature_time").null_count
    typer.echo(f"{known:,} of {joined.num_rows:,} rows have features, in {output}")
    return FeaturesJoinStatus(
        status="ok", store=store, view=view, output=output, rows=joined.num_rows, known=known
    )


def _table(path: str) -> pa.Table:
    """The rows of a Parquet file.

    Raises:
        ValueError: it is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with open(path, "rb") as file:
            return pq.read_table(file)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is no file of Parquet: {error}") from error


def _values(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows as JSON has them: instants are microseconds since 1970."""
    from listening.store import plain

    columns = [plain(rows.column(name)) for name in rows.schema.names]
    names = rows.schema.names
    return [
        dict(zip(names, row, strict=True))
        for row in zip(*(column.to_pylist() for column in columns), strict=True)
    ]


def _told(row: dict[str, Any]) -> str:
    """A row for people: its time, and a feature a line."""
    _, *features = [(name, _shown(value)) for name, value in row.items()]
    _, time = features.pop()
    return "\n".join([time, *(f"  {name}: {value}" for name, value in features)])


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return value.isoformat() if isinstance(value, datetime.datetime) else str(value)
