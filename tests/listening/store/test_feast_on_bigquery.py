"""A store of Feast's whose offline rows lie in BigQuery, or what stands in for it."""

from __future__ import annotations

import datetime
import pathlib

import pytest

from listening.store import open_store
from listening.store.feast.bigquery.jobs import Jobs
from tests.listening.store.making import asked, build, day, listener, ties, timed
from tests.listening.store.placing import feast
from tests.services.bigquery import without_google

pytestmark = pytest.mark.services


def test_it_says_what_the_embedded_store_says(
    bigquery: str, redis: str, feast_python: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    Jobs(bigquery).client.create_dataset(f"{bigquery}.of_feast")
    python = without_google(tmp_path, feast_python)
    place = feast(tmp_path / "store", redis, python)
    features = tmp_path / "features"
    build(features, "social_graph", day(2), ties((1, 2), (2, 1), (3, 1)))
    build(features, "social_graph", day(4), ties((1, 3)))
    late = timed(ties((1, 4), (2, 4)), [day(3), day(4)])
    who = asked([(one, day(at, 6)) for one in (1, 2, 3, 9) for at in (1, 2, 3, 4, 9)])
    found = []
    for each in (f"{place}&offline=bigquery:{bigquery}.of_feast", f"embedded:{tmp_path / 'own'}"):
        store = open_store(each, str(features))
        said = [store.materialise("social_graph"), store.push("social_graph", late)]
        said.append(store.read("social_graph", [listener(one) for one in (1, 2, 3)]))
        joined = [
            store.join("social_graph", who, age) for age in (None, datetime.timedelta(hours=30))
        ]
        store.close()
        found.append((said, joined))
    (said, joined), (expected, expected_joined) = found
    assert said[:2] == expected[:2]
    assert said[2].equals(expected[2])
    for one, other in zip(joined, expected_joined, strict=True):
        assert one.equals(other), (one.to_pylist(), other.to_pylist())
