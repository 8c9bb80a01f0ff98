"""Where training starts from: every table of vectors, found in closed form."""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.sparse

from models.contract import TrainingData
from models.families.two_tower.bags import bag_matrix
from models.families.two_tower.factorization import Contents, Factors, factorize
from models.families.two_tower.idf import inverse_document_frequency
from models.families.two_tower.params import Params
from models.families.two_tower.ridge import ridge


@dataclasses.dataclass(frozen=True)
class Start:
    """Tables of vectors for N tracks, A artists and G title n-grams.

    Attributes:
        tracks: float32 [N, d], of candidates, an album's share included.
        track_artists: float32 [A, d], added to the vectors of an artist's tracks.
        seeds: float32 [N, d], of a playlist's seeds.
        seed_artists: float32 [A, d], of their artists.
        titles: float32 [G, d], of title n-grams.
        seed_idf: float32 [N]; so are `artist_idf` [A] and `title_idf` [G].
        factors: what was factorised; None where nothing was.
        album_ids: int64 [N], the catalogue's; None where albums are left out.
    """

    tracks: np.ndarray
    track_artists: np.ndarray
    seeds: np.ndarray
    seed_artists: np.ndarray
    titles: np.ndarray
    seed_idf: np.ndarray
    artist_idf: np.ndarray
    title_idf: np.ndarray
    factors: Factors | None
    album_ids: np.ndarray | None


def prepare_start(
    data: TrainingData, params: Params, seed: int, factors: np.ndarray | None = None
) -> Start:
    """Factorises train, and regresses its playlists' vectors on their bags.

    With `params.fold_in` the seeds' vectors are solved for when a query comes, so their bags start
    at zero: they only correct. Otherwise they are ridge regressions onto the playlists' vectors, as
    titles always are; except for a random start, where every table is random.

    Args:
        data: whose train playlists are factorised; its evaluation playlists are not read.
        params: of the whole model; `factors`, `fold_in` and `start` matter here.
        seed: of the factorisation's random start. The same seed gives the same tables.
        factors: float32 [N + A (+ L), d] of tracks, artists and, where they are factorised,
            albums, for ALS to go on from.

    Returns:
        The tables, each vector of length d = `params.factors`.
    """
    playlists, catalogue = data.train.track_ids, data.catalogue
    tracks = playlists.to_csr(len(catalogue))
    artists = playlists.map_ids(catalogue.artist_ids).to_csr(data.num_artists)
    album_ids = catalogue.album_ids if data.num_albums and params.start.album_weight else None
    albums = scipy.sparse.csr_matrix((len(playlists), 0), dtype=np.float32)
    if album_ids is not None:
        albums = playlists.map_ids(album_ids).to_csr(data.num_albums)
    titles = data.train.title_ngram_ids.to_csr(data.num_title_ngrams)
    idf = [inverse_document_frequency(matrix) for matrix in (tracks, artists, titles)]
    contents = Contents(tracks, artists, albums, data.train.num_followers)
    found = factorize(contents, params.factors, params.start, seed, factors)
    seeds, seed_artists, title_vectors = _query_tables(
        found, (tracks, artists, titles), idf, params, seed
    )
    return Start(
        tracks=_with_albums(found, album_ids, params.start.album_share),
        track_artists=found.artists * np.float32(params.start.artist_share),
        seeds=seeds,
        seed_artists=seed_artists,
        titles=title_vectors,
        seed_idf=idf[0],
        artist_idf=idf[1],
        title_idf=idf[2],
        factors=found,
        album_ids=album_ids,
    )


def _with_albums(factors: Factors, album_ids: np.ndarray | None, share: float) -> np.ndarray:
    if album_ids is None or not share:
        return factors.tracks
    albums = factors.albums[np.maximum(album_ids, 0)]
    albums[album_ids < 0] = 0.0
    return factors.tracks + np.float32(share) * albums


def _query_tables(
    factors: Factors,
    counts: tuple[scipy.sparse.csr_matrix, ...],
    idf: list[np.ndarray],
    params: Params,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sizes = [matrix.shape[1] for matrix in counts]
    if params.start.method == "random":
        generator = np.random.default_rng([seed, 1])
        shape = (sum(sizes), params.factors)
        table = generator.standard_normal(shape, np.float32) / np.float32(np.sqrt(params.factors))
        seeds, artists, titles = np.split(table, np.cumsum(sizes)[:-1])
        return seeds, artists, titles
    titles = ridge(
        bag_matrix(counts[2], idf[2], "count"), factors.playlists, params.start.ridge_titles
    )
    if params.fold_in:
        nothing = [np.zeros((size, params.factors), np.float32) for size in sizes[:2]]
        return nothing[0], nothing[1], titles
    bags = [bag_matrix(counts[0], idf[0], "once"), bag_matrix(counts[1], idf[1], "log")]
    both = ridge(
        scipy.sparse.hstack(bags, format="csr"), factors.playlists, params.start.ridge_seeds
    )
    return both[: sizes[0]], both[sizes[0] :], titles
