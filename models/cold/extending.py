"""From a fitted model and a table of sounds to a model with more tracks."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from models.cold import regression
from models.cold.offset import choose
from models.cold.scorer import ColdScorer
from models.contract import DotProductScorer, Fit, TrainingData
from models.data import Catalogue, Vocabularies
from schema.model_card import ColdCard

if TYPE_CHECKING:
    import pyarrow as pa

_logger = logging.getLogger(__name__)

# Pretenders are held by so few playlists: nearest to those that none holds.
_FEW: Final = 2
_SHARE: Final = 0.2
# With fewer there is nothing to learn a vector from.
_FEWEST: Final = 50


class Extended(NamedTuple):
    """A model with cold tracks at the end of its catalogue."""

    fit: Fit
    catalogue: Catalogue
    vocabularies: Vocabularies
    card: ColdCard


def extend(
    fit: Fit, data: TrainingData, vocabularies: Vocabularies, table: pa.Table, seed: int
) -> Extended:
    """Adds the tracks of a table that no playlist holds.

    Args:
        fit: whose scores are dot products, without a second stage.
        data: what it was fitted to.
        vocabularies: behind its ids.
        table: as `schema.tables.AUDIO_EMBEDDINGS`.
        seed: of what is random.

    Raises:
        ValueError: the model has no vectors, or too few of its tracks are in the table.
    """
    if fit.ranker is not None or not isinstance(fit.scorer, DotProductScorer):
        raise ValueError("Only models whose scores are dot products take cold tracks.")
    sounds = _sounds(table)
    ids = {uri: number for number, uri in enumerate(vocabularies.tracks)}
    uris = [uri.encode() for uri in table.column("track_uri").to_pylist()]
    known = np.array([ids.get(uri, -1) for uri in uris], np.int64)
    # By id and by URI: the order of the table's rows must not change the model.
    warm = np.argsort(known, kind="stable")[np.count_nonzero(known < 0) :]
    if len(warm) < _FEWEST:
        raise ValueError(
            f"Of the tracks that playlists hold, {len(warm)} are in the table of audio embeddings; "
            f"at least {_FEWEST} are needed to learn from."
        )
    cold = np.array(sorted(np.flatnonzero(known < 0), key=uris.__getitem__), np.int64)
    vectors = np.asarray(fit.scorer.candidate_embeddings())
    counts = data.catalogue.counts
    pretending = _pretenders(counts[known[warm]], len(cold), seed)
    learning = np.setdiff1d(np.arange(len(warm)), pretending)
    trial = regression.learn(
        sounds[warm[learning]],
        vectors[known[warm[learning]]],
        counts[known[warm[learning]]],
        seed,
    )
    chosen = choose(
        fit.scorer, data, known[warm[pretending]], trial(sounds[warm[pretending]]), seed
    )
    predict = regression.learn(sounds[warm], vectors[known[warm]], counts[known[warm]], seed)
    _logger.info("%d cold tracks; %s", len(cold), chosen)
    scorer = ColdScorer(fit.scorer, predict(sounds[cold]), chosen.offset, len(data.catalogue))
    return Extended(
        dataclasses.replace(fit, scorer=scorer),
        _with_tracks(data.catalogue, [uris[row] for row in cold]),
        dataclasses.replace(
            vocabularies, tracks=[*vocabularies.tracks, *(uris[row] for row in cold)]
        ),
        ColdCard(
            tracks=len(cold),
            learnt_from=len(warm),
            pretenders=len(pretending),
            pretenders_found=chosen.found,
            ndcg_without=chosen.without,
            ndcg_with=chosen.ndcg,
        ),
    )


def _sounds(table: pa.Table) -> np.ndarray:
    column = table.column("vector").combine_chunks()
    values = np.asarray(column.flatten(), np.float32)
    return values.reshape(len(table), -1)


def _pretenders(counts: np.ndarray, cold: int, seed: int) -> np.ndarray:
    """As many as there are cold tracks, of those with few playlists; a fifth of all at most."""
    most = max(1, min(cold, int(_SHARE * len(counts))))
    few = np.flatnonzero(counts <= _FEW)
    if len(few) < most:
        few = np.argsort(counts, kind="stable")[:most]
    return np.sort(np.random.default_rng(seed).permutation(few)[:most])


def _with_tracks(catalogue: Catalogue, uris: list[bytes]) -> Catalogue:
    """The catalogue with tracks of which nothing but the URI is known."""
    more = len(uris)
    unknown = np.full(more, -1, np.int64)
    empty = np.full(more, b"", object)
    return Catalogue(
        track_uris=np.concatenate([catalogue.track_uris, np.array(uris, object)]),
        track_names=np.concatenate([catalogue.track_names, empty]),
        artist_names=np.concatenate([catalogue.artist_names, empty]),
        artist_ids=np.concatenate([catalogue.artist_ids, unknown]),
        album_ids=np.concatenate([catalogue.album_ids, unknown]),
        counts=np.concatenate([catalogue.counts, np.zeros(more, np.int64)]),
    )
