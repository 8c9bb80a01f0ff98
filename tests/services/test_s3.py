"""Input and output on `s3://`, of which moto answers as Amazon's service does."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from components.ingest.job import ingest
from sample.generator import write_slices
from schema.documents import RunMetrics

pytestmark = pytest.mark.services

BUCKET = "a-bucket"
_SETTINGS = (
    "candidate=als",
    "baselines=[popularity]",
    "models.als.factors=8",
    "split.train=60",
    "split.eval=25",
    "split.test=15",
    "gate.resamples=999",
    "infra_check.requests=3",
)
SMALL = tuple(word for setting in _SETTINGS for word in ("--set", setting))


@pytest.fixture(scope="module")
def s3():
    """A client of a server that holds a bucket; the environment says where it is."""
    pytest.importorskip("moto.server", reason="needs moto: pip install 'moto[s3]' flask flask-cors")
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    changed = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "a secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in changed.items():
            patch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
    server.stop()


@pytest.fixture(scope="module")
def data(s3, tmp_path_factory):
    """Slices here and, the same, in the bucket."""
    folder = tmp_path_factory.mktemp("data")
    for path in write_slices(folder, 120, seed=5, slice_size=60):
        s3.upload_file(path, BUCKET, f"mpd/{os.path.basename(path)}")
    return folder


@pytest.fixture(scope="module")
def tensorflow_io(root, tmp_path_factory):
    """A directory with tensorflow-io, which nothing else here has."""
    folder = tmp_path_factory.mktemp("tensorflow-io")
    uv = pathlib.Path(sys.executable).with_name("uv")
    command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", folder]
    locked = ["--no-deps", "--require-hashes", "-r", root / "requirements" / "s3.lock"]
    subprocess.run([*command, *locked], check=True)
    return folder


@pytest.fixture
def without_tensorflow_io(tmp_path):
    """A directory that hides tensorflow-io, should it be installed."""
    folder = tmp_path / "hidden"
    folder.mkdir()
    (folder / "tensorflow_io.py").write_text("raise ImportError('hidden by a test')\n")
    return folder


def objects(s3, prefix):
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return {
        each["Key"].removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"]
        .read()
        for each in found
    }  # fmt: skip


def segue(*arguments, first=None):
    """Runs the command line; `first` is a directory of packages that come before all others."""
    places = [str(first), os.environ.get("PYTHONPATH", "")] if first else []
    path = {"PYTHONPATH": os.pathsep.join(filter(None, places))} if first else {}
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
        env={**os.environ, **path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_ingest_from_and_to_it_gives_what_it_gives_here(s3, data, tmp_path):
    here = ingest(str(data), str(tmp_path / "records"))
    there = ingest(f"s3://{BUCKET}/mpd", f"s3://{BUCKET}/records")
    assert there == here
    names = {path.name for path in (tmp_path / "records").iterdir()} - {".lock"}
    stored = objects(s3, "records/")
    assert set(stored) == names
    for name in names - {"manifest.json"}:
        assert stored[name] == (tmp_path / "records" / name).read_bytes()
    assert ingest(f"s3://{BUCKET}/mpd", f"s3://{BUCKET}/records").skipped


@pytest.mark.parametrize("place", [f"s3://{BUCKET}/nothing/", "s3://no-such-bucket/mpd"])
def test_what_is_not_there_is_told_in_a_sentence(s3, tmp_path, place):
    done = segue("ingest", "--input", place, "--output", str(tmp_path / "out"))
    assert done.returncode == 1, done.stdout
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
    assert place in line
    assert "Traceback" not in done.stderr


def test_without_tensorflows_file_system_models_cannot_lie_there(
    s3, tmp_path, without_tensorflow_io
):
    done = segue(
        "run", "--data", f"s3://{BUCKET}/mpd", "--out", str(tmp_path / "out"),
        "--set", f"storage=s3://{BUCKET}/segue",
        first=without_tensorflow_io,
    )  # fmt: skip
    assert done.returncode == 2
    assert "storage: TensorFlow reaches s3:// by the package tensorflow-io alone" in done.stderr


def scores(run, folder):
    """The version that a run pushed, and what must not depend on where things lie."""
    assert run.returncode == 0, run.stdout + run.stderr
    metrics = RunMetrics.model_validate_json((folder / "report" / "metrics.json").read_text())
    overall = {model: one.overall for model, one in metrics.models.items()}
    return metrics.pushed_version, (overall, metrics.counts)


@pytest.fixture(scope="module")
def here(data, tmp_path_factory):
    """What a run comes to whose data lie on this machine, as all else does."""
    out = tmp_path_factory.mktemp("here")
    return scores(segue("run", "--data", str(data), "--out", str(out), *SMALL), out)[1]


def test_a_whole_run_on_data_in_the_bucket(here, s3, tmp_path):
    done = segue("run", "--data", f"s3://{BUCKET}/mpd", "--out", str(tmp_path), *SMALL)
    assert scores(done, tmp_path)[1] == here


def test_a_whole_run_whose_artifacts_and_models_lie_there_too(here, s3, tensorflow_io, tmp_path):
    done = segue(
        "run", "--data", f"s3://{BUCKET}/mpd", "--out", str(tmp_path), *SMALL,
        "--set", f"storage=s3://{BUCKET}/segue",
        first=tensorflow_io,
    )  # fmt: skip
    version, found = scores(done, tmp_path)
    assert found == here
    pushed = objects(s3, f"segue/serving/segue/{version}/")
    assert {"saved_model.pb", "assets.extra/segue.json"} <= set(pushed)
    assert json.loads(pushed["assets.extra/segue.json"])["family"] == "als"
    assert not (tmp_path / "serving" / "segue").exists()
