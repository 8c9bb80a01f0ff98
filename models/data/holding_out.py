"""Holds playlists out of train, for what must learn from playlists that a model has not seen."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from evaluation import scenarios
from models.data.playlists import Catalogue, HeldOutPlaylists, TrainingData
from models.data.ragged import Ragged

_UNKNOWN: Final = -1


def part_of(data: TrainingData, rows: np.ndarray) -> tuple[TrainingData, np.ndarray]:
    """Makes training data of a part of train, as Transform would have made it of that part.

    Vocabularies and minimum counts stay those of all of train.

    Args:
        data: all of train.
        rows: of the playlists to keep.

    Returns:
        The part, without evaluation playlists, and the new id of every track, -1 where no playlist
        of the part holds it.
    """
    kept = data.train.select(rows)
    catalogue, new_ids = _catalogue_of(data.catalogue, kept.track_ids)
    train = dataclasses.replace(kept, track_ids=kept.track_ids.map_ids(new_ids))
    nobody = data.evaluation.select(np.zeros(0, np.int64))
    return dataclasses.replace(data, catalogue=catalogue, train=train, evaluation=nobody), new_ids


def cut(data: TrainingData, rows: np.ndarray, new_ids: np.ndarray, seed: int) -> HeldOutPlaylists:
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
    titles = data.train.title_ngram_ids.select(rows)
    return HeldOutPlaylists(
        track_ids=Ragged.from_rows(seeds).map_ids(new_ids),
        artist_ids=Ragged.from_rows(seeds).map_ids(data.catalogue.artist_ids),
        title_ngram_ids=Ragged.from_rows(
            titles.row(index) if scenario.has_title else [] for index, scenario in enumerate(names)
        ),
        targets=Ragged.from_rows(targets).map_ids(new_ids),
        num_targets=np.array([len(row) for row in targets], np.int32),
        scenarios=np.array([scenario.name for scenario in names], object),
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
