"""A whole run on `gs://`, answered by fake-gcs-server, which others wrote."""

import json
import pathlib

import pytest

from schema.documents import RunMetrics
from tests.cloud.conftest import BUCKET, Machine
from tests.cloud.test_storage import SEEN, seen
from tests.standins import fake_gcs

pytestmark = pytest.mark.cloud


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    try:
        return fake_gcs.build(tmp_path_factory.mktemp("bin"))
    except fake_gcs.CannotBuildError as error:
        pytest.skip(str(error))


def test_it_tells_each_client_what_the_other_stand_in_tells(program, tmp_path):
    with fake_gcs.running(tmp_path, program, "a-bucket") as (_, environment):
        assert seen(environment) == SEEN


@pytest.fixture(scope="module")
def runs(root, program, data, tmp_path_factory):
    """A run whose data and artifacts lie there, the same here, and what lies there then."""
    folder = tmp_path_factory.mktemp("runs")
    with fake_gcs.running(folder / "keys", program, BUCKET) as (server, environment):
        for path in sorted(pathlib.Path(data).iterdir()):
            server.upload(BUCKET, f"mpd/{path.name}", path.read_bytes())
        machine = Machine(root, folder, environment)
        storage = f"storage=gs://{BUCKET}/segue"
        options = ("--data", f"gs://{BUCKET}/mpd", "--set", storage)
        there = machine.end("there", machine.start("there", *options))
        stored = server.list(BUCKET, "segue/")
    here = machine.end("here", machine.start("here", "--data", str(data)))
    for run in (there, here):
        assert run.code == 0, run.console
    return here, there, stored


def test_it_comes_to_what_a_run_on_this_machine_comes_to(runs):
    of_here, of_there = (
        RunMetrics.model_validate_json(json.dumps(run.metrics)) for run in runs[:2]
    )
    assert of_there.counts == of_here.counts
    assert of_there.models == {
        name: model.model_copy(update={"fit_seconds": of_there.models[name].fit_seconds})
        for name, model in of_here.models.items()
    }


def test_all_but_log_and_report_lies_there(runs):
    _, there, stored = runs
    version = there.metrics["pushed_version"]
    assert f"serving/segue/{version}/saved_model.pb" in stored
    assert any(name.startswith("pipeline_root/Transform/transform_graph/") for name in stored)
    assert "tfrecords/manifest.json" in stored
    assert not (there.out / "serving").exists()
    assert not (there.out / "pipeline_root").exists()
