"""The edge of the command line: any words, files and streams end in a sentence."""

from __future__ import annotations

import functools
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.main import get_command

from pipeline.cli import boundary
from pipeline.cli.main import app, main
from pipeline.cli.support import sentence
from serving.protocol import ConfigError

#: Commands that look at their words and files; the rest of their work needs a server or a model.
COMMANDS = (
    *("sample", "sample respond", "config", "compare", "query", "recommend", "report"),
    *("serve", "gateway", "demo"),
)
#: Commands that get further, to the point where a node would run or a server would answer.
LONG_COMMANDS = (
    *("ingest", "run", "release promote", "release rollback", "release status", "release watch"),
    *("runs", "lineage", "gc", "skew"),
)
#: How many examples of those; `make soak` asks for more.
EXAMPLES = int(os.environ.get("SEGUE_FUZZ_EXAMPLES", "150")) // 10
WORDS = (
    *("", " ", "-", "--", ".", "..", "~", "[", "*", "{", "%s", "[/red]", "a/b", "x" * 5000),
    *("nan", "-inf", "1e300", "-1", "0", "017", "true", "9" * 25, "0x10", "1,5", "٣"),
    *("Ω ñ 🎸", "\udcff\udc80", "e\u0301", "spotify:local:x", "http://127.0.0.1:1", "::1:1"),
    *("seed=nan", "seed=" + "9" * 25, "=", "models.als.alpha=inf", "seed=" + "[" * 5000),
    *("gate.floors={ndcg: .nan}", "models={als: {factors: 1e400}}"),
)
FILES = {
    "empty": b"",
    "binary": bytes(range(256)) * 9,
    "deep.json": b"[" * 100_000,
    "deep.yaml": b"a: " + b"{a: " * 5000,
    "half.json": b'{"name": "half \\ud83d", "tracks": ["\\ud83d"]}',
    "large.json": b'{"playlists": [{"pid": 1' + b"0" * 400 + b', "name": "x"}]}',
    "huge.json": b'{"playlists": [{"pid": 1e999, "name": NaN, "tracks": [1e999, null]}]}',
    "types.json": b'[0, "a", null, {"uri": 3}, [[]], {"track": [], "items": {}}]',
    "twice.json": b'{"1": {"holdouts": ["a"]}, "1": 3}',
    "utf16.csv": "a,spotify:track:x\n".encode("utf-16"),
    "latin.csv": "Größe,1\n".encode("latin-1"),
    "quote.csv": b'1,"' + b"x" * 200_000,
    "nul.csv": b"1,a\x00b\n",
    "a.yaml": b"seed: .nan\nmodels: [1, {2: 3}]\n",
    "tab.yaml": b"\tseed: 1\n",
    "tags.yaml": b"seed: !!python/object/apply:os.getcwd []\n",
    "loop.yaml": b"a: &a [*a]\nseed: *a\n",
}


@pytest.fixture
def place(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A working directory with odd files, and no server or page that would run for long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name, content in FILES.items():
        pathlib.Path(name).write_bytes(content)
    pathlib.Path("folder").mkdir()
    pathlib.Path("dangling").symlink_to("nowhere")
    pathlib.Path("loop").symlink_to("loop")
    import demo.app
    import serving.client
    import serving.server

    monkeypatch.setattr(serving.server, "serve", lambda *_, **__: 0)
    monkeypatch.setattr(demo.app, "run", lambda *_, **__: 0)
    monkeypatch.setattr("pipeline.runners.launch.launch", no_node)
    options = serving.client.ConnectionOptions
    monkeypatch.setattr(
        serving.client, "ConnectionOptions", functools.partial(options, timeout=0.01)
    )
    return tmp_path


def no_node(*_: Any) -> None:
    """In place of running the nodes of a pipeline."""
    raise ConfigError("no node runs here")


def ends(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code of the console script, and what it said."""
    before, sys.argv = sys.argv, ["segue", *arguments]
    try:
        with pytest.raises(SystemExit) as caught:
            main()
    finally:
        sys.argv = before
    told = capsys.readouterr()
    return int(caught.value.code or 0), told.out + told.err


def options(command: str) -> Iterator[Any]:
    found: Any = get_command(app)
    for name in command.split():
        found = found.commands[name]
    yield from (
        parameter
        for parameter in found.params
        if parameter.name not in ("help", "target", "timeout")
    )


@st.composite
def lines(draw: st.DrawFn, commands: tuple[str, ...] = COMMANDS) -> list[str]:
    """A command with odd words and files where its options and arguments stand."""
    command = draw(st.sampled_from(commands))
    values = st.sampled_from([*WORDS, *FILES, "folder", "dangling", "loop"])
    line = command.split()
    for parameter in options(command):
        if not parameter.opts[0].startswith("-"):
            line.append(draw(values))
        elif parameter.required or draw(st.integers(0, 3)) == 0:
            line.append(parameter.opts[0])
            if not parameter.is_flag:
                line.append(draw(values))
    if command == "sample" and "--playlists" not in line:
        line += ["--playlists", "3"]
    if command.startswith("release"):
        line += ["--target", draw(st.sampled_from(["127.0.0.1:1", *WORDS]))]
    if command == "query":  # nobody answers there
        line += ["--target", draw(st.sampled_from(["127.0.0.1:1", *WORDS])), "--timeout", "0.01"]
    return line


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(line=lines())
def test_odd_words_and_files_end_in_a_sentence(
    place: pathlib.Path, capsys: pytest.CaptureFixture[str], line: list[str]
) -> None:
    check(line, *ends(capsys, *line))


@pytest.mark.soak
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(line=lines(LONG_COMMANDS))
def test_commands_that_get_further_end_in_a_sentence_too(
    place: pathlib.Path, capfd: pytest.CaptureFixture[str], line: list[str]
) -> None:
    check(line, *ends(capfd, *line))


def check(line: list[str], code: int, told: str) -> None:
    """A command ends in words, whether well or not."""
    assert code in (0, 1, 2), line
    assert "Traceback" not in told, line
    assert told.strip() or code == 0, line
    # What nobody foresaw names the type of the error: such a case wants words of its own.
    assert boundary.TRACEBACK not in told, (line, told)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "Permission denied", "a.csv"), "Error: a.csv: Permission denied"),
        (FileExistsError(17, "File exists", "a", None, "b"), "Error: a and b: File exists"),
        (RecursionError(), "Error: the input is nested too deeply"),
        (MemoryError(), "Error: there is not enough memory"),
        (OverflowError("bind(): port must be 0-65535."), "Error: bind(): port must be 0-65535."),
        (ValueError("a\n  b"), "Error: a b"),
        (KeyError("x"), "Error: KeyError: 'x'"),
        (ZeroDivisionError(), "Error: ZeroDivisionError: "),
    ],
)
def test_what_no_command_told_is_told(
    error: Exception, says: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def breaks(*_: Any) -> None:
        raise error

    monkeypatch.setattr("pipeline.overrides.describe", breaks)
    code, told = ends(capsys, "config")
    assert code == 1
    assert told.startswith(says)
    assert told.count("\n") == 1
    assert (f"{boundary.TRACEBACK}=1 shows" in told) is not isinstance(error, OSError)
    monkeypatch.setenv(boundary.TRACEBACK, "1")
    monkeypatch.setattr(sys, "argv", ["segue", "config"])
    with pytest.raises(type(error)):
        main()


def test_a_long_message_is_cut() -> None:
    assert len(sentence(ValueError("x" * 9000))) < 600


def shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", script.replace("segue", f"{sys.executable} -m pipeline.cli")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | environment,
    )


@pytest.mark.parametrize(
    ("script", "code", "says"),
    [
        ("segue config > /dev/full", 1, "Error: standard output: No space left on device"),
        ("segue config > /dev/full 2>&-", 1, ""),
        ("segue config >&- 2>&-", 0, ""),
        ("segue query --file - <&-", 2, "Error: the standard input is closed"),
        ("segue config | head -1 > /dev/null", 0, ""),
    ],
)
def test_streams_that_are_closed_or_full(script: str, code: int, says: str) -> None:
    done = shell(script)
    assert (done.returncode, done.stderr.strip()) == (code, says)


def test_a_terminal_that_cannot_show_every_character(tmp_path: pathlib.Path) -> None:
    answers = {str(pid): {"holdouts": ["spotify:track:" + "0" * 22]} for pid in range(4)}
    (tmp_path / "h.json").write_text(json.dumps(answers))
    (tmp_path / "Größe.csv").write_text("".join(f"{pid}, a\n" for pid in range(4)))
    script = f"cd {tmp_path}; segue compare Größe.csv Größe.csv --holdouts h.json"
    done = shell(script, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "A: Gr??e.csv" in done.stdout
