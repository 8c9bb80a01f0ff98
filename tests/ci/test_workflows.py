"""The workflows call what a contributor can call, and what they call works."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import pathlib
import re
import shutil
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator

import click
import pytest
import typer
import yaml

from pipeline.cli.main import app
from tests.ci import workflow_steps
from tests.ci.workflow_steps import Runner, Step

_ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
#: Of a shell, beside what is ours.
_SHELL = {"echo"}


def _steps(root: pathlib.Path) -> dict[tuple[str, str], Step]:
    return {(step.workflow, step.name): step for step in workflow_steps.steps(root)}


def _accepted(arguments: list[str]) -> None:
    """Parses a command line of `segue` to its end, and runs nothing."""
    command: click.Command = typer.main.get_command(app)
    context, name = None, "segue"
    while True:
        context = command.make_context(name, list(arguments), parent=context)
        if not isinstance(command, click.Group):
            return
        name, found, arguments = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert found is not None
        command = found


def _verbs(root: pathlib.Path) -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))


def test_every_verb_that_is_named_has_a_recipe(root):
    """What is phony and has no recipe does nothing, and make calls that a success."""
    makefile = (root / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert set(phony.split()) == _verbs(root)
    texts = [root / name for name in ("README.md", "CONTRIBUTING.md", "pyproject.toml")]
    for path in (*texts, *(root / "docs").glob("*.md")):
        named = set(re.findall(r"`make ([a-z-]+)", path.read_text("utf-8")))
        assert named <= _verbs(root), path


def test_every_command_is_a_verb_or_one_of_segue(root):
    verbs = _verbs(root)
    for step in workflow_steps.steps(root):
        for program, *words in step.commands():
            arguments = [re.sub(r"\$\w+", "7", word) for word in words]
            if program == "make":
                verb = next(word for word in arguments if not word.startswith("-"))
                assert verb in verbs, step
            elif program == "segue":
                _accepted(arguments)
            else:
                assert program in {".ci/run", "tail"} | _SHELL, step


def test_no_pull_request_sees_a_secret(root):
    for name, workflow in workflow_steps.read(root).items():
        events = workflow[True]  # YAML reads `on` so
        assert "pull_request_target" not in events, name
        assert workflow["permissions"].get("contents") == "read", name
        assert "secrets" not in json.dumps(workflow["jobs"]), name
    cloud = workflow_steps.read(root)["pipeline.yml"]["jobs"]["cloud"]
    asks = [step for step in cloud["steps"] if "auth" in step.get("uses", "")]
    asks += [
        step
        for step in cloud["steps"]
        if "preflight" in step.get("run", "") and "echo" not in step["run"]
    ]
    assert len(asks) == 2
    assert all("env.TRUSTED == 'true'" in step["if"] for step in asks)


def test_cloud_build_does_what_a_tag_does(root):
    """Cloud Build's own message takes it; its commands are those of `make image` and `segue`."""
    from google.cloud.devtools.cloudbuild_v1 import Build
    from google.protobuf import json_format

    text = (root / "deploy" / "cloudbuild.yaml").read_text()
    described = yaml.safe_load(text)
    build = json_format.ParseDict(described, Build.pb(Build()))
    given = {"PROJECT_ID", "TAG_NAME", "COMMIT_SHA"}  # by Cloud Build, for a tag
    assert set(re.findall(r"\$\{(\w+)\}", text)) <= set(described["substitutions"]) | given
    assert set(described["substitutions"]) <= set(re.findall(r"\$\{(\w+)\}", text))
    assert [step.id for step in build.steps] == ["build", "push", "digest", "submit"]
    script = (root / "scripts" / "image.sh").read_text()
    assert list(build.steps[0].args[1:3]) == ["--file", "deploy/Dockerfile"]
    assert "--file deploy/Dockerfile" in script
    submit = build.steps[3]
    words = submit.args[1].partition(" segue ")[2].split()
    _accepted(words)
    names = {setting.partition("=")[0] for setting in submit.env} | {"SEGUE_IMAGE"}
    wanted = re.findall(r"\$\{(SEGUE_\w+)", (root / "configs" / "vertex.yaml").read_text())
    assert names == set(wanted)


def test_actionlint_finds_nothing(root, tmp_path):
    program = shutil.which("actionlint")
    if program is None:
        if shutil.which("go") is None:
            pytest.skip("needs Go, which builds actionlint, or actionlint itself")
        built = subprocess.run(
            ["go", "run", _ACTIONLINT, "-version"], capture_output=True, text=True, check=False
        )
        if built.returncode:
            pytest.skip(f"actionlint could not be built: {built.stderr[-300:]}")
    command = [program] if program else ["go", "run", _ACTIONLINT]
    files = sorted(map(str, (root / ".github" / "workflows").glob("*.yml")))
    found = subprocess.run(
        [*command, *files], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert found.returncode == 0, found.stdout + found.stderr


class GitHub:
    """The artifacts of a repository, as GitHub's API lists and gives them."""

    def __init__(self) -> None:
        self.artifacts: list[dict] = []
        self.archives: dict[str, bytes] = {}
        self.tokens: list[str | None] = []

    def keep(self, archive: bytes, *, fork: bool = False, digest: str = "", **changed) -> None:
        number = len(self.artifacts) + 1
        self.archives[f"/download/{number}"] = archive
        self.artifacts.append(
            {
                "id": number,
                "name": "segue-run",
                "expired": False,
                "digest": digest or f"sha256:{hashlib.sha256(archive).hexdigest()}",
                "created_at": f"2030-01-{number:02d}T00:00:00Z",
                "archive_download_url": f"{self.url}/download/{number}",
                "workflow_run": {
                    "head_branch": "main",
                    "repository_id": 1,
                    "head_repository_id": 2 if fork else 1,
                },
                **changed,
            }
        )


@pytest.fixture
def github() -> Iterator[GitHub]:
    standin = GitHub()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            standin.tokens.append(self.headers["Authorization"])
            body = standin.archives.get(self.path)
            if self.path.startswith("/repos/owner/segue/actions/artifacts?name=segue-run"):
                body = json.dumps({"artifacts": standin.artifacts}).encode()
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"{}")

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        standin.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield standin
        server.shutdown()


@pytest.fixture(scope="module")
def out(root, tmp_path_factory) -> pathlib.Path:
    """The OUT of a run."""
    folder = tmp_path_factory.mktemp("run")
    with tarfile.open(root / "tests" / "fixtures" / "out-0.1.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    return folder / "out-0.1"


def _archive(out: pathlib.Path, **more: bytes) -> bytes:
    """As actions/upload-artifact packs OUT/report and OUT/logs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for path in (out / "report").iterdir():
            packed.write(path, f"report/{path.name}")
        for name, content in more.items():
            packed.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


@pytest.fixture
def runner(root, tmp_path, github, out) -> Runner:
    values = {"github.token": "a-token"}
    made = Runner(root, tmp_path, values, {"run": f"cp -r {out} out"})
    made._env |= {"GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": "owner/segue"}
    return made


def test_a_change_is_compared_with_what_main_kept(root, runner, github, out):
    steps = _steps(root)
    github.keep(_archive(out, **{"..__..__evil": b"x", "report__more.txt": b"y"}))
    for name in (
        "Run the pipeline",
        "Put its figures into the summary",
        "Fetch what main kept, and check its digest",
        "Compare with main",
    ):
        done = runner.run(steps["pipeline.yml", name])
        assert done.returncode == 0, done.stderr
    summary = runner.summary.read_text()
    assert "### als is blessed" in summary
    assert "| **als** | 0.4458 |" in summary
    assert "### als (out) against als (kept)" in summary
    assert "| NDCG ↑ | 0.4458 | 0.4458 | 0.0000 |" in summary
    assert github.tokens == ["Bearer a-token"] * 2
    kept = runner.folder / "kept"
    assert sorted(path.name for path in (kept / "report").iterdir()) == [
        "details.json",
        "metrics.json",
        "per_playlist.parquet",
    ]
    assert [path.name for path in kept.iterdir()] == ["report"]


@pytest.mark.parametrize("kept", ["nothing", "of a fork", "expired", "of another branch"])
def test_a_first_change_is_compared_with_nothing(root, runner, github, out, kept):
    other = {"head_branch": "other", "repository_id": 1, "head_repository_id": 1}
    if kept != "nothing":
        github.keep(
            _archive(out),
            fork=kept == "of a fork",
            expired=kept == "expired",
            **({"workflow_run": other} if kept == "of another branch" else {}),
        )
    done = runner.run(_steps(root)["pipeline.yml", "Fetch what main kept, and check its digest"])
    assert done.returncode == 0, done.stderr
    assert "No segue-run of main is kept yet." in done.stderr
    assert not (runner.folder / "kept").exists()


@pytest.mark.parametrize(
    ("archive", "digest", "says"),
    [
        (None, "sha256:" + "0" * 64, "it is not taken"),
        (b"no archive", "", "what was kept is no archive"),
        (b"PK\x05\x06" + bytes(18), "", "what was kept has no report/metrics.json"),
    ],
)
def test_what_is_not_what_was_kept_is_not_taken(root, runner, github, out, archive, digest, says):
    github.keep(archive or _archive(out), digest=digest)
    done = runner.run(_steps(root)["pipeline.yml", "Fetch what main kept, and check its digest"])
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (runner.folder / "kept").exists()


def test_the_newest_is_taken(root, runner, github, out):
    github.keep(b"an old one")
    github.keep(_archive(out))
    done = runner.run(_steps(root)["pipeline.yml", "Fetch what main kept, and check its digest"])
    assert done.returncode == 0, done.stderr


def test_notes_are_those_of_the_version(root):
    from scripts import release_notes

    text = (
        "# Changes\n\n## Unreleased\n\nNew.\n\n## 0.2.0 - 2030-01-02\n\nThis.\n\n## 0.1.0\n\nOld.\n"
    )
    assert release_notes.notes(text, "0.2.0") == "This.\n"
    for version, says in {"0.1.0": "has no date", "0.3.0": "has Unreleased, 0.2.0, 0.1.0"}.items():
        with pytest.raises(ValueError, match=says.replace(".", r"\.")):
            release_notes.notes(text, version)
    with pytest.raises(ValueError, match="says nothing"):
        release_notes.notes("## 1.0.0 - 2030-01-02\n\n## 0.1.0\n", "1.0.0")
