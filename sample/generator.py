"""Playlists in the format of Spotify's Million Playlist Dataset (MPD), wholly synthetic.

What there is to learn:

* Artists have albums and tracks, and belong to one or two *scenes*; scenes belong to genres, and
  neighbouring genres overlap. Tracks have moods, which prevail differently in each genre.
* Popularity follows Zipf laws, of scenes, of artists and of the tracks of an artist.
* A playlist is about a scene, a genre, a mood, an artist, or nothing; its tracks follow from that,
  with runs from one artist and 5% that do not belong.
* Its title says what it is about, as people type it: in odd case, misspelt (4%), with emoji (7%);
  one in five is generic and says nothing.
* Lengths run from 5 to 250 with mean 66; followers have a long tail, most playlists having one.

Everything is drawn from the seed. Playlist i depends only on (seed, i, size of the catalogue), and
the catalogue only grows in steps (see `world.catalogue_bound`), so a larger sample within a step
starts with the playlists of the smaller one.
"""

from __future__ import annotations

import concurrent.futures
import gzip
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from sample.playlists import PlaylistMaker
from schema.files import replacing

MAX_PLAYLISTS: Final = 10_000_000


def _check(playlists: int, seed: int) -> None:
    if not 1 <= playlists <= MAX_PLAYLISTS:
        raise ValueError(f"playlists: {playlists} is not between 1 and {MAX_PLAYLISTS:,}")
    if seed < 0:
        raise ValueError(f"seed: {seed} is negative; any whole number from 0 up will do")


def generate(playlists: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yields playlists 0 to `playlists` - 1, one at a time.

    Args:
        playlists: how many, 1 to 10,000,000.
        seed: a non-negative int; the same gives the same playlists.

    Raises:
        ValueError: when a number is out of range.
    """
    _check(playlists, seed)
    maker = PlaylistMaker(playlists, seed)
    return (maker.playlist(index) for index in range(playlists))


def write_slices(
    output: str | os.PathLike[str],
    playlists: int,
    seed: int,
    *,
    slice_size: int = 1000,
    compress: bool = False,
    workers: int = 1,
) -> list[str]:
    """Writes the playlists as MPD slices, `mpd.slice.0-999.json` and so on.

    A slice that is there already with the same content is left untouched, so that whatever looks
    at modification times sees no change. A worker holds one slice in
    memory at a time, and the catalogue: 650 MB for a million playlists.

    Args:
        output: the directory, made where it is missing.
        playlists: how many, 1 to 10,000,000.
        seed: a non-negative int.
        slice_size: playlists in a slice; the last one may have fewer.
        compress: whether to write `.json.gz`.
        workers: how many processes write. They are spawned, so a script that asks for more than
            one guards its main part with `if __name__ == "__main__"`.

    Returns:
        The paths of the slices, in order.

    Raises:
        ValueError: when a number is out of range.
        FileExistsError: when `output` holds slices that this call does not write, which whoever
            reads the directory would take for a part of the sample.
    """
    _check(playlists, seed)
    for key, value in (("slice_size", slice_size), ("workers", workers)):
        if value < 1:
            raise ValueError(f"{key}: {value} is not at least 1")
    suffix = ".json.gz" if compress else ".json"
    bounds = [
        (first, min(first + slice_size, playlists) - 1) for first in range(0, playlists, slice_size)
    ]
    directory = Path(output)
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"mpd.slice.{first}-{last}{suffix}" for first, last in bounds]
    foreign = sorted(set(directory.glob("mpd.slice.*.json*")) - set(paths))
    if foreign:
        raise FileExistsError(
            f"{directory} holds {len(foreign)} other slices, such as {foreign[0].name}: "
            "remove them or choose another directory"
        )
    tasks = [(path, *bound) for path, bound in zip(paths, bounds, strict=True)]
    if workers == 1:
        write = _SliceWriter(playlists, seed)
        for task in tasks:
            write(*task)
    else:
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(
            min(workers, len(tasks)), context, _start_worker, (playlists, seed)
        ) as pool:
            for done in [pool.submit(_write_in_worker, *task) for task in tasks]:
                done.result()
    return [str(path) for path in paths]


class _SliceWriter:
    def __init__(self, playlists: int, seed: int) -> None:
        self._maker = PlaylistMaker(playlists, seed)

    def __call__(self, path: Path, first: int, last: int) -> None:
        content = orjson.dumps(
            {
                # The MPD has the time of writing here, which would differ from run to run.
                "info": {
                    "generated_on": "2018-01-01 00:00:00.000000",
                    "slice": f"{first}-{last}",
                    "version": "v1",
                },
                "playlists": [self._maker.playlist(index) for index in range(first, last + 1)],
            }
        )
        if path.suffix == ".gz":
            content = gzip.compress(content, 6, mtime=0)
        _write_if_changed(path, content)


_worker: _SliceWriter | None = None  # of a spawned process


def _start_worker(playlists: int, seed: int) -> None:
    global _worker  # noqa: PLW0603
    _worker = _SliceWriter(playlists, seed)


def _write_in_worker(path: Path, first: int, last: int) -> None:
    assert _worker is not None
    _worker(path, first, last)


def _write_if_changed(path: Path, content: bytes) -> None:
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return
    with replacing(path) as partial:
        partial.write_bytes(content)
