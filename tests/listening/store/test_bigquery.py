"""Loads into BigQuery happen once, whoever tries how often; against what stands in for it."""

from __future__ import annotations

import itertools
import pathlib
from typing import Any

import pytest
from google.cloud import bigquery as sdk

from listening.store.feast.bigquery.jobs import BigQueryError, Jobs
from listening.store.feast.bigquery.tables import Tables
from schema.tables import FEATURE_VIEWS
from tests.listening.store.making import build, day, listener, segments, ties, timed

pytestmark = pytest.mark.services

VIEW = FEATURE_VIEWS["segments"]
_DATASETS = itertools.count()


@pytest.fixture
def dataset(bigquery: str) -> str:
    name = f"{bigquery}.loads{next(_DATASETS)}"
    Jobs(bigquery).client.create_dataset(name)
    return name


@pytest.fixture
def tables(dataset: str, tmp_path: pathlib.Path) -> Tables:
    return Tables(dataset, str(tmp_path / "features"))


def rows(dataset: str) -> list[tuple[str, str]]:
    client = Jobs(dataset.partition(".")[0]).client
    found = client.query(f"SELECT listener_id, segment FROM `{dataset}.segments`").result()
    return sorted((row["listener_id"], row["segment"]) for row in found)


def expected(**held: str) -> list[tuple[str, str]]:
    return sorted((listener(int(name[1:])), segment) for name, segment in held.items())


def jobs(dataset: str) -> list[str]:
    client = Jobs(dataset.partition(".")[0]).client
    name = dataset.partition(".")[2]
    return sorted(each.job_id for each in client.list_jobs() if f"-{name}-" in each.job_id)


def test_a_partition_replaces_the_version_before_and_one_that_is_gone_leaves(
    tables: Tables, dataset: str, tmp_path: pathlib.Path
) -> None:
    features = tmp_path / "features"
    build(features, "segments", day(2), segments({1: "a", 2: "a"}))
    tables.follow(VIEW)
    assert rows(dataset) == expected(_1="a", _2="a")
    for held in ({2: "b", 3: "b"}, {1: "a", 2: "a"}):  # and back again
        build(features, "segments", day(2), segments(held))
        tables.follow(VIEW)
        assert rows(dataset) == expected(**{f"_{one}": name for one, name in held.items()})
    before = jobs(dataset)
    tables.follow(VIEW)
    assert jobs(dataset) == before
    Tables(dataset, str(tmp_path / "none")).follow(VIEW)
    assert rows(dataset) == []
    tables.follow(VIEW)
    assert rows(dataset) == expected(_1="a", _2="a")


@pytest.mark.parametrize("step", range(1, 8))
def test_whoever_is_killed_is_followed_by_one_who_finishes_once(
    step: int, tables: Tables, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed = timed(segments({1: "a", 2: "b"}), [day(2), day(2)])
    tables.add(VIEW, pushed.slice(0, 1))
    calls = itertools.count(1)

    def dying(made: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            found = made(*arguments, **named)
            if next(calls) == step:
                raise KeyboardInterrupt
            return found

        return call

    with monkeypatch.context() as patched:
        for name in ("create_table", "load_table_from_file", "query", "delete_table"):
            patched.setattr(sdk.Client, name, dying(getattr(sdk.Client, name)))
        with pytest.raises(KeyboardInterrupt):
            tables.add(VIEW, pushed)
    assert rows(dataset) in (expected(_1="a"), expected(_1="a") + expected(_1="a", _2="b"))
    tables.add(VIEW, pushed)
    assert rows(dataset) == sorted(expected(_1="a") + expected(_1="a", _2="b"))
    merges = [name for name in jobs(dataset) if "-merge-" in name]
    assert len(merges) == 2


def test_a_job_that_failed_before_is_tried_under_another_id(bigquery: str) -> None:
    found, started = Jobs(bigquery), []

    def start(sql: str) -> Any:
        def begin(job_id: str) -> Any:
            started.append(job_id)
            return found.query(sql, job_id=job_id)

        return begin

    with pytest.raises(BigQueryError):
        found.once("tried", start("SELECT * FROM nowhere.nothing"))
    found.once("tried", start("SELECT 1"))
    found.once("tried", start("SELECT 1"))
    assert started[0] == "tried-0"
    assert started[-1] == "tried-1"


def test_who_is_erased_leaves_partitions_and_pushes(
    tables: Tables, dataset: str, tmp_path: pathlib.Path
) -> None:
    build(tmp_path / "features", "segments", day(2), segments({1: "a", 2: "a"}))
    tables.follow(VIEW)
    tables.add(VIEW, timed(segments({1: "c", 2: "d"}), [day(3), day(3)]))
    tables.add(FEATURE_VIEWS["social_graph"], timed(ties((2, 1)), [day(3)]))
    assert tables.erase([listener(1)]) == 2
    assert rows(dataset) == expected(_2="a") + expected(_2="d")
    assert tables.erase([listener(1)]) == 0
    client = Jobs(dataset.partition(".")[0]).client
    assert list(client.query(f"SELECT 1 FROM `{dataset}.social_graph`").result()) == []


def test_a_dataset_that_is_not_there_is_named(bigquery: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(BigQueryError, match=f"there is no dataset {bigquery}.none in BigQuery"):
        Tables(f"{bigquery}.none", str(tmp_path)).follow(VIEW)
