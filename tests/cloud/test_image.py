"""The images of `deploy/`: built by buildah upon bases that are made here, run as their users."""

from __future__ import annotations

import importlib.metadata
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import pytest

from pipeline import dag
from pipeline.overrides import load_config
from pipeline.runners.vertex import compiling
from pipeline.runners.vertex.execution import Execution
from sample.generator import write_slices
from scripts.background import free_port
from serving.client import RecommenderClient
from serving.protocol import Playlist, ServingError
from serving.release import ReleaseManager
from tests import apt
from tests.cloud.conftest import SETTINGS
from tests.standins.images import Images

pytestmark = pytest.mark.cloud

PYTHON, BEAM, TF_SERVING = "localhost/python", "localhost/beam", "localhost/tf-serving"
SEGUE, SERVING = "localhost/segue", "localhost/segue-serving"
NEEDED_GB = 14
TOOLS = ("buildah", "mmdebstrap")
UV_CACHE = "/var/cache/uv"

#: Flags of TF Serving as `segue serve` has them: what stands in for it in its image.
TF_SERVING_STANDIN = """#!/opt/segue/bin/python
import os, pathlib, sys
words = ["segue", "serve"]
for word in sys.argv[1:]:
    name, _, value = word.partition("=")
    if name == "--monitoring_config_file":
        assert "/monitoring/prometheus/metrics" in pathlib.Path(value).read_text()
        continue
    name = "--monitoring-port" if name == "--rest_api_port" else name.replace("_", "-")
    words += [name] if value == "true" else [name, value]
print(*words, flush=True)
os.execvp("segue", words)
"""

#: Beam's job service and a pool of workers, each started by the boot program, then a job for them.
BEAM_JOB = """
jobs=$1 workers=$2
python -m apache_beam.runners.portability.local_job_service_main --port $jobs > /tmp/jobs.log 2>&1 &
serves=$!
python -m apache_beam.runners.worker.worker_pool_main --service_port=$workers \\
  --container_executable=/opt/apache/beam/boot > /tmp/workers.log 2>&1 &
pool=$!
python - $jobs $workers <<'END'
import socket, sys, time
from components.ingest.job import ingest
jobs, workers = sys.argv[1:]
for port in (jobs, workers):
    for _ in range(240):
        with socket.socket() as connection:
            if not connection.connect_ex(("localhost", int(port))):
                break
        time.sleep(0.5)
done = ingest("/mnt/data", "/mnt/records", beam_pipeline_args=[
    "--runner=PortableRunner", f"--job_endpoint=localhost:{jobs}",
    "--environment_type=EXTERNAL", f"--environment_config=localhost:{workers}",
])
print("ingested", done.playlists)
END
code=$?
kill $serves $pool
cat /tmp/jobs.log /tmp/workers.log
exit $code
"""


def lacking() -> str:
    """What this machine lacks for building images; "" where it has all, or could install it."""
    if os.geteuid():
        return "building an image in its own root needs root"
    if sys.base_prefix == "/usr":
        return "needs a Python that can be copied: pyenv's or uv's"
    if not shutil.which("go"):
        return "Beam's boot program is built by Go, which is not installed"
    if shutil.disk_usage("/var/tmp").free < NEEDED_GB * 1e9:
        return f"needs {NEEDED_GB} GB below /var/tmp"
    missing = [name for name in TOOLS if not shutil.which(name)]
    reason = apt.install(*missing) if missing else ""
    return f"not installed: {', '.join(missing)} (apt-get install: {reason})" if reason else ""


@pytest.fixture(scope="module")
def images(root):
    if reason := lacking():
        pytest.skip(reason)
    made = Images(pathlib.Path("/var/tmp") / f"segue-images-{os.getpid()}")
    try:
        made.add_python(PYTHON)
        made.add_beam(BEAM, importlib.metadata.version("apache-beam"))
        build(made, root, "segue", PYTHON_IMAGE=PYTHON, BEAM_IMAGE=BEAM)
        yield made
    finally:
        made.clear()


def build(images: Images, root: pathlib.Path, which: str, **arguments: str) -> None:
    """Builds one of the two images by `scripts/image.sh`, what `make image` calls."""
    words = ["--pull-never"]
    for name, value in arguments.items():
        words += ["--build-arg", f"{name}={value}"]
    if cache := images.fetched():
        words += ["--volume", f"{cache}:{UV_CACHE}", "--build-arg", f"UV_CACHE_DIR={UV_CACHE}"]
    done = subprocess.run(
        [root / "scripts" / "image.sh", SEGUE, *words],
        env={**images.environment, "ENGINE": "buildah", "WHICH": which},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that the images' user may write to."""
    made = tmp_path_factory.mktemp("image")
    write_slices(made / "data", 120, seed=1, slice_size=40)
    made.chmod(0o777)
    return made


@pytest.fixture(scope="module")
def ran(images, folder):
    """`segue run` in the image: exit code, console, what it wrote."""
    words = [text for setting in SETTINGS for text in ("--set", setting)]
    code, console = images.run(
        SEGUE,
        *("segue", "run", "--data", "/mnt/data", "--out", "/mnt/out", *words),
        volumes={folder: "/mnt"},
    )
    return code, console, folder / "out"


def test_its_user_may_run_and_not_change_it(images):
    assert images.config(SEGUE)["User"] == "10001"
    code, printed = images.run(
        SEGUE, "sh", "-c", "id -u; echo $HOME; touch ~/here && ! touch /opt/segue/bin/there"
    )
    assert code == 0, printed
    assert printed.split()[:2] == ["10001", "/home/segue"]


def test_the_command_is_there(images, root):
    import pipeline

    assert images.run(SEGUE, "segue", "--version") == (0, f"segue {pipeline.__version__}\n")


def test_its_packages_are_those_of_the_lock(images, root):
    lock = (root / "requirements" / "cpu.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9][\w.-]*)==([^ ;]+)", lock, re.MULTILINE))
    code, printed = images.run(SEGUE, "python", "-m", "pip", "list", "--format", "json")
    assert code == 0, printed
    lines = [line for line in printed.splitlines() if line.startswith("[")]
    found = {
        re.sub("[-_.]+", "-", each["name"]).lower(): each["version"]
        for each in json.loads(lines[0])
    }
    found.pop("segue-recommender")
    # Beam's boot program asks pip whether Beam is there, so pip stays.
    assert found.pop("pip")
    assert found.pop("tensorflow") == locked["tensorflow-cpu"]
    assert found == locked


def test_it_holds_what_is_needed_and_no_more(images):
    assert images.size(SEGUE) < 2.7e9
    looks = (
        "find / -xdev -name tests -path '*-packages*' 2> /dev/null",
        "ls -A /tmp",
        "test ! -e /build -a ! -e /run/secrets/registry",
    )
    assert images.run(SEGUE, "sh", "-c", "; ".join(looks)) == (0, "")


def test_the_pipeline_runs_in_it(ran):
    code, console, out = ran
    assert code == 0, console
    metrics = json.loads((out / "report" / "metrics.json").read_text())
    (version,) = (out / "serving" / "segue").iterdir()
    assert metrics["pushed_version"] == version.name


class InImage(Execution):
    """A specification whose containers are containers.

    Args:
        images: where the image lies.
        folder: a directory that containers see under its own name.
        more: of `Execution`.
    """

    def __init__(self, images: Images, folder: pathlib.Path, *more: object) -> None:
        super().__init__(*more)
        self._images = images
        self._mounted = folder

    def _call(self, command, container, given, stream):
        assert container["image"] == SEGUE
        words = [
            json.dumps(given) if word == "{{$}}" else word
            for word in (*command["command"], *command.get("args", []))
        ]
        own = [f"{each['name']}={each['value']}" for each in container.get("env", [])]
        code, printed = self._images.run(
            SEGUE, "env", *own, *words, volumes={self._mounted: str(self._mounted)}
        )
        stream.write(printed)
        stream.flush()
        return code


def test_a_container_of_the_specification_for_vertex(images, folder, tmp_path):
    out = folder / "vertex"
    out.mkdir()
    out.chmod(0o777)
    config = load_config(None, (f"vertex.image={SEGUE}",), data=str(folder / "data"), out=str(out))
    compiled = compiling.compile_pipeline(config, dag.Paths.under(config))
    tasks = compiled.job["pipelineSpec"]["root"]["dag"]
    tasks["tasks"] = {"Ingest": tasks["tasks"]["Ingest"]}
    execution = InImage(images, folder, compiled.job, str(tmp_path))
    done = execution.run(lambda _: None, lambda _: None)
    summary = done["Ingest"].outputs["summary"]["metadata"]["summary"]
    assert summary.startswith("120 playlists with ")


def test_beams_boot_program_starts_a_worker(images, folder):
    boot = images.config(SEGUE)["Entrypoint"]
    assert boot == ["/opt/apache/beam/boot"]
    code, printed = images.run(SEGUE, *boot)
    assert code == 1
    assert "No id provided." in printed
    code, printed = images.run(
        SEGUE,
        *("sh", "-c", BEAM_JOB, "job", free_port(), free_port()),
        volumes={folder: "/mnt"},
    )
    assert code == 0, printed
    assert "ingested 120" in printed
    # Each worker is told where to work by whoever runs the job, by way of the boot program.
    assert "Starting worker with command ['/opt/apache/beam/boot'" in printed
    assert "Python sdk harness starting." in printed


def test_what_is_released_is_served(images, root, ran, folder, tmp_path):
    add_tf_serving(images)
    build(images, root, "serving", SERVING_IMAGE=TF_SERVING)
    config = images.config(SERVING)
    assert config["User"] == "10001"
    assert set(config["ExposedPorts"]) == {"8500/tcp", "8501/tcp"}
    ports = {"GRPC_PORT": free_port(), "REST_PORT": free_port()}
    target = f"127.0.0.1:{ports['GRPC_PORT']}"
    served = folder / "out" / "serving"
    (version,) = (served / "segue").iterdir()
    released = served / "models.config"

    def start(log):
        return images.running(
            SERVING,
            *config["Entrypoint"],
            log=log,
            volumes={served: "/models:ro"},
            environment={name: str(port) for name, port in ports.items()},
        )

    with open(tmp_path / "first.log", "w") as log, start(log):
        assert answering(target, log.name) == int(version.name)
        with ReleaseManager(target, "/models/segue", released) as manager:
            manager.promote(int(version.name))
    with open(tmp_path / "second.log", "w") as log, start(log):
        assert answering(target, log.name, label="stable") == int(version.name)
    assert "etc/segue" in (tmp_path / "first.log").read_text()
    assert "--model-config-file /models/models.config" in (tmp_path / "second.log").read_text()


def add_tf_serving(images: Images) -> None:
    """Makes the base image of TF Serving: `segue serve`, under its name and with its flags."""
    with images.container(SEGUE) as container:
        images.call("config", "--user=root", container)
        standin = pathlib.Path(images.environment["TMPDIR"]) / "tensorflow_model_server"
        standin.write_text(TF_SERVING_STANDIN)
        standin.chmod(0o755)
        images.call("copy", "--quiet", container, standin, "/usr/bin/")
        images.call("commit", "--quiet", container, TF_SERVING)


def answering(target: str, log: str, label: str | None = None, seconds: float = 120) -> int:
    """Waits for a server's first answer; returns the version that gave it."""
    ends = time.monotonic() + seconds
    with RecommenderClient(target, label=label) as client:
        while True:
            try:
                (answer,) = client.continue_playlists([Playlist("road trip", ())])
                return answer.model_version
            except ServingError as error:
                if time.monotonic() > ends:
                    pytest.fail(f"{error}\n{pathlib.Path(log).read_text()}")
                time.sleep(0.5)
