"""Starts a Flink cluster on this machine, from packages, and ends it with Ctrl-C: `make flink`.

`pin` writes the checksums of what deploy/flink/pom.xml brings, after a change of it.
"""

from __future__ import annotations

import contextlib
import enum
import pathlib
import signal
import sys
import time
from typing import Annotated

import typer

from scripts import jdk
from scripts.flink import cluster, java
from scripts.pinned_jars import ROOT


class Verb(str, enum.Enum):
    """What to do."""

    START = "start"
    PIN = "pin"


def main(
    verb: Annotated[Verb, typer.Argument(help="start, or pin the jars anew.")] = Verb.START,
    *,
    folder: Annotated[
        pathlib.Path, typer.Option(help="For logs and what Flink spills.")
    ] = pathlib.Path("out/flink"),
    taskmanagers: Annotated[int, typer.Option(min=1, max=64, help="Processes that work.")] = 2,
    slots: Annotated[int, typer.Option(min=1, max=64, help="Tasks that each works at.")] = 2,
    page: Annotated[int, typer.Option(help="Port of Flink's page.")] = cluster.Ports.page,
    jobs: Annotated[int, typer.Option(help="Port of Beam's job server.")] = cluster.Ports.jobs,
    artifacts: Annotated[
        int, typer.Option(help="Port of the same for what jobs bring along.")
    ] = cluster.Ports.artifacts,
    workers: Annotated[
        int, typer.Option(help="Port of the Python workers.")
    ] = cluster.Ports.workers,
    inner: Annotated[int, typer.Option(help="Port of the JobManager.")] = cluster.Ports.inner,
) -> None:
    """Starts a Flink cluster on this machine, and ends it with Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if verb is Verb.PIN:
            print(f"Pinned {java.PACKAGES.pin()} jars in {java.PACKAGES.pins.relative_to(ROOT)}.")
            return
        print("Flink starts; the first time it is fetched, which takes minutes.", flush=True)
        ports = cluster.Ports(page, jobs, artifacts, workers, inner)
        with (
            contextlib.suppress(KeyboardInterrupt),
            cluster.Cluster(folder, ports, taskmanagers, slots) as started,
        ):
            _watch(started, taskmanagers * slots)
        print("Flink has ended.")
    except (jdk.MissingError, cluster.ClusterError) as error:
        sys.exit(str(error))


def _watch(started: cluster.Cluster, slots: int) -> None:
    """Prints where it is, and starts workers again that are gone, until it is interrupted."""
    changed = "".join(
        f" --set flink.{key}={value}"
        for key, value in started.options.items()
        if started.ports != cluster.Ports()
    )
    print(
        f"Flink is ready: {slots} slots; its page is {started.page}, its logs are in "
        f"{started.folder / 'logs'}.\n"
        f"In another terminal: segue run --config configs/flink.yaml{changed} --data DIR\n"
        "Ctrl-C ends it.",
        flush=True,
    )
    while True:
        time.sleep(1)
        for name in started.ended():
            if name in ("jobmanager", "jobserver"):
                raise cluster.ClusterError(
                    f"The {name} has ended, and with it every job; see "
                    f"{started.folder / 'logs' / name}.log."
                )
            print(f"{name} has ended and is started again.", flush=True)
            started.launch(name)


if __name__ == "__main__":
    typer.run(main)
