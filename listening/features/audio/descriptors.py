"""Tables of audio descriptors as people have them: audio.parquet, and exports in CSV."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from schema import track_uris
from schema.tables import AUDIO, DESCRIPTORS, TableError, conform

#: What exports call the column that names a track, without signs and in small letters: a URI, a
#: link or an ID.
_TRACK: Final = (
    *("trackuri", "spotifyuri", "spotifytrackuri", "uri"),
    *("spotifytrackid", "spotifyid", "trackid", "tracklink", "id"),
)
#: What values mean as they are. Loudness is in decibels, tempo in beats a minute.
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    **dict.fromkeys(DESCRIPTORS, (0.0, 1.0)),
    "loudness": (-100.0, 10.0),
    "tempo": (0.0, 1000.0),
}
_NULLS: Final = ("", "NA", "N/A", "null", "NULL", "None", "nan", "NaN")
_MANY: Final = 0.5  # of a column's values outside its range: another unit


@dataclasses.dataclass(frozen=True)
class Described:
    """Tracks with their numbers.

    Attributes:
        uris: of tracks, in their order, each once.
        names: of the numbers, in order.
        values: float64 [tracks, names], NaN where there is none.
        counts: what was left out, by kind.
    """

    uris: list[str]
    names: tuple[str, ...]
    values: np.ndarray
    counts: Mapping[str, int]

    def missing(self) -> dict[str, int]:
        """How many tracks lack each number, those that some lack."""
        lacking = np.isnan(self.values).sum(axis=0).tolist()
        return {name: count for name, count in zip(self.names, lacking, strict=True) if count}


def read(paths: Sequence[str]) -> Described:
    """Reads tables of descriptors; where a track stands twice, the first one counts.

    Args:
        paths: Parquet by the contract of audio.parquet (`*.parquet`), or CSV: Spotify's audio
            features by their names, however they are capitalised, and a column that names the
            track. Other columns do not matter.

    Raises:
        ValueError: a table lacks the track or all descriptors, or its numbers are of another unit.
        OSError: it cannot be read.
    """
    rows: dict[str, np.ndarray] = {}
    counts: Counter[str] = Counter()
    for path in paths:
        is_parquet = path.lower().endswith(".parquet")
        for uris, values in _parquet(path) if is_parquet else _csv(path):
            for uri, row in zip(uris, values, strict=True):
                found = _uri(uri)
                if found is None:
                    counts["no_tracks"] += 1
                elif found in rows:
                    counts["repeated"] += 1
                else:
                    rows[found] = row
    if not rows:
        raise ValueError(f"{', '.join(paths)}: no track is described")
    uris = sorted(rows)
    values = _in_range(np.array([rows[uri] for uri in uris]), counts)
    return Described(uris, DESCRIPTORS, values, dict(counts))


def _parquet(path: str) -> Iterator[tuple[list[str], np.ndarray]]:
    parquet = pq.ParquetFile(path)
    for group in range(parquet.num_row_groups):
        try:
            table = conform(parquet.read_row_group(group), AUDIO)
        except TableError as error:
            raise ValueError(f"{path}: {error}") from None
        columns = [_floats(table.column(name)) for name in DESCRIPTORS]
        yield table.column("track_uri").to_pylist(), np.stack(columns, axis=1)


def _csv(path: str) -> Iterator[tuple[list[str], np.ndarray]]:
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    sign = max(",;\t", key=header.count)
    options = {
        "parse_options": pa.csv.ParseOptions(delimiter=sign, newlines_in_values=True),
        "read_options": pa.csv.ReadOptions(block_size=1 << 22),
    }
    try:
        names = pa.csv.open_csv(path, **options).schema.names
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is no CSV: {error}") from None
    track, found = _columns(path, names)
    wanted = [track, *found.values()]
    convert = pa.csv.ConvertOptions(
        include_columns=wanted,
        column_types=dict.fromkeys(wanted, pa.string()),
        null_values=list(_NULLS),
        strings_can_be_null=True,
    )
    try:
        for batch in pa.csv.open_csv(path, convert_options=convert, **options):
            empty = np.full(batch.num_rows, np.nan)
            columns = [
                _numbers(batch.column(wanted.index(found[name]))) if name in found else empty
                for name in DESCRIPTORS
            ]
            yield batch.column(0).to_pylist(), np.stack(columns, axis=1)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} is no CSV: {error}") from None


def _columns(path: str, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The column of tracks, and that of each descriptor that is there."""
    plain = {re.sub("[^a-z0-9]", "", name.lower()): name for name in reversed(names)}
    track = next((plain[name] for name in _TRACK if name in plain), None)
    if track is None:
        raise ValueError(f"{path}: no column names the track; one of {', '.join(_TRACK)} does")
    found: dict[str, str] = {name: plain[name] for name in DESCRIPTORS if name in plain}
    if not found:
        raise ValueError(f"{path}: there is no descriptor; they are {', '.join(DESCRIPTORS)}")
    return track, found


def _numbers(texts: pa.Array) -> np.ndarray:
    """Numbers of texts, NaN for what is none."""
    trimmed = pc.utf8_trim_whitespace(texts)
    try:
        return _floats(trimmed.cast(pa.float64()))
    except pa.ArrowInvalid:
        return np.array([_number(text) for text in trimmed.to_pylist()])


def _number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return float("nan")


def _floats(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.cast(pa.float64()).fill_null(float("nan")))


def _uri(text: str | None) -> str | None:
    try:
        return track_uris.track_uri(text or "")
    except ValueError:
        return None


def _in_range(values: np.ndarray, counts: Counter[str]) -> np.ndarray:
    """Takes out numbers that cannot be meant.

    Raises:
        ValueError: most of a column are, so that they are of another unit.
    """
    for place, name in enumerate(DESCRIPTORS):
        least, most = _RANGES[name]
        column = values[:, place]
        column[np.isinf(column)] = np.nan
        outside = (column < least) | (column > most)  # NaN is not
        known = np.count_nonzero(~np.isnan(column))
        if outside.sum() > _MANY * known:
            raise ValueError(
                f"{name}: values run from {np.nanmin(column):g} to {np.nanmax(column):g}, where "
                f"{least:g} to {most:g} is meant"
            )
        column[outside] = np.nan
        counts["out_of_range"] += int(outside.sum())
    return values
