"""Input and output on `s3://`, of which moto answers as Amazon's service does."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from components.ingest.job import ingest
from sample.generator import write_slices
from schema.documents import RunMetrics

pytestmark = pytest.mark.services

BUCKET = "a-bucket"
SMALL = (
    "candidate=als",
    "baselines=[popularity]",
    "models.als.factors=8",
    "split.train=60",
    "split.eval=25",
    "split.test=15",
    "gate.resamples=999",
    "infra_check.requests=3",
)


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


def objects(s3, prefix):
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
    return {
        each["Key"].removeprefix(prefix): s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"]
        .read()
        for each in found
    }  # fmt: skip


def segue(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *arguments],
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


def test_without_tensorflows_file_system_models_cannot_lie_there(s3, tmp_path):
    if importlib.util.find_spec("tensorflow_io"):
        pytest.skip("tensorflow-io is installed")
    done = segue(
        "run", "--data", f"s3://{BUCKET}/mpd", "--out", str(tmp_path / "out"),
        "--set", f"storage=s3://{BUCKET}/segue",
    )  # fmt: skip
    assert done.returncode == 2
    assert "storage: TensorFlow reaches s3:// by the package tensorflow-io alone" in done.stderr


@pytest.mark.parametrize("stored", [False, True])
def test_a_whole_run(s3, data, tmp_path, stored):
    """Data in the bucket, then all but log and report there too, as a run on this machine's."""
    settings = [word for setting in SMALL for word in ("--set", setting)]
    if stored:
        if not importlib.util.find_spec("tensorflow_io"):
            pytest.skip("needs tensorflow-io: pip install 'segue-recommender[s3]'")
        settings += ["--set", f"storage=s3://{BUCKET}/segue"]
    found = []
    for name, slices, more in (
        ("here", str(data), settings[: 2 * len(SMALL)]),
        ("there", f"s3://{BUCKET}/mpd", settings),
    ):
        done = segue("run", "--data", slices, "--out", str(tmp_path / name), *more)
        assert done.returncode == 0, done.stdout + done.stderr
        metrics = (tmp_path / name / "report" / "metrics.json").read_text()
        read = RunMetrics.model_validate_json(metrics)
        found.append((read, {model: one.overall for model, one in read.models.items()}))
    (here, of_here), (there, of_there) = found
    assert of_here == of_there
    assert here.counts == there.counts
    if stored:
        pushed = objects(s3, f"segue/serving/segue/{there.pushed_version}/")
        assert {"saved_model.pb", "assets.extra/segue.json"} <= set(pushed)
        assert json.loads(pushed["assets.extra/segue.json"])["family"] == "als"
        assert not os.path.exists(tmp_path / "there" / "serving" / "segue")
