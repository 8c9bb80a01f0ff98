"""Builds `audio_embeddings` of tables of descriptors, or of audio files in a batch of Beam."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import apache_beam as beam
import numpy as np
from apache_beam.options.pipeline_options import PipelineOptions

from listening.features import partitions
from listening.features.audio import descriptors, files, released
from listening.features.audio.descriptors import Described
from listening.features.audio.scale import SCALE_FILE, Scale
from listening.features.finishing import Built, finish
from listening.features.partitions import Draft, cut_name

VIEW: Final = "audio_embeddings"


@dataclasses.dataclass(frozen=True)
class AudioBuilt(Built):
    """What was built.

    Attributes:
        space: of its vectors.
        counts: tracks, and what was left out, by kind.
        missing: how many tracks lack each number, those that some lack.
    """

    space: str
    counts: Mapping[str, int]
    missing: Mapping[str, int]


def build_from_tables(
    tables: Sequence[str],
    features: str,
    as_of: datetime.datetime,
    scale: str | None = None,
    tracks: str | None = None,
) -> AudioBuilt:
    """Builds the partition of a cut from tables of descriptors.

    Args:
        tables: as `descriptors.read` takes them.
        features: the directory of features.
        as_of: the cut, a whole hour of UTC. Descriptors have no times: these are those of today.
        scale: of another partition, whose vectors these are to compare with; None: their own.
        tracks: the table of tracks: what is not out before the cut has no row, and no part in the
            scale. None: all that is described counts, whenever it came out.

    Raises:
        InUseError: another command builds it.
        SeriousAnomalyError: the rows are not what the curated schema says.
        ValueError: a table cannot be used, the scale is of other numbers, or nothing is out.
        OSError: something cannot be read or written.
    """
    with partitions.building(features, VIEW, as_of) as draft:
        described = _out(descriptors.read(tables), tracks, as_of)
        used, warnings = _write(draft, "descriptors", described, scale)
    return _built(draft, used, described, warnings)


def build_from_files(
    folder: str,
    features: str,
    as_of: datetime.datetime,
    scale: str | None = None,
    tracks: str | None = None,
    *,
    beam_args: Sequence[str] = ("--runner=DirectRunner",),
) -> AudioBuilt:
    """As `build_from_tables`, from the audio files below a folder, whose names end with an ID.

    Raises:
        AudioExtraError: librosa is not installed.
    """
    files.library()
    with partitions.building(features, VIEW, as_of) as draft:
        found = list(files.audio_files(folder))
        named: dict[str, str] = {}
        for path, uri in found:
            if uri is not None:
                named.setdefault(uri, path)
        with beam.Pipeline(options=PipelineOptions(list(beam_args))) as pipeline:
            _ = (
                pipeline
                | "Files" >> beam.Create(sorted(named.items()))
                | "Spread" >> beam.Reshuffle()
                | "Analyse" >> beam.MapTuple(_Analysed(draft.scratch))
            )
        heard = {uri: values for uri in sorted(named) if (values := _heard(draft, uri)) is not None}
        if not heard:
            raise ValueError(f"{folder} holds no audio file that can be heard and names its track")
        nameless = sum(uri is None for _, uri in found)
        counts = Counter(
            {
                "no_tracks": nameless,
                "repeated": len(found) - nameless - len(named),
                "unreadable": len(named) - len(heard),
            }
        )
        values = np.array(list(heard.values()))
        described = Described(list(heard), files.NAMES, values, dict(counts))
        described = _out(described, tracks, as_of)
        used, warnings = _write(draft, "librosa", described, scale)
    return _built(draft, used, described, warnings)


def _out(described: Described, tracks: str | None, cut: datetime.datetime) -> Described:
    found = described if tracks is None else released.out_before(described, tracks, cut)
    if not found.uris:
        raise ValueError(f"{tracks}: no track that is described is out before {cut_name(cut)}")
    return found


def _write(
    draft: Draft, kind: str, described: Described, path: str | None
) -> tuple[Scale, tuple[str, ...]]:
    scale = Scale.of(kind, described) if path is None else Scale.read(path)
    if scale.kind != kind:
        raise ValueError(f"{path}: the scale is of {scale.kind}, not of {kind}")
    finished = finish(draft, scale.rows(described))
    with open(os.path.join(draft.folder, SCALE_FILE), "w", encoding="utf-8") as file:
        file.write(scale.text())
    return scale, finished.warnings


def _built(
    draft: Draft, scale: Scale, described: Described, warnings: tuple[str, ...]
) -> AudioBuilt:
    return AudioBuilt(
        partition=draft.partition,
        changed=draft.changed,
        space=scale.space,
        counts={"tracks": len(described.uris), **described.counts},
        missing=described.missing(),
        warnings=warnings,
    )


class _Analysed:
    """Leaves the numbers of a file in a file."""

    def __init__(self, scratch: str) -> None:
        self._scratch = scratch

    def __call__(self, uri: str, path: str) -> None:
        values = files.analyse(path)
        if values is not None:
            np.save(_place(self._scratch, uri), values)


def _place(scratch: str, uri: str) -> str:
    return os.path.join(scratch, f"{uri.rpartition(':')[2]}.npy")


def _heard(draft: Draft, uri: str) -> np.ndarray | None:
    path = _place(draft.scratch, uri)
    return np.load(path) if os.path.exists(path) else None
