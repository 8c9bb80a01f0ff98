"""The challenge's file format: `team_info,TEAM,EMAIL`, then `pid, track_uri, ...`, best first.

https://www.aicrowd.com/challenges/spotify-million-playlist-dataset-challenge
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import dataclasses
import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, TextIO

from evaluation.metrics import DEPTH
from evaluation.submission.errors import SubmissionError
from schema import files
from schema.spreadsheets import inert
from schema.stand_ins import LONGEST, stand_in
from schema.track_uris import canonical, is_track_uri

_HEAD: Final = "team_info"
_GZIP: Final = b"\x1f\x8b"
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


@dataclasses.dataclass(frozen=True)
class Team:
    """Who submits, for the first line.

    Attributes:
        name: the team's.
        email: its address.

    Raises:
        SubmissionError: one does not fit its field.
    """

    name: str = "segue"
    email: str = "segue@example.com"

    def __post_init__(self) -> None:
        for key, value in (("team", self.name), ("email", self.email)):
            if not value.strip() or re.search(r'[,"\r\n]', value):
                raise SubmissionError(
                    f"{key}: {value!r} is empty or has a comma, quote or line break"
                )
        if not _EMAIL.fullmatch(self.email):
            raise SubmissionError(f"email: {self.email!r} is no address: expected NAME@HOST")


@dataclasses.dataclass(frozen=True)
class Written:
    """What was written: how many playlists, and how many of them have fewer than 500 tracks."""

    playlists: int
    short: int


def write_submission(
    path: str | os.PathLike[str],
    seeds: Mapping[int, Sequence[str]],
    recommendations: Iterable[tuple[int, Sequence[str]]],
    team: Team | None = None,
) -> Written:
    """Writes a submission as CSV, gzipped where the path ends in `.gz`.

    The file appears only when it is complete and sound.

    Args:
        path: the local file to write; see `schema.files.replacing`.
        seeds: the tracks of each of the challenge set's playlists, by pid.
        recommendations: pid and track URIs of each, best first, in any order of playlists. A small
            catalogue may give fewer than 500; the challenge itself refuses that, so it is counted.
        team: who submits.

    Raises:
        SubmissionError: a playlist is missing, unknown or there twice, or its tracks are more than
            500, repeated, among its seeds, or malformed.
    """
    team = team or Team()
    written = short = 0
    with _replacing(os.fspath(path)) as file:
        # Spreadsheets run what looks like a formula.
        file.write(f"{_HEAD},{inert(team.name)},{inert(team.email)}\n")
        missing = set(seeds)
        for pid, uris in recommendations:
            if pid not in seeds:
                raise SubmissionError(f"playlist {pid} is not in the challenge set")
            if pid not in missing:
                raise SubmissionError(f"playlist {pid} is there twice")
            missing.remove(pid)
            _check_tracks(pid, uris, seeds[pid])
            file.write(", ".join([str(pid), *uris]) + "\n")
            written += 1
            short += len(uris) < DEPTH
        if missing:
            raise SubmissionError(
                f"{len(missing)} playlists have no recommendations, such as {min(missing)}"
            )
    return Written(written, short)


def read_submission(path: str | Path) -> dict[str, list[str]]:
    """Recommendations by pid.

    Lines that start with "#" and the line of `team_info` are passed over. Links become URIs.

    Args:
        path: a CSV file, gzipped or not.

    Raises:
        SubmissionError: the file cannot be read, holds no playlist or something else, a playlist
            has more than 500 recommendations or one twice, or occurs twice itself.
    """
    recommended: dict[str, list[str]] = {}
    try:
        with open_text(path) as lines:
            for number, line in enumerate(lines, 1):
                text = line.strip()
                if not text or text.startswith("#") or text.lower().startswith(_HEAD):
                    continue
                pid, *uris = _fields(text)
                if problem := _problem(pid, uris, recommended):
                    raise SubmissionError(f"{path}:{number}: {problem}")
                recommended[pid] = uris
    except OSError as error:
        raise SubmissionError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (EOFError, zlib.error, csv.Error) as error:
        raise SubmissionError(f"{path}: cannot be read: {error}") from error
    if not recommended:
        raise SubmissionError(f"{path}: holds no playlist: expected lines of pid, track_uri, ...")
    return recommended


@contextlib.contextmanager
def open_text(path: str | Path) -> Iterator[IO[str]]:
    """Opens a text file in UTF-8 or, with a byte order mark, UTF-16, gzipped or not.

    Raises:
        SubmissionError: what was read within the block is in another encoding, or no text; or
            the file is yet to be fetched.
        OSError, EOFError, zlib.error: the file cannot be opened or unpacked.
    """
    with open(path, "rb") as file:
        if told := stand_in(file.peek(LONGEST)):
            raise SubmissionError(f"{path}: {told}")
        packed = gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == _GZIP else None
        content = io.BufferedReader(packed) if packed is not None else file
        marked = content.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        with io.TextIOWrapper(content, encoding="utf-16" if marked else "utf-8-sig") as text:
            try:
                yield text
            except UnicodeError:
                problem = "cannot be read: it is no text in UTF-8 or UTF-16"
                raise SubmissionError(f"{path}: {problem}") from None


def _fields(line: str) -> list[str]:
    pid, *uris = (field.strip() for field in next(csv.reader([line], skipinitialspace=True)))
    return [pid, *(canonical(uri) for uri in uris if uri)]


def _problem(pid: str, uris: Sequence[str], recommended: Mapping[str, object]) -> str | None:
    if not (pid.isascii() and pid.isdigit()):
        shown = pid if len(pid) <= 40 else f"{pid[:37]}..."
        return f"{shown!r} is no playlist's number: expected lines of pid, track_uri, ..."
    if len(uris) > DEPTH:
        return f"{len(uris)} recommendations, at most {DEPTH} are allowed"
    if len(set(uris)) != len(uris):
        return "a track is recommended twice"
    return f"playlist {pid} occurs twice" if pid in recommended else None


def _check_tracks(pid: int, uris: Sequence[str], seeds: Sequence[str]) -> None:
    if len(uris) > DEPTH:
        raise SubmissionError(f"playlist {pid}: {len(uris)} tracks, at most {DEPTH} are allowed")
    seen = set(seeds)
    for rank, uri in enumerate(uris, 1):
        if not is_track_uri(uri):
            raise SubmissionError(f"playlist {pid}: track {rank}, {uri!r}, is not a track URI")
        if uri in seen:
            what = "one of its seeds" if uri in seeds else "there twice"
            raise SubmissionError(f"playlist {pid}: track {rank}, {uri}, is {what}")
        seen.add(uri)


@contextlib.contextmanager
def _replacing(path: str) -> Iterator[TextIO]:
    """Opens a text file that takes the place of `path` when the block ends well."""
    with (
        files.replacing(path) as partial,
        (
            gzip.open(partial, "wt", encoding="utf-8")
            if path.endswith(".gz")
            else partial.open("w", encoding="utf-8")
        ) as file,
    ):
        yield file
