"""Holds playlists out of train, for what must learn from playlists that a model has not seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from evaluation import scenarios
from models.data.playlists import Catalogue, HeldOutPlaylists, TrainingData
from models.data.ragged import Ragged

_UNKNOWN: Final = -1


class Aside(NamedTuple):
    """Training data with the playlists of stop set aside.

    Attributes:
        data: all others, to fit to.
        held_out: the playlists of stop from which something is withheld, to score the fit on; ids
            are those of `data`.
    """

    data: TrainingData
    held_out: HeldOutPlaylists


def set_aside(data: TrainingData, seed: int) -> Aside | None:
    """Sets the playlists of stop aside, for a family to choose by how long to train.

    Args:
        data: to learn from.
        seed: of what is withheld from each playlist.

    Returns:
        The two parts, or None where there is nothing to choose by: stop is empty, or all of it.
    """
    rest = np.setdiff1d(np.arange(len(data.train)), data.stop)
    rows = data.stop[data.train.track_ids.lengths[data.stop] > 0]
    if not len(rows) or not data.train.track_ids.lengths[rest].any():
        return None
    part, new_ids = part_of(data, rest)
    held_out = cut(data, rows, new_ids, seed).with_targets()
    return Aside(part, held_out) if len(held_out) else None


def part_of(data: TrainingData, rows: np.ndarray) -> tuple[TrainingData, np.ndarray]:
    """Makes training data of a part of the playlists, as Transform would have made it of that part.

    Vocabularies and minimum counts stay those of all.

    Args:
        data: all playlists.
        rows: of those to keep, ascending.

    Returns:
        The part, and the new id of every track, -1 where no playlist of the part holds it.
    """
    kept = data.train.select(rows)
    catalogue, new_ids = _catalogue_of(data.catalogue, kept.track_ids)
    train = dataclasses.replace(kept, track_ids=kept.track_ids.map_ids(new_ids))
    stop = np.flatnonzero(np.isin(rows, data.stop))
    return dataclasses.replace(data, catalogue=catalogue, train=train, stop=stop), new_ids


def cut(
    data: TrainingData,
    rows: np.ndarray,
    new_ids: np.ndarray,
    seed: int,
    scenario: scenarios.Scenario | None = None,
) -> HeldOutPlaylists:
    """Withholds tracks of playlists, such as those that a part leaves out.

    Args:
        data: all playlists.
        rows: of those to cut, none of them empty.
        new_ids: of `part_of`.
        seed: of the scenario and the tracks drawn for each playlist.
        scenario: of all playlists; None draws one for each.

    Returns:
        The playlists, with the ids of the part.
    """
    seeds, targets, applied, plays = [], [], [], []
    for row in rows:
        tracks = data.train.track_ids.row(row)
        key = b"%d" % row
        drawn = scenario or scenarios.assign(key, seed)
        withheld = scenarios.withhold(tracks.tolist(), drawn, key, seed)
        seeds.append(tracks[list(withheld.seed_positions)])
        targets.append(tracks[list(withheld.holdout_positions)])
        if data.train.plays is not None:
            plays.append(data.train.plays.row(row)[list(withheld.seed_positions)])
        applied.append(withheld.scenario)
    told = data.train.listener_features
    titled = np.array([each.has_title for each in applied], bool)
    return HeldOutPlaylists(
        track_ids=Ragged.from_rows(seeds).map_ids(new_ids),
        artist_ids=Ragged.from_rows(seeds).map_ids(data.catalogue.artist_ids),
        title_ngram_ids=_shown(data.train.title_ngram_ids, rows, titled),
        mention_ids=_shown(data.train.mention_ids, rows, titled),
        targets=Ragged.from_rows(targets).map_ids(new_ids),
        num_targets=np.array([len(row) for row in targets], np.int32),
        scenarios=np.array([each.name for each in applied], object),
        plays=_of_known(plays, seeds, new_ids) if data.train.plays is not None else None,
        listener_features=None if told is None else told[rows],
    )


def _of_known(
    plays: Sequence[np.ndarray], seeds: Sequence[np.ndarray], new_ids: np.ndarray
) -> Ragged:
    """The plays of those seeds that the part knows."""
    pairs = zip(plays, seeds, strict=True)
    return Ragged.from_rows(of_row[new_ids[row] >= 0] for of_row, row in pairs)


def _shown(column: Ragged, rows: np.ndarray, titled: np.ndarray) -> Ragged:
    """What is known of titles: the values of rows, of those that do not show theirs none."""
    return Ragged.from_rows(
        column.row(row) if shown else [] for row, shown in zip(rows, titled, strict=True)
    )


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
