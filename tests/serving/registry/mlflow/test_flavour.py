"""A model as MLflow's own loader takes it, from a folder."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import mlflow
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from serving.registry.mlflow import flavour
from tests.serving import toy_model
from tests.serving.toy_model import uri


@pytest.fixture(scope="module")
def model(saved_model: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("mlflow") / "model"
    flavour.write(folder, 7, "")
    toy_model.push(saved_model, folder, 7)
    return folder


def test_it_continues_playlists(model: pathlib.Path) -> None:
    loaded = mlflow.pyfunc.load_model(str(model))
    rows = [
        {"name": "", "track_uris": [uri(0), "spotify:track:unknown"]},
        {"name": "reverse", "track_uris": []},
        {"name": "", "track_uris": [uri(number) for number in range(7)]},
    ]
    answer = loaded.predict(pd.DataFrame(rows))
    seeded, reverse, rest = answer.to_dict("records")
    by_hand = toy_model.scores_by_hand(7, [0])
    assert seeded["track_uris"] == [uri(number) for number in range(1, 8)]
    assert seeded["scores"] == pytest.approx(by_hand[1:])
    assert reverse["track_uris"] == [uri(number) for number in range(7, -1, -1)]
    assert (rest["track_uris"], len(rest["scores"])) == ([uri(7)], 1)


def test_its_signature_is_enforced(model: pathlib.Path) -> None:
    loaded = mlflow.pyfunc.load_model(str(model))
    assert loaded.metadata.get_input_schema().input_names() == ["name", "track_uris"]
    assert loaded.metadata.get_output_schema().input_names() == ["track_uris", "scores"]
    with pytest.raises(MlflowException, match="track_uris"):
        loaded.predict(pd.DataFrame([{"name": "road trip"}]))


def test_it_runs_without_segue(model: pathlib.Path, tmp_path: pathlib.Path) -> None:
    code = (
        "import sys, mlflow, pandas as pd\n"
        "sys.modules['serving'] = sys.modules['schema'] = None\n"
        f"loaded = mlflow.pyfunc.load_model({str(model)!r})\n"
        "answer = loaded.predict(pd.DataFrame([{'name': '', 'track_uris': []}]))\n"
        "print(answer['track_uris'][0][0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == uri(0), done.stderr
