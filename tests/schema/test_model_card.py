from __future__ import annotations

import json
import pathlib
from typing import Any

import pydantic
import pytest

from schema.model_card import METADATA_PATH, SCHEMA_VERSION, IndexCard, ModelCard

#: What the Trainer wrote before cards had a version.
OLD = {
    "family": "als",
    "params": {"factors": 2, "alpha": 40.0},
    "tuned": {"factors": 2},
    "seed": 5,
    "fit_seconds": 0.25,
    "catalogue_size": 4,
    "playlists": {"train": 3, "eval": 1},
    "artists": 1,
    "title_ngrams": 2,
    "history": [{"step": 0, "eval_ndcg": None}],
    "versions": {"python": "3.10.12"},
}


def put(directory: pathlib.Path, card: dict[str, Any]) -> str:
    path = directory / METADATA_PATH
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(card))
    return str(directory)


def test_a_card_is_read_as_it_was_written(tmp_path: pathlib.Path) -> None:
    card = ModelCard(
        schema_version=SCHEMA_VERSION,
        family="two_tower",
        params={"factors": 8, "start": {"method": "als"}},
        split={"train": 80, "eval": 10, "test": 10, "stop": 0.04},
        vocabularies={"tracks": 9},
        playlists={"train": 7, "stop": 2},
        chosen={"ranking.epochs": 3},
        index=IndexCard(kind="partitioned", probes=7, recall={100: 0.98}),
    )
    card.write(str(tmp_path))
    assert ModelCard.read(str(tmp_path)) == card
    assert [type(side) for side in (card.split or {}).values()] == [int, int, int, float]
    assert card.train_playlists == 9, "it is fitted to both"


def test_a_card_from_before_versions_is_read(tmp_path: pathlib.Path) -> None:
    card = ModelCard.read(put(tmp_path, OLD))
    assert card.schema_version is None
    assert (card.family, card.seed, card.catalogue_size) == ("als", 5, 4)
    assert card.params == {"factors": 2, "alpha": 40.0}
    assert card.train_playlists == 3
    assert card.vocabularies == {"artists": 1, "title_ngrams": 2}
    assert (card.split, card.source_hash, card.index, card.chosen) == (None, None, None, None)


def test_recall_as_cards_once_spelled_it_is_read(tmp_path: pathlib.Path) -> None:
    refused = {"kind": "partitioned", "probes": 3, "recall@100": 0.5, "recall@500": 0.25}
    index = {"kind": "brute_force", "reason": "It finds too little.", "refused": refused}
    card = ModelCard.read(put(tmp_path, {**OLD, "index": index}))
    assert card.index is not None
    assert (card.index.kind, card.index.recall) == ("brute_force", {})
    assert card.index.refused == IndexCard(
        kind="partitioned", probes=3, recall={100: 0.5, 500: 0.25}
    )


def test_fields_of_a_later_version_are_ignored(tmp_path: pathlib.Path) -> None:
    card = ModelCard.read(put(tmp_path, {**OLD, "schema_version": 99, "side_tables": {}}))
    assert card.schema_version == 99


def test_a_card_that_lacks_train_says_so(tmp_path: pathlib.Path) -> None:
    card = ModelCard.read(put(tmp_path, {"family": "als"}))
    assert card.fit_seconds is None
    with pytest.raises(ValueError, match=r"als lacks playlists\.train"):
        _ = card.train_playlists


def test_a_directory_without_a_card_is_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match=r"not a model exported by Segue: .*segue\.json"):
        ModelCard.read(str(tmp_path))


@pytest.mark.parametrize(
    ("change", "named"),
    [({"family": None}, "family"), ({"catalogue_size": "12"}, "catalogue_size")],
)
def test_a_wrong_field_is_named(tmp_path: pathlib.Path, change: dict[str, Any], named: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=named):
        ModelCard.read(put(tmp_path, {**OLD, **change}))


def test_a_number_that_is_not_finite_is_written_as_null(tmp_path: pathlib.Path) -> None:
    ModelCard(family="als", params={"alpha": float("nan")}).write(str(tmp_path))
    assert ModelCard.read(str(tmp_path)).params == {"alpha": None}
