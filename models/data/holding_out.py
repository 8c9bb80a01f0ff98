"""Holds playlists out of train, for what must learn from playlists that a model has not seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from evaluation import scenarios
from models.contract import Catalogue, Playlists, Query, Ragged, TrainingData
from models.families.shared.ragged import to_ragged

_UNKNOWN: Final = -1


class HeldOut(NamedTuple):
    """Playlists to continue, as queries and answers.

    Attributes:
        playlists: with seeds, targets and scenario.
        artist_ids: int32 rows, the known artist of every seed, those of tracks included that no
            other playlist holds: a request names them too.
    """

    playlists: Playlists
    artist_ids: Ragged

    def query(self) -> Query:
        """What a scorer sees of them."""
        return Query(
            to_ragged(self.playlists.track_ids),
            to_ragged(self.artist_ids),
            to_ragged(self.playlists.title_ngram_ids),
        )


def part_of(data: TrainingData, rows: np.ndarray) -> tuple[TrainingData, np.ndarray]:
    """What Transform would have made of a part of train, but for vocabularies and minimum counts.

    Args:
        data: all of train.
        rows: of the playlists to keep.

    Returns:
        The part, without evaluation playlists, and the new id of every track, -1 where no playlist
        of the part holds it.
    """
    kept = select(data.train, rows)
    catalogue, new_ids = _catalogue_of(data.catalogue, kept.track_ids)
    train = dataclasses.replace(kept, track_ids=_renumbered(kept.track_ids, new_ids))
    nobody = select(data.evaluation, np.zeros(0, np.int64))
    return dataclasses.replace(data, catalogue=catalogue, train=train, evaluation=nobody), new_ids


def cut(data: TrainingData, rows: np.ndarray, new_ids: np.ndarray, seed: int) -> HeldOut:
    """Withholds tracks of playlists that a part of train leaves out.

    Args:
        data: all of train.
        rows: of the playlists to cut.
        new_ids: of `part_of`.
        seed: of the scenario and the tracks drawn for each playlist.

    Returns:
        The playlists, with the ids of the part.
    """
    seeds, targets, names = [], [], []
    for row in rows:
        tracks = data.train.track_ids.row(row)
        key = b"%d" % row
        scenario = scenarios.assign(key, seed)
        withheld = scenarios.withhold(tracks.tolist(), scenario, key, seed)
        seeds.append(tracks[list(withheld.seed_positions)])
        targets.append(tracks[list(withheld.holdout_positions)])
        names.append(withheld.scenario)
    whole = select(data.train, rows)
    titles = _ragged(
        [
            whole.title_ngram_ids.row(index) if scenario.has_title else np.zeros(0, np.int32)
            for index, scenario in enumerate(names)
        ]
    )
    playlists = dataclasses.replace(
        whole,
        track_ids=_renumbered(_ragged(seeds), new_ids),
        title_ngram_ids=titles,
        targets=_renumbered(_ragged(targets), new_ids),
        num_targets=np.array([len(row) for row in targets], np.int32),
        scenarios=np.array([scenario.name for scenario in names], object),
    )
    artists = [data.catalogue.artist_ids[row] for row in seeds]
    return HeldOut(playlists, _ragged([row[row >= 0] for row in artists]))


def select(playlists: Playlists, rows: np.ndarray) -> Playlists:
    """Some playlists, in the order of the rows given."""

    def part(values: Ragged | np.ndarray | None) -> Ragged | np.ndarray | None:
        if isinstance(values, Ragged):
            return _ragged([values.row(row) for row in rows])
        return None if values is None else values[rows]

    parts = {
        field.name: part(getattr(playlists, field.name)) for field in dataclasses.fields(playlists)
    }
    return Playlists(**parts)  # type: ignore[arg-type]


def concatenate(parts: Sequence[HeldOut]) -> HeldOut:
    """Puts held-out playlists one after another."""

    def joined(values: Sequence[Any]) -> Any:
        if isinstance(values[0], Ragged):
            lengths = np.concatenate([np.diff(rows.splits) for rows in values])
            splits = np.concatenate([[0], np.cumsum(lengths)])
            return Ragged(np.concatenate([rows.values for rows in values]), splits)
        return None if values[0] is None else np.concatenate(values)

    names = [field.name for field in dataclasses.fields(Playlists)]
    playlists = {name: joined([getattr(part.playlists, name) for part in parts]) for name in names}
    return HeldOut(Playlists(**playlists), joined([part.artist_ids for part in parts]))


def _catalogue_of(catalogue: Catalogue, rows: Ragged) -> tuple[Catalogue, np.ndarray]:
    """The tracks that rows hold, most frequent first, and the new id of every old one."""
    counts = np.bincount(rows.values, minlength=len(catalogue)).astype(np.int64)
    kept = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    new_ids = np.full(len(catalogue), _UNKNOWN, np.int32)
    new_ids[kept] = np.arange(len(kept), dtype=np.int32)
    parts = {
        field.name: getattr(catalogue, field.name)[kept] for field in dataclasses.fields(catalogue)
    }
    return Catalogue(**{**parts, "counts": counts[kept]}), new_ids


def _renumbered(rows: Ragged, new_ids: np.ndarray) -> Ragged:
    """Rows of new ids, without the unknown."""
    values = new_ids[rows.values]
    known = values != _UNKNOWN
    return Ragged(values[known], np.concatenate([[0], np.cumsum(known)])[rows.splits])


def _ragged(rows: list[np.ndarray]) -> Ragged:
    values = np.concatenate([np.zeros(0, np.int32), *rows]).astype(np.int32)
    return Ragged(values, np.cumsum([0, *(len(row) for row in rows)]))
