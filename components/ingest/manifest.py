"""The manifest of a finished ingest: what it read, how, and the results."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from components.ingest import finding
from components.ingest.finding import InputFile
from schema.documents import ALL, Amount, SplitCounts, StageCounts
from schema.splits import SplitConfig
from schema.track_uris import LEFT_OUT

NAME: Final = "manifest.json"
#: How the fingerprint of an input begins that could not be looked at; no two are the same.
UNKNOWN: Final = "unknown"
_THREADS: Final = 8  # an object store's answer takes longer than a digest of a local file


@dataclasses.dataclass(frozen=True)
class IngestResult:
    """What an ingest gave.

    Attributes:
        playlists: how many were written.
        tracks: how many entries these have, repeats included.
        files: how many slices were read.
        rejects: how many records and files were set aside, by reason.
        skipped: whether an earlier run had done it all, so that nothing was touched.
        unreadable: why a slice could not be read, by its path.
        splits: how many playlists each split got.
        left_out: what is no playlist and no track, by kind: entries of valid playlists, halves of
            characters in their texts, and files.
        entries: how many entries the playlists of each split have; empty where it is of an
            earlier version.
        read: how many records were read, a file that cannot be read being one.
        entries_read: how many entries of `tracks` these had.
        entries_rejected: how many of them were set aside, by the reason of their playlist.
        updated: how many were left out as a later span has them again.
        deleted: how many were left out as a list of deletions names them.
        entries_updated: how many entries the updated ones have.
        entries_deleted: how many entries the deleted ones have.
        spans: of each span that was read, by its number, how many playlists it has ("read", without
            the rejects), how many of them were written ("playlists"), were "updated" or "deleted",
            and whether it was "ingested" now; empty where the data has no spans.
        notes: what is unusual about the spans, in words.
    """

    playlists: int
    tracks: int
    files: int
    rejects: dict[str, int]
    skipped: bool = False
    unreadable: dict[str, str] = dataclasses.field(default_factory=dict)
    splits: dict[str, int] = dataclasses.field(default_factory=dict)
    left_out: dict[str, int] = dataclasses.field(default_factory=dict)
    entries: dict[str, int] = dataclasses.field(default_factory=dict)
    read: int = 0
    entries_read: int = 0
    entries_rejected: dict[str, int] = dataclasses.field(default_factory=dict)
    updated: int = 0
    deleted: int = 0
    entries_updated: int = 0
    entries_deleted: int = 0
    spans: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)

    @property
    def counts(self) -> StageCounts:
        """What was read, and where it went: all splits together, then what each got."""
        aside = {
            reason: Amount(playlists=number, entries=self.entries_rejected.get(reason, 0))
            for reason, number in self.rejects.items()
        }
        no_tracks = {
            kind: Amount(entries=self.left_out[kind]) for kind in LEFT_OUT if kind in self.left_out
        }
        replaced = {
            what: Amount(playlists=playlists, entries=entries)
            for what, playlists, entries in (
                ("updated", self.updated, self.entries_updated),
                ("deleted", self.deleted, self.entries_deleted),
            )
            if playlists
        }
        every = SplitCounts(
            read=Amount(playlists=self.read, entries=self.entries_read),
            written=Amount(playlists=self.playlists, entries=self.tracks),
            left_out={**aside, **no_tracks, **replaced},
        )
        by_split = {
            split: SplitCounts(written=Amount(playlists=number, entries=self.entries.get(split, 0)))
            for split, number in self.splits.items()
        }
        return StageCounts(stage="Ingest", splits={ALL: every, **by_split})

    @property
    def rejected(self) -> float:
        """How many records were set aside; a slice that cannot be read likely had the mean."""
        records = sum(self.rejects.values()) - len(self.unreadable)
        readable = max(1, self.files - len(self.unreadable))
        return records + len(self.unreadable) * (self.playlists + records) / readable

    @property
    def reject_share(self) -> float:
        """Share of the records that was set aside, 0 to 1."""
        return self.rejected / max(1, self.playlists + self.rejected)

    def summary(self) -> str:
        """Says it in a line."""
        text = f"{self.playlists:,} playlists with {self.tracks:,} tracks in {self.files:,} files"
        if self.rejects:
            reasons = ", ".join(f"{reason} {count}" for reason, count in self.rejects.items())
            text += f" · {sum(self.rejects.values()):,} rejects ({reasons})"
        if self.left_out:
            kinds = [f"{kind.replace('_', ' ')} {count}" for kind, count in self.left_out.items()]
            text += f" · left out: {', '.join(kinds)}"
        return " · ".join([text, *self._of_spans()])

    def _of_spans(self) -> list[str]:
        parts = [
            f"{count:,} {name}"
            for name, count in (("updated", self.updated), ("deleted", self.deleted))
            if count
        ]
        if self.spans:
            *others, last = self.spans
            named = f"spans {others[0]} to {last}" if others else f"span {last}"
            fresh = sum(span["ingested"] for span in self.spans.values())
            several = f" ({len(self.spans)}, {fresh} of them new)" if others else ""
            parts.insert(0, named + several)
        return [*parts, *self.notes]


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A finished ingest.

    Attributes:
        input: what it was given to read; the same content elsewhere gives the same output.
        run_id: names this one ingest; another one that writes the same has another.
        made_from: what the output depends on, see `describe`.
        outputs: the files that it wrote, their sizes in bytes by name.
        result: what it gave.
    """

    input: str
    run_id: str
    made_from: dict[str, Any]
    outputs: Mapping[str, int]
    result: IngestResult


def describe(
    files: Sequence[InputFile], shards: int, split: SplitConfig, source_hash: str
) -> dict[str, Any]:
    """Returns all that an output depends on: content of the input, options and code.

    Args:
        files: the slices, in their order.
        shards: how many files are written a split.
        split: the buckets of each split.
        source_hash: hash of the code of ingest.
    """
    with ThreadPoolExecutor(_THREADS) as threads:
        paths = {file.path: file for file in files}  # an archive once, whatever lies in it
        contents = dict(zip(paths, threads.map(finding.fingerprint, paths.values()), strict=True))
    # Where the files lie is no part of it: a copy, or another spelling, is the same input.
    shared = os.path.commonprefix([file.name for file in files])  # noqa: RUF071 - cut below
    base = len(os.path.dirname(shared))
    inputs = [[file.name[base:], contents[file.path], file.md5] for file in files]
    return {
        "inputs": inputs,
        "shards": shards,
        "split": split.model_dump(mode="json"),
        "code": source_hash,
    }


def fingerprint(made_from: dict[str, Any]) -> str:
    """Returns a digest of what `describe` returned."""
    text = json.dumps(made_from, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def save(output: str, manifest: Manifest) -> None:
    """Writes the manifest; it is the last file that an ingest writes."""
    path = FileSystems.join(output, NAME)
    with FileSystems.create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        file.write(json.dumps(dataclasses.asdict(manifest), indent=1).encode())


def read(folder: str) -> Manifest | None:
    """Reads the manifest in a folder; None where none is, or none that is whole."""
    path = FileSystems.join(folder, NAME)
    if not FileSystems.exists(path):
        return None
    with FileSystems.open(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
        try:
            content = json.loads(file.read())
            sizes = {name: int(size) for name, size in content["outputs"].items()}
            result = IngestResult(**content["result"])
            return Manifest(**{**content, "outputs": sizes, "result": result})
        except (ValueError, KeyError, TypeError, AttributeError):
            return None  # not a manifest of this version, or cut short


def load(output: str, made_from: dict[str, Any]) -> Manifest | None:
    """Returns the manifest of an earlier ingest from the same input that is still all there."""
    return load_by_fingerprint(output, fingerprint(made_from))


def load_by_fingerprint(output: str, digest: str) -> Manifest | None:
    """As `load`, by what `fingerprint` returned.

    A file that is not of the size that was written is as good as missing.
    """
    found = read(output)
    if found is None or fingerprint(found.made_from) != digest:
        return None
    sizes = {os.path.basename(file.path): file.size for file in finding.list_files(output, ["*"])}
    return found if found.outputs.items() <= sizes.items() else None


def gone(output: str, made_from: dict[str, Any]) -> list[str]:
    """Names the slices that the ingest which lies in `output` read, and another one does not."""
    found = read(output)
    earlier = found.made_from.get("inputs", []) if found else []
    names = {name for name, *_ in made_from["inputs"]}
    return sorted(name for name, *_ in earlier if name not in names)
