"""What takes too long for `make test`: malformed requests by the thousand, kills, load, mutants.

`tests` runs the tests marked `soak` with many more examples, `mutation` changes the code under the
tests (see `benchmarks.mutation`), `load` asks a server for ten minutes (see `serving-soak`),
`swaps` releases versions, broken ones too, while a client asks (see `benchmarks.swaps`), `engines`
ends parts of a Flink cluster under runs (see `benchmarks.engine_kills`), `kills` kills runs in
every node and starts them again (see `benchmarks.kills`), `landing` a landing of events a hundred
times (see `benchmarks.landing_kills`), `gateway` takes away what a gateway uses while it is asked
(see `benchmarks.gateway_faults`). Each part replaces its own figures in
benchmarks/results/soak.json, each room of `mutation` its own (`mutation --room claims --mutants 12`
changes one room in twelve places), and each run of `engines` its own (`engines --run Transform`).
`swaps --target HOST:PORT` prints the figures of that server and keeps none.
"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final
from xml.etree import ElementTree

import typer

from benchmarks import (
    engine_kills,
    gateway_faults,
    harness,
    kills,
    landing_kills,
    mutation,
    serving_soak,
    swaps,
)

_EXAMPLES: Final = 6000
_MUTANTS: Final = 40
#: A room whose tests notice fewer of the changes fails the soak.
_KILLED_SHARE: Final = 0.85
#: What releases under load must come to at least.
_SWAPS: Final = 20
_REQUESTS: Final = 10_000


def run_tests(examples: int = _EXAMPLES, *arguments: str) -> dict[str, Any]:
    """Runs the tests marked `soak` in a process of their own.

    Args:
        examples: malformed requests a fuzzing test.
        *arguments: more for pytest, such as a folder.

    Returns:
        `examples`, and `tests`: `outcome` (passed, failed, skipped) and `seconds` by test.

    Raises:
        CommandFailedError: if pytest could not run any.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "results.xml"
        command = [sys.executable, "-m", "pytest", "-m", "soak", f"--junitxml={path}", *arguments]
        environment = {**os.environ, "SEGUE_FUZZ_EXAMPLES": str(examples)}
        subprocess.run(command, cwd=harness.ROOT, env=environment, check=False)
        if not path.exists():
            raise harness.CommandFailedError(f"{' '.join(command)} left no results")
        return {"examples": examples, "tests": _outcomes(path)}


def _outcomes(path: pathlib.Path) -> dict[str, dict[str, Any]]:
    outcomes = {}
    # The file is pytest's own, written a moment ago.
    for case in ElementTree.parse(path).iter("testcase"):
        found = {child.tag for child in case}
        outcome = "failed" if found & {"failure", "error"} else "passed"
        outcomes[f"{case.get('classname')}.{case.get('name')}"] = {
            "outcome": "skipped" if "skipped" in found else outcome,
            "seconds": float(case.get("time", "nan")),
        }
    return outcomes


def failures(figures: dict[str, Any]) -> list[str]:
    """What went wrong in a soak, in words."""
    tests = figures.get("tests", {}).get("tests", {})
    wrong = [
        f"{name} {test['outcome']}" for name, test in tests.items() if test["outcome"] != "passed"
    ]
    wrong += ["no test ran"] if "tests" in figures and not tests else []
    for code, count in figures.get("load", {}).get("errors", {}).items():
        wrong.append(f"the load met {count} {code}")
    for name, room in figures.get("mutation", {}).get("rooms", {}).items():
        if room["killed"] < _KILLED_SHARE * room["tried"]:
            wrong.append(f"{name}: tests notice {room['killed']} of {room['tried']} changes")
    if "engines" in figures:
        wrong += engine_kills.failures(figures["engines"])
    if "swaps" in figures:
        wrong += swap_failures(figures["swaps"])
    if "kills" in figures:
        wrong += kills.failures(figures["kills"])
    if "gateway" in figures:
        wrong += gateway_faults.failures(figures["gateway"])
    if "landing" in figures:
        for source in ("directory", "kafka"):
            found = landing_kills.failures(figures["landing"][source])
            wrong += [f"landing from {source}: {what}" for what in found]
    return wrong


def landing_of_both() -> dict[str, Any]:
    """Kills landings from a directory and from Kafka."""
    return {
        "directory": landing_kills.measure(),
        "kafka": landing_kills.measure(kafka=True),
    }


def swap_failures(found: dict[str, Any]) -> list[str]:
    """What went wrong in releases under load, in words."""
    wrong = [f"a client met {count} x {fault}" for fault, count in found["faults"].items()]
    wrong += [f"{kind} became stable" for kind in found["broken_that_became_stable"]]
    if found["requests"] < _REQUESTS:
        wrong.append(f"{found['requests']:,} requests; at least {_REQUESTS:,} are wanted")
    if found["swaps"] < _SWAPS:
        wrong.append(f"{found['swaps']} changes of the stable version; {_SWAPS} are wanted")
    return wrong


PARTS: Final = ("tests", "mutation", "load", "swaps", "engines", "kills", "landing", "gateway")


def mutate(
    known: dict[str, Any], rooms: Sequence[str], mutants: int
) -> Iterator[dict[str, dict[str, Any]]]:
    """Mutates rooms, and gives the figures of all that are known after each."""
    found = dict(known)
    for room in rooms:
        found[room] = {"measured": _today(), **mutation.measure([room], mutants)[room]}
        yield found


def kill_engines(
    known: dict[str, Any], names: Sequence[str]
) -> Iterator[dict[str, dict[str, Any]]]:
    """Kills under runs on engines, and gives the figures of all that are known after each."""
    runs = dict(known)
    for name, found in engine_kills.measure(names):
        runs[name] = {"measured": _today(), **found}
        yield runs


def main(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"Among {', '.join(PARTS)}; all by default.")
    ] = None,
    room: Annotated[
        list[str] | None, typer.Option(help=f"To mutate: {', '.join(mutation.ROOMS)}; all.")
    ] = None,
    mutants: Annotated[int, typer.Option(min=1, help="Changes a room.")] = _MUTANTS,
    *,
    run: Annotated[
        list[str] | None, typer.Option(help=f"On engines: {', '.join(engine_kills.RUNS)}; all.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the moments of kills.")] = 1,
    target: Annotated[
        str | None, typer.Option(help="Server of swaps, HOST:PORT; the development server.")
    ] = None,
    model_base: Annotated[
        str | None, typer.Option(help="Its empty directory of versions, as it sees it.")
    ] = None,
    folder: Annotated[
        str | None, typer.Option(help="The same as seen from here; the same path.")
    ] = None,
) -> None:
    """Runs the parts, writes benchmarks/results/soak.json; exits with 1 if anything failed."""
    choices = ((parts, PARTS), (room, mutation.ROOMS), (run, engine_kills.RUNS))
    for given, there in choices:
        if unknown := set(given or ()) - set(there):
            raise typer.BadParameter(f"no {', '.join(sorted(unknown))}; there are {[*there]}")
    path = harness.RESULTS / "soak.json"
    figures = json.loads(path.read_text("utf-8"))["figures"] if path.exists() else {}
    for name in parts or PARTS:
        if name == "mutation":
            known = figures.get(name, {}).get("rooms", {})
            for rooms in mutate(known, room or tuple(mutation.ROOMS), mutants):
                figures[name] = {"rooms": rooms}
                harness.record("soak", figures)
            continue
        if name == "engines":
            known = figures.get(name, {}).get("runs", {})
            for runs in kill_engines(known, run or tuple(engine_kills.RUNS)):
                figures[name] = {"runs": runs}
                harness.record("soak", figures)
            continue
        if name == "kills":
            for found in kills.measure(seed):
                figures[name] = {"measured": _today(), **found}
                harness.record("soak", figures)
            continue
        if name == "swaps" and target is not None:
            figures[name] = swaps.measure(target, model_base, folder)
            print(json.dumps(figures[name], indent=1))
            continue
        measure = {
            "swaps": swaps.measure,
            "tests": run_tests,
            "load": serving_soak.measure,
            "landing": landing_of_both,
            "gateway": gateway_faults.measure,
        }[name]
        figures[name] = {"measured": _today(), **measure()}
        harness.record("soak", figures)
    print(f"Written to {path.relative_to(harness.ROOT)}")
    if wrong := failures({name: figures[name] for name in parts or PARTS}):
        sys.exit("Not as it should be: " + "; ".join(wrong))


def _today() -> str:
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


if __name__ == "__main__":
    typer.run(main)
