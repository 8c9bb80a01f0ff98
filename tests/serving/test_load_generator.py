from __future__ import annotations

import io
import json
import pathlib

import grpc
import pytest

from benchmarks import load_generator
from tests.serving.toy_model import uri


def test_load_generator(shared_target: str, tmp_path: pathlib.Path, capsys) -> None:
    path = tmp_path / "playlists.json"
    path.write_text(json.dumps([{"name": "x", "tracks": [uri(1)]}, {"name": "y"}]))
    arguments = ["--target", shared_target, "--playlists", str(path), "--warm-up", "3"]
    load_generator.main([*arguments, "--concurrency", "2", "--requests", "20"])
    result = json.loads(capsys.readouterr().out)
    assert (result["requests"], result["errors"], result["concurrency"]) == (20, {}, 2)
    assert 0 < result["p50_ms"] <= result["p95_ms"] <= result["p99_ms"]

    wrong = [*arguments, "--model", "nope", "--requests", "5"]
    load_generator.main([*wrong, "--warm-up", "0"])
    assert json.loads(capsys.readouterr().out)["errors"] == {"NOT_FOUND": 5}
    with pytest.raises(grpc.RpcError):
        load_generator.main(wrong)

    with pytest.raises(SystemExit):
        load_generator.main(arguments)


def test_interactive(
    shared_target: str, tmp_path: pathlib.Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "playlists.json"
    path.write_text(json.dumps([{"name": "x", "tracks": [uri(1)]}]))
    orders = '{"concurrency": 1, "requests": 3}\n{"concurrency": 4, "requests": 10}\n'
    monkeypatch.setattr("sys.stdin", io.StringIO(orders))
    load_generator.main(["--target", shared_target, "--playlists", str(path), "--interactive"])
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(r["concurrency"], r["requests"], r["errors"]) for r in results] == [
        (1, 3, {}),
        (4, 10, {}),
    ]
