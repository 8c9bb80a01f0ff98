"""Releases under load: twenty changes of the stable version, and broken ones among them.

A client in a process of its own asks for the label `stable` all the time, and no request may fail.
Releases are made by the commands of `segue release`. The server is the development server, or any
TF Serving at a target, started on an empty directory of versions that this writes to.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from benchmarks import harness, serving_model
from benchmarks.serving_server import Server
from benchmarks.swap_versions import BROKEN, Versions

#: Between two releases, to see how requests fare without.
_PAUSE: Final = 3.0
#: A server may look for versions as seldom as that.
_START_SECONDS: Final = 180.0
_WATCHED: Final = ("canary.requests=1000", "canary.seconds=120")


class Step(NamedTuple):
    """A release.

    Attributes:
        command: "promote", "watch", "canary" or "rollback".
        broken: what is broken of the version, "" for a sound one.
    """

    command: str
    broken: str = ""

    @property
    def pushes(self) -> bool:
        """Whether it takes a new version."""
        return self.command != "rollback"


def plan() -> list[Step]:
    """Twenty changes of the stable version, among them every way to be broken."""
    sound = [
        *[Step("promote"), Step("promote"), Step("rollback"), Step("watch")] * 4,
        *[Step("watch"), Step("promote"), Step("promote"), Step("rollback")],
    ]
    broken = [Step("promote", "unloadable"), Step("promote", "truncated")]
    broken += [Step("watch", kind) for kind in BROKEN]
    # One that loads is dropped by hand, too.
    steps: list[Step] = [Step("canary"), Step("rollback")]
    for number, step in enumerate(sound):
        steps += [step, *broken[number : number + 1]]
    return steps


def measure(
    target: str | None = None, model_base: str | None = None, folder: str | None = None
) -> dict[str, Any]:
    """Makes the releases and counts what the client met.

    Args:
        target: HOST:PORT of a server of the model `segue`; the development server, unless given.
        model_base: its directory of versions, as the server sees it; it must be empty.
        folder: the same directory as it is seen from here; `model_base`, unless given.
    """
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        base = pathlib.Path(folder or model_base or work / "base")
        if target is not None and model_base is None:
            raise SystemExit("Give MODEL_BASE, the directory of versions as the server sees it.")
        base.mkdir(exist_ok=True)
        if any(base.iterdir()):
            raise SystemExit(f"{base} must be empty: versions are written to it.")
        versions = Versions(base, work)
        versions.push()
        with contextlib.ExitStack() as stack:
            at = target or stack.enter_context(Server(base)).target
            _wait(at)
            releases = _Releases(at, model_base or str(base), work)
            steps = [releases.first()]
            with _load(at, work) as output:
                steps += [releases.make(step, versions) for step in plan()]
            trace = json.loads(output.read_text("utf-8"))
    return {"server": target or "segue serve", **figures(trace, steps)}


def _wait(target: str) -> None:
    """Waits for a server to have found its first version: before, it may not even listen."""
    from serving.client import RecommenderClient
    from serving.protocol import ServingError

    deadline = time.monotonic() + _START_SECONDS
    with RecommenderClient(target) as client:
        while True:
            try:
                if any(state.state == "AVAILABLE" for state in client.status()):
                    return
                why = "it has no version yet"
            except ServingError as error:
                why = str(error)
            if time.monotonic() > deadline:
                raise SystemExit(f"Version 1 is not served at {target}: {why}")
            time.sleep(1)


@contextlib.contextmanager
def _load(target: str, work: pathlib.Path) -> Iterator[pathlib.Path]:
    playlists, output = work / "playlists.json", work / "requests.json"
    playlists.write_text(json.dumps({"playlists": serving_model.playlists()}))
    command = [sys.executable, "-m", "benchmarks.swaps_load", "--target", target]
    command += ["--playlists", str(playlists), "--output", str(output)]
    process = subprocess.Popen(command, cwd=harness.ROOT, stdin=subprocess.PIPE)
    try:
        time.sleep(_PAUSE)
        yield output
    finally:
        process.communicate()  # closes its standard input, which ends it
    if process.returncode:
        raise harness.CommandFailedError(f"{' '.join(command)} exited with {process.returncode}")


class _Releases:
    """Runs the commands, and looks who answers afterwards."""

    def __init__(self, target: str, model_base: str, work: pathlib.Path) -> None:
        self._target = target
        self._model_base = model_base
        self._options = ["--target", target, "--model-base", model_base, "--json"]
        self._options += ["--model-config-file", str(work / "models.config")]
        self._number = 0

    def first(self) -> dict[str, Any]:
        return self._run(["promote", "1"], Step("promote"), 1)

    def make(self, step: Step, versions: Versions) -> dict[str, Any]:
        version = versions.push(step.broken) if step.pushes else None
        words = [step.command] if version is None else [step.command, str(version)]
        if step.command == "canary":
            words = ["promote", str(version), "--canary"]
        elif step.command == "watch":
            words += [word for setting in _WATCHED for word in ("--set", setting)]
        done = self._run(words, step, version)
        if step == Step("watch") and done["status"] == "undecided":
            # What a person does then, who knows the version to be sound.
            done = {**self._run(["promote"], step, version), "watched": done}
        return done

    def _run(self, words: Sequence[str], step: Step, version: int | None) -> dict[str, Any]:
        from typer.testing import CliRunner

        from pipeline.cli import app
        from serving.client import RecommenderClient
        from serving.protocol import Playlist

        began = time.time()
        done = CliRunner().invoke(app, ["release", *words, *self._options])
        ended = time.time()
        # Where the versions lay means nothing later.
        said = json.loads(done.stdout.splitlines()[-1].replace(self._model_base, "BASE"))
        if version == 1 and done.exit_code:
            raise SystemExit(f"Version 1 is not served at {self._target}: {said['error']}")
        with RecommenderClient(self._target, label="stable") as client:
            stable = client.continue_playlists([Playlist("road trip")])[0].model_version
        print(f"{' '.join(words)} {step.broken}: {said['status']}, stable {stable}", flush=True)
        time.sleep(_PAUSE)
        return {
            "command": step.command,
            "version": version,
            "broken": step.broken,
            "status": said["status"],
            "why": said.get("reasons") or said["error"],
            "stable": stable,
            "began": began,
            "ended": ended,
        }


def figures(trace: Sequence[Sequence[Any]], steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sums up what the client met.

    Args:
        trace: of each request, when it was sent, milliseconds, what was wrong and the version.
        steps: the releases, the first one before the load.
    """
    kinds: dict[str, list[float]] = {"release": [], "watch": [], "outside": []}
    wrong: collections.Counter[str] = collections.Counter()
    for sent, milliseconds, met, version in trace:
        fault = met
        within = [step for step in steps if step["began"] <= sent + milliseconds / 1000]
        step = within[-1]
        if sent <= step["ended"]:
            kind = "watch" if step["command"] == "watch" else "release"
        else:
            kind = "outside"
            if not fault and version != step["stable"]:
                fault = "answered by another version than the stable one"
        kinds[kind].append(milliseconds)
        if fault:
            wrong[fault] += 1
    after = [step["stable"] for step in steps]
    broken = [step for step in steps if step["broken"]]
    swaps = sum(one != other for one, other in itertools.pairwise(after))
    return {
        "requests": len(trace),
        "failed": sum(wrong.values()),
        "faults": dict(wrong),
        "swaps": swaps,
        "milliseconds": {kind: _percentiles(values) for kind, values in kinds.items()},
        "seconds_of_a_release": _seconds(steps, lambda step: step["command"] != "watch"),
        "seconds_of_a_watch": _seconds(steps, lambda step: step["command"] == "watch"),
        "sound": [_shown(step) for step in steps if step not in broken],
        "broken": [_shown(step) for step in broken],
        "broken_that_became_stable": [
            step["broken"] for step in broken if step["stable"] == step["version"]
        ],
    }


def _shown(step: Mapping[str, Any]) -> dict[str, Any]:
    names = ("command", "broken", "version", "status", "stable", "why")
    shown = {name: step[name] for name in names if step[name]}
    if "watched" in step:
        shown["watched"] = step["watched"]["why"]
    return shown


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {"requests": 0}
    found = {f"p{q}": round(float(np.percentile(values, q)), 1) for q in (50, 99)}
    return {"requests": len(values), **found, "max": round(max(values), 1)}


def _seconds(steps: Sequence[Mapping[str, Any]], of: Any) -> float:
    return round(float(np.median([s["ended"] - s["began"] for s in steps if of(s)])), 2)
