from __future__ import annotations

import json
import pathlib

import pytest
from toy_model import uri

from benchmarks import load_generator


def test_load_generator(shared_target: str, tmp_path: pathlib.Path, capsys) -> None:
    path = tmp_path / "playlists.json"
    path.write_text(json.dumps([{"name": "x", "tracks": [uri(1)]}, {"name": "y"}]))
    arguments = ["--target", shared_target, "--playlists", str(path), "--warm-up", "3"]
    load_generator.main([*arguments, "--concurrency", "2", "--requests", "20"])
    result = json.loads(capsys.readouterr().out)
    assert (result["requests"], result["errors"], result["concurrency"]) == (20, {}, 2)
    assert 0 < result["p50_ms"] <= result["p95_ms"] <= result["p99_ms"]

    load_generator.main([*arguments, "--model", "nope", "--requests", "5"])
    assert json.loads(capsys.readouterr().out)["errors"] == {"NOT_FOUND": 8}

    with pytest.raises(SystemExit):
        load_generator.main(arguments)
