"""`segue features materialise`, `push`, `get` and `join`."""

from __future__ import annotations

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from listening.features.partitions import micros
from pipeline.cli.main import app
from schema.status import STATUSES, CommandStatus
from tests.listening.store.making import asked, build, day, listener, segments, timed


def status(command: str, *arguments: object, code: int = 0) -> CommandStatus:
    words = ["features", command, *(str(each) for each in arguments), "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == code, done.output
    return STATUSES[f"features {command}"].model_validate_json(done.stdout.splitlines()[-1])


@pytest.fixture
def places(tmp_path: pathlib.Path) -> tuple[str, ...]:
    features = tmp_path / "features"
    build(features, "segments", day(2), segments({1: "old", 2: "old"}))
    build(features, "segments", day(3), segments({1: "new"}))
    return ("--store", f"embedded:{tmp_path / 'store'}", "--features", str(features))


def test_from_partitions_to_what_is_served(places: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    first = status("materialise", "segments", *places, "--until", "2017-11-02T12")
    assert (first.views["segments"].taken, first.views["segments"].older) == (2, 0)
    served = status("materialise", "segments", *places)
    assert served.views["segments"].taken == 1
    rows = tmp_path / "rows.parquet"
    pq.write_table(timed(segments({1: "late", 2: "fresh"}), [day(4), day(2)]), rows)
    pushed = status("push", "segments", "--rows", rows, *places)
    assert (pushed.view, pushed.taken, pushed.older) == ("segments", 2, 0)
    one, two, none = status("get", "segments", *map(listener, (1, 2, 9)), *places).rows
    assert (one.features["segment"], one.event_timestamp) == ("late", micros(day(4)))
    assert two.features == {"segment": "fresh", "since": micros(day(1)), "why": "a rule"}
    assert (none.key, none.event_timestamp, none.features) == (listener(9), None, {})


def test_a_join_writes_what_was_known(places: tuple[str, ...], tmp_path: pathlib.Path) -> None:
    entities, output = tmp_path / "who.parquet", tmp_path / "joined.parquet"
    pq.write_table(asked([(1, day(2)), (2, day(4)), (1, day(1))]), entities)
    words = ("segments", "--entities", entities, "--output", output, *places)
    found = status("join", *words)
    assert (found.rows, found.known) == (3, 2)
    assert pq.read_table(output).column("segment").to_pylist() == ["old", "old", None]
    assert status("join", *words, "--within-hours", "24").known == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("get", "segments", "a", "--store", "here"), 2, "a store is KIND:DIR, KIND among"),
        (("get", "moods", "a"), 1, "there is no view moods"),
        (("materialise", "social_graph"), 1, "holds no social_graph: segue features build"),
        (("push", "segments", "--rows", "none"), 1, "none: No such file"),
        (("push", "segments", "--rows", "text"), 1, "text is no file of Parquet"),
        (("join", "segments", "--entities", "keys", "--output", "o"), 1, "event_timestamp"),
    ],
)
def test_what_is_wrong_is_said(
    words: tuple[str, ...],
    code: int,
    says: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("no Parquet")
    pq.write_table(pa.table({"listener_id": [listener(1)]}), "keys")
    found = status(*words, code=code)
    assert says in str(found.error)
    assert not (tmp_path / "o").exists()
