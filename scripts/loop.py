"""From nothing to recommendations: a synthetic world's events are landed and counted, then become
features, segments, a model for each and the next day's lists, step by step.

    python -m scripts.loop --out out/loop

Each step is a command of `segue` with `--json`, as anybody else would call it. What came of it is
in `summary.json`; the command ends with 1 where its figures do not add up.
"""

from __future__ import annotations

import json
import pathlib
import shutil
import sys
from collections.abc import Iterator
from typing import Annotated, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import typer
from rich.console import Console
from rich.table import Table

from listening.counting import counted
from listening.events import reading
from schema.files import write_text
from schema.side_tables import read_side_table
from schema.tables import TRACKS_FILE
from scripts import loop_segments
from scripts.loop_steps import StepError, segue

SUMMARY: Final = "summary.json"
_FOLDERS: Final = ("sample", "events", "counts", "trending")
_SHOWN: Final = 5  # of the tracks that trend


def run(
    out: pathlib.Path, playlists: int, listeners: int, days: int, seed: int, *, segments: bool
) -> dict[str, Any]:
    """Runs all steps, anew.

    Args:
        out: a folder of the loop's own; what an earlier loop left in it is removed.
        playlists: of the synthetic world.
        listeners: of the synthetic world.
        days: for which they listen.
        seed: of everything random.
        segments: whether to go on to features, segments, models and recommendations.

    Returns:
        What `summary.json` holds.

    Raises:
        StepError: a step failed.
    """
    for name in (*_FOLDERS, *loop_segments.FOLDERS):
        shutil.rmtree(out / name, ignore_errors=True)
    (out / SUMMARY).unlink(missing_ok=True)
    sample, events, counts, trending = (str(out / name) for name in _FOLDERS)
    size = ("--playlists", playlists, "--listeners", listeners, "--days", days, "--seed", seed)
    segue("sample", *size, "--output", sample)
    source = f"{sample}/events"
    segue("events", "land", "--input", source, "--out", events)
    found = segue("events", "count", "--events", events, "--out", counts)
    segue("events", "trending", "--counts", counts, "--out", trending)
    summary: dict[str, Any] = {
        "events": _checked(_events(source, events)),
        "counts": {
            "hours": len(counted(counts)),
            "open": len(found["open"]),
            "too_late": found["too_late"],
        },
    }
    if segments:
        summary["segments"] = loop_segments.run(out, days)
    write_text(out / SUMMARY, json.dumps(summary, indent=1) + "\n")
    return summary


def _events(source: str, events: str) -> dict[str, int]:
    """What was produced, by its lines, and what became of it, by what lies in the directory."""
    landed = reading.landed(events)
    return {
        "produced": sum(1 for _ in _lines(source)),
        "landed": landed.events,
        "unique": _unique(events, list(landed.hours)),
        "duplicates": landed.duplicates,
        "dead_letters": sum(landed.refused.values()),
    }


def _lines(source: str) -> Iterator[bytes]:
    for path in sorted(pathlib.Path(source).glob("*.jsonl")):
        with path.open("rb") as file:
            yield from (line for line in file if line.strip())


def _unique(events: str, hours: list[str]) -> int:
    """How many keys there are among all rows that landed."""
    name = "idempotency_key"
    keys = [reading.read_hour(events, hour, [name]).column(name) for hour in hours]
    chunks = [chunk for column in keys for chunk in column.chunks]
    return int(pc.count_distinct(pa.chunked_array(chunks, pa.string())).as_py())


def _checked(events: dict[str, int]) -> dict[str, int]:
    fates = events["landed"] + events["duplicates"] + events["dead_letters"]
    if events["produced"] != fates:
        raise StepError(f"{events['produced']:,} were produced, but {fates:,} have a fate")
    if events["landed"] != events["unique"]:
        raise StepError(f"{events['landed']:,} landed, but {events['unique']:,} keys did")
    return events


def _show(summary: dict[str, Any], out: pathlib.Path) -> None:
    console = Console()
    table = Table("events", *summary["events"])
    table.add_row("", *(f"{number:,}" for number in summary["events"].values()))
    console.print(table)
    described, trending = read_side_table(out / "trending")
    names = pq.read_table(
        out / "sample" / TRACKS_FILE, columns=["track_uri", "track_name", "artist_name"]
    )
    best = trending.sort_by([("trend", "descending")]).slice(0, _SHOWN)
    by_uri = {row["track_uri"]: row for row in names.to_pylist()}
    table = Table(f"trending, {described.as_of:%Y-%m-%d %H:%M}", "artist", "streams")
    for row in best.to_pylist():
        named = by_uri[row["track_uri"]]
        table.add_row(named["track_name"], named["artist_name"], f"{row['streams']:,}")
    console.print(table)
    if "segments" in summary:
        loop_segments.show(summary["segments"])
    counts = summary["counts"]
    print(f"{counts['hours']:,} hours counted, {counts['open']:,} not over; {out / SUMMARY}")


def main(
    out: Annotated[pathlib.Path, typer.Option(help="A folder of the loop's own.")],
    playlists: Annotated[int, typer.Option(min=1, help="Of the synthetic world.")] = 2000,
    listeners: Annotated[int, typer.Option(min=1, help="Of the synthetic world.")] = 1000,
    days: Annotated[int, typer.Option(min=1, max=366, help="For which they listen.")] = 14,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 7,
    *,
    segments: Annotated[
        bool, typer.Option(help="Whether to go on from counts to models and recommendations.")
    ] = True,
) -> None:
    """Runs the loop and shows what came of it."""
    try:
        _show(run(out, playlists, listeners, days, seed, segments=segments), out)
    except StepError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    typer.run(main)
