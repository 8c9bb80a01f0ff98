"""Runs of a toy in an output directory, and the commands on it."""

import json

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.lifecycle import catalogue
from schema.status import StatusLine
from tests.pipeline.lifecycle.toy_dag import Toy


@pytest.fixture
def toy(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    return Toy(out)


@pytest.fixture
def segue(toy):
    """Runs a command on the toy's directory; gives its status."""

    def run(*arguments, code=0, out=toy.out):
        command = [*map(str, arguments), "--out", str(out), "--json"]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == code, done.output
        return StatusLine.model_validate_json(done.stdout.splitlines()[-1]).root

    return run


@pytest.fixture
def known(toy):
    """What is known of the toy's directory now."""
    return lambda *settings: catalogue.read(toy.config(*settings))


@pytest.fixture
def release(toy):
    """Records releases of versions, the last one last, each with a canary or None."""

    def record(*released):
        entries = [
            {"action": "promote", "at": "2026-01-01T00:00:00+00:00", "stable": stable, "canary": of}
            for stable, of in released
        ]
        document = {"format": 1, "model": "segue", "releases": entries}
        (toy.out / "serving" / "releases.json").write_text(json.dumps(document))

    return record
