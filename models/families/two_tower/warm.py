"""Where training starts from when a model is served: its vectors, by name."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import scipy.sparse

from models import warm_start
from models.contract import TrainingData
from models.families.two_tower.idf import inverse_document_frequency
from models.families.two_tower.params import Params
from models.families.two_tower.start import Start, prepare_start
from models.warm_start import Carried, MisfitError, ServedWeights, carry, relatives_of
from schema.model_card import VocabularyGrowth

_TOWER: Final = ("_scorer", "_query_tower")
_FOLD_IN: Final = (*_TOWER, "_fold_in")
_CANDIDATES: Final = ("_scorer", "_candidates")
# Of each track in a served model, and one more for unknown tracks.
_ARTIST_IDS: Final = ("_queries", "_artist_ids")


class Warm(NamedTuple):
    """A start from a served model.

    Attributes:
        start: the tables.
        growth: how their vectors came about, by vocabulary.
    """

    start: Start
    growth: dict[str, VocabularyGrowth]


def warm_start_of(data: TrainingData, params: Params, seed: int, start: warm_start.Start) -> Warm:
    """Carries the vectors of a served two-tower model over.

    With `params.fold_in` what was served are factors: ALS goes on from them, for fewer rounds, and
    the title's vectors are solved for anew, which needs no start. What gradient steps had changed
    in a track's vector is added to it again. Without `fold_in` every table goes on as it is
    served, and nothing is solved for.

    Args:
        data: to train on.
        params: of the whole model.
        seed: of what is random.
        start: the served model.

    Raises:
        MisfitError: if its vectors are of another kind or length.
    """
    served = start.served
    if served.has(*_FOLD_IN, "tracks") != params.fold_in:
        with_or_without = ("without", "with") if params.fold_in else ("with", "without")
        raise MisfitError("it was trained {} fold_in, and now it is {}".format(*with_or_without))
    return (_factors if params.fold_in else _bags)(data, params, seed, start)


class _Rows(NamedTuple):
    """The playlists that vectors are carried into."""

    tracks: scipy.sparse.csr_matrix
    artists: scipy.sparse.csr_matrix
    titles: scipy.sparse.csr_matrix

    @classmethod
    def of(cls, data: TrainingData) -> _Rows:
        playlists = data.train.track_ids
        return cls(
            playlists.to_csr(len(data.catalogue)),
            playlists.map_ids(data.catalogue.artist_ids).to_csr(data.num_artists),
            data.train.title_ngram_ids.to_csr(data.num_title_ngrams),
        )


def _factors(data: TrainingData, params: Params, seed: int, start: warm_start.Start) -> Warm:
    served, catalogue, rows = start.served, data.catalogue, _Rows.of(data)
    table = served.vectors((*_FOLD_IN, "tracks"), served.tracks, params.factors)
    artists = served.vectors((*_FOLD_IN, "artists"), served.artists, params.factors)
    carried = {
        "tracks": carry(
            table,
            start.tracks,
            rows.tracks,
            (catalogue.artist_ids, catalogue.album_ids),
            seed=seed,
        ),
        "artists": carry(artists, start.artists, rows.artists, seed=seed),
    }
    if data.num_albums and params.start.album_weight:
        carried["albums"] = _albums(data, params, seed, start)
    found = prepare_start(
        data, params, seed, np.concatenate([part.table for part in carried.values()])
    )
    if "seeds" in params.trained:
        _keep(found.seeds, served, "_seeds", start.tracks)
    if "seed_artists" in params.trained:
        _keep(found.seed_artists, served, "_seed_artists", start.artists)
    if params.trained and params.epochs:
        known = start.tracks >= 0
        found.tracks[known] += _taught(served, table, artists)[start.tracks[known]]
    return Warm(found, {name: part.growth for name, part in carried.items()})


def _albums(data: TrainingData, params: Params, seed: int, start: warm_start.Start) -> Carried:
    """Albums by their tracks, since a served model does not name them."""
    served, album_ids = start.served, data.catalogue.album_ids
    known, table = np.full(data.num_albums, -1), np.zeros((0, params.factors), np.float32)
    if served.has(*_FOLD_IN, "album_ids"):
        table = served.table(*_FOLD_IN, "_albums", "0")
        found = relatives_of(start.tracks, served.table(*_FOLD_IN, "album_ids"), album_ids)
        known[: len(found)] = found
    rows = data.train.track_ids.map_ids(album_ids).to_csr(data.num_albums)
    return carry(table, known, rows, seed=seed)


def _keep(table: np.ndarray, served: ServedWeights, name: str, known: np.ndarray) -> None:
    """Puts what a served bag corrects into a table that starts at zero."""
    if served.has(*_TOWER, name, "vectors"):
        kept = served.table(*_TOWER, name, "vectors")
        table[known >= 0] = kept[known[known >= 0]]


def _taught(served: ServedWeights, tracks: np.ndarray, artists: np.ndarray) -> np.ndarray:
    """What gradient steps have changed in a served model's candidates: float32 [N, d]."""
    settings = served.card.params or {}
    shares = (settings.get("retrieval") or settings).get("start") or {}
    candidates = served.table(*_CANDIDATES)[: tracks.shape[1]].T
    solved = tracks + _share(artists, served.table(*_ARTIST_IDS)[:-1], shares.get("artist_share"))
    if served.has(*_FOLD_IN, "album_ids"):
        albums = served.table(*_FOLD_IN, "_albums", "0")
        album_ids = served.table(*_FOLD_IN, "album_ids")
        solved += _share(albums, album_ids, shares.get("album_share"))
    return candidates - solved


def _share(table: np.ndarray, ids: np.ndarray, share: float | None) -> np.ndarray:
    if share is None:
        raise MisfitError("its model card does not say how its vectors were started")
    if not len(table):
        return np.zeros((len(ids), table.shape[1]), np.float32)
    return np.float32(share) * np.where(ids >= 0, 1, 0)[:, np.newaxis] * table[np.maximum(ids, 0)]


def _bags(data: TrainingData, params: Params, seed: int, start: warm_start.Start) -> Warm:
    served, size, rows = start.served, params.factors, _Rows.of(data)
    relatives = (data.catalogue.artist_ids, data.catalogue.album_ids)
    candidates = served.table(*_CANDIDATES)[:size]

    def bag(name: str, names: list[bytes]) -> np.ndarray:
        return served.vectors((*_TOWER, name, "vectors"), names, size)

    seeds = carry(bag("_seeds", served.tracks), start.tracks, rows.tracks, relatives, seed=seed)
    artists = carry(bag("_seed_artists", served.artists), start.artists, rows.artists, seed=seed)
    titles = carry(bag("_title", served.title_ngrams), start.title_ngrams, rows.titles, seed=seed)
    tracks = carry(candidates.T, start.tracks, rows.tracks, relatives, seed=seed)
    idf = [inverse_document_frequency(matrix) for matrix in rows]
    tables = Start(
        tracks=tracks.table,
        # A served track's vector holds its artist's share already.
        track_artists=np.zeros((data.num_artists, size), np.float32),
        seeds=seeds.table,
        seed_artists=artists.table,
        titles=titles.table,
        seed_idf=idf[0],
        artist_idf=idf[1],
        title_idf=idf[2],
        factors=None,
        album_ids=None,
    )
    growth = {"tracks": tracks.growth, "artists": artists.growth, "title_ngrams": titles.growth}
    return Warm(tables, growth)
