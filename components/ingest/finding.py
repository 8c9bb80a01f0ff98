"""Finds MPD slices, in directories and in archives."""

from __future__ import annotations

import fnmatch
import glob
import hashlib
import os
import re
import stat
from collections.abc import Iterable
from typing import Final, NamedTuple

from apache_beam.io.filesystems import FileSystems

from components.ingest import archives, checksums
from components.ingest.errors import IngestError

_SLICE_NAMES: Final = ("mpd.slice.*.json", "mpd.slice.*.json.gz")
_JSON_NAMES: Final = ("*.json", "*.json.gz")
#: What a directory may stand for, the first that is there: names of files, and the folder in it.
_DIRECTORIES: Final = (
    (_SLICE_NAMES, ""),
    (_SLICE_NAMES, "data"),  # the folder that the dataset unpacks to
    (("spotify_million_playlist_dataset.zip",), ""),
    (_JSON_NAMES, ""),
    (("*.zip",), ""),
    (_JSON_NAMES, "data"),
)
#: A directory with such a name is a slice that went wrong, not one to look into.
_NAMED_AS_SLICES: Final = (*_JSON_NAMES, "*.zip")
#: What is likely a slice that went wrong, such as x.JSON or x.json.tmp, where it is not chosen.
_LIKE_SLICES: Final = ("[mM][pP][dD].[sS][lL][iI][cC][eE].*", "*.[jJ][sS][oO][nN]*")
#: What macOS puts beside files on other disks and into archives; it holds no playlists.
_MACOS: Final = "._"
_CHUNK: Final = 1 << 20


class InputFile(NamedTuple):
    """One input file.

    Attributes:
        path: of the file, or of the archive that it lies in.
        size: in bytes; of a file in an archive, unpacked.
        modified: in seconds since 1970.
        member: its name in the archive, "" where it lies in none.
        md5: what a list of checksums beside the data says, "" where none does.
    """

    path: str
    size: int
    modified: float
    member: str = ""
    md5: str = ""

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"{self.path}/{self.member}" if self.member else self.path


class Inputs(NamedTuple):
    """What was found.

    Attributes:
        files: the slices in their order.
        macos_files: how many files of macOS were left out.
        others: files beside the slices that are named almost as these, and were left out.
        missing: how many slices a list of checksums names that are not there; 0 where a file or a
            pattern chose some of them.
    """

    files: list[InputFile]
    macos_files: int
    missing: int = 0
    others: tuple[str, ...] = ()


def is_remote(path: str) -> bool:
    """Whether Beam has to resolve the path (`gs://`, `s3://`, ...)."""
    return "://" in path


def match_inputs(pattern: str) -> Inputs:
    """Finds the slices that `pattern` stands for, in the order of the numbers in their names.

    Args:
        pattern: a file, a directory or a pattern with `*`, `?` and `[...]`; local or remote. A
            directory stands for the `mpd.slice.*.json` and `.json.gz` in it or in its folder
            `data`, or where it has none for its `*.json` and `*.json.gz`, or its archives. A zip
            archive stands for what lies in it, by the same names.

    Raises:
        IngestError: when nothing matches, or it cannot be looked for.
    """
    try:
        chosen = _match_files(pattern)
        beside = _Chosen(chosen) if chosen else _match_directory(pattern)
        unpacked = [_unpacked(file) for file in beside.files]
        files = [file for inner in unpacked for file in inner.files]
        sums, missing = checksums.expected((file.path, file.member) for file in files)
    except Exception as error:  # each filesystem has its own errors
        why = str(error)
        if isinstance(error, OSError) and error.strerror:
            why = f"{error.filename}: {error.strerror}"
        raise IngestError(f"cannot look for {pattern!r}: {why}") from error
    if not files:
        raise IngestError(
            f"no slice found: {pattern!r} is not a file, not a pattern that matches one, "
            "and no directory that holds .json, .json.gz or .zip files, by itself or in data/"
        )
    files = [file._replace(md5=md5) for file, md5 in zip(files, sums, strict=True)]
    parts = [beside, *unpacked]
    if chosen and not all(file.member for file in files):
        missing = set()
    in_order = sorted(files, key=lambda file: _natural_key(file.name))
    others = sorted(name for part in parts for name in part.others)
    return Inputs(in_order, sum(part.macos for part in parts), len(missing), tuple(others))


def _natural_key(path: str) -> tuple[list[str | int], str]:
    parts = re.split(r"([0-9]+)", path)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], path


def list_files(directory: str, names: Iterable[str]) -> list[InputFile]:
    """Lists the files of a directory, local or remote, whose names match one of the patterns."""
    patterns = list(names)
    if is_remote(directory):
        return _match_all([f"{directory.rstrip('/')}/{name}" for name in patterns])
    if not os.path.isdir(directory):
        return []
    return [
        _stat(entry.path)
        for entry in os.scandir(directory)
        if entry.is_file() and _is_named(entry.name, patterns)
    ]


def not_a_file(path: str) -> str:
    """Says what stands at a local path in place of a file; "" for a file, and for remote paths."""
    if is_remote(path) or os.path.isfile(path):
        return ""
    if os.path.islink(path) and not os.path.exists(path):
        return f"a link to {os.readlink(path)}, which is missing"
    if not os.path.exists(path):
        return "missing"
    mode = os.stat(path).st_mode
    kinds = {"a directory": stat.S_ISDIR, "a pipe": stat.S_ISFIFO, "a socket": stat.S_ISSOCK}
    return f"{next((kind for kind, test in kinds.items() if test(mode)), 'a device')}, not a file"


def fingerprint(file: InputFile) -> str:
    """Returns what changes with a file's content.

    That is a digest of a local file, and of an object the checksum that its store keeps, so that
    nothing is downloaded; of a file in an archive, the archive's. Where none can be had, size and
    time of change stand in.
    """
    try:
        if problem := not_a_file(file.path):
            return problem  # to open a pipe would wait for whoever writes to it
        if is_remote(file.path):
            return str(FileSystems.checksum(file.path))
        digest = hashlib.blake2b(digest_size=16)
        with open(file.path, "rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        return digest.hexdigest()
    except Exception:  # each filesystem has its own errors; reading the slice will name them
        return f"{file.size} bytes of {file.modified}"


def _match_files(pattern: str) -> list[InputFile]:
    """Returns the files and archives that a path or a pattern names, none for a directory."""
    if is_remote(pattern):
        return [] if pattern.endswith("/") else _match_all([pattern])
    if os.path.isfile(pattern):
        return [_stat(pattern)]  # its name may have the characters of a pattern
    # What is no file, a link that leads nowhere too, is an input that cannot be read.
    return [
        _stat(path)
        for path in glob.glob(_with_directory_as_it_is(pattern), recursive=True)
        if not os.path.isdir(path) or (path != pattern and _is_named(path, _NAMED_AS_SLICES))
    ]


def _with_directory_as_it_is(pattern: str) -> str:
    """A pattern in which the characters of a directory that is there stand for themselves."""
    directory = os.path.dirname(pattern)
    while directory and not os.path.isdir(directory):
        above = os.path.dirname(directory)
        directory = above if above != directory else ""
    return glob.escape(directory) + pattern[len(directory) :]


class _Chosen(NamedTuple):
    """What was chosen of several files, and what of the others is told."""

    files: list[InputFile]
    macos: int = 0
    others: tuple[str, ...] = ()


def _chosen(listed: Iterable[InputFile], names: Iterable[str]) -> _Chosen:
    """Chooses files by their names; the same file may be listed twice."""
    named = {file.name: file for file in listed}
    macos = [name for name in named if _is_macos(name)]
    others = named.keys() - macos
    sound = [name for name in named if name in others and _is_named(name, names)]
    of_slices = [name for name in macos if _is_named(os.path.basename(name)[2:], names)]
    like = tuple(name for name in others.difference(sound) if _is_named(name, _LIKE_SLICES))
    return _Chosen([named[name] for name in sound], len(of_slices), like)


def _match_directory(pattern: str) -> _Chosen:
    """Returns what a directory stands for."""
    for names, folder in _DIRECTORIES:
        directory = FileSystems.join(pattern, folder) if folder else pattern
        like = {*names, *(_MACOS + name for name in names), *_LIKE_SLICES}
        if (found := _chosen(_list_inputs(directory, sorted(like)), names)).files:
            return found
    return _Chosen([])


def _list_inputs(directory: str, names: list[str]) -> list[InputFile]:
    """As `list_files`, with what has the name of a slice and is no file."""
    if is_remote(directory):
        return list_files(directory, names)
    if not os.path.isdir(directory):
        return []
    return [_stat(entry.path) for entry in os.scandir(directory) if _is_named(entry.name, names)]


def _unpacked(file: InputFile) -> _Chosen:
    """Returns the slices in an archive; any other file as it is."""
    if not archives.is_archive(file.path) or not_a_file(file.path):
        return _Chosen([file])
    try:
        sizes = archives.sizes(file.path)
    except Exception:  # each filesystem has its own errors; reading the archive will name them
        return _Chosen([file])
    inside = [file._replace(member=member, size=size) for member, size in sizes.items()]
    for names in (_SLICE_NAMES, _JSON_NAMES):
        if (found := _chosen(inside, names)).files:
            return found
    return _Chosen([file])


def _is_macos(path: str) -> bool:
    return os.path.basename(path).startswith(_MACOS)


def _stat(path: str) -> InputFile:
    try:
        found = os.stat(path)
    except OSError:  # a link that leads nowhere
        found = os.lstat(path)
    size = found.st_size if stat.S_ISREG(found.st_mode) else 0
    return InputFile(path, size, found.st_mtime)


def _is_named(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(os.path.basename(path), name) for name in patterns)


def _match_all(patterns: list[str]) -> list[InputFile]:
    return [
        InputFile(found.path, found.size_in_bytes, found.last_updated_in_seconds)
        for match in FileSystems.match(patterns)
        for found in match.metadata_list
    ]
