"""Starts a Kafka broker on this machine, from packages, and ends it with Ctrl-C: `make kafka`.

`pin` writes the checksums of what deploy/kafka/pom.xml brings, after a change of it.
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
from scripts.kafka import broker
from scripts.pinned_jars import ROOT


class Verb(str, enum.Enum):
    """What to do."""

    START = "start"
    PIN = "pin"


def main(
    verb: Annotated[Verb, typer.Argument(help="start, or pin the jars anew.")] = Verb.START,
    *,
    folder: Annotated[
        pathlib.Path, typer.Option(help="For data and log; it goes on with what is there.")
    ] = pathlib.Path("out/kafka"),
    port: Annotated[int, typer.Option(help="Port of clients, at 127.0.0.1.")] = 9092,
) -> None:
    """Starts a Kafka broker on this machine, and ends it with Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if verb is Verb.PIN:
            print(
                f"Pinned {broker.PACKAGES.pin()} jars in {broker.PACKAGES.pins.relative_to(ROOT)}."
            )
            return
        print("Kafka starts; the first time it is fetched, which takes a minute.", flush=True)
        with contextlib.suppress(KeyboardInterrupt), broker.Broker(folder, port) as started:
            print(
                f"Kafka is ready at {started.address}; its log is {started.folder / 'kafka.log'}.\n"
                f"In another terminal: segue events produce --input DIR --brokers "
                f"{started.address} --topic events\nCtrl-C ends it.",
                flush=True,
            )
            while started.runs():
                time.sleep(1)
            sys.exit(f"Kafka has ended; see {started.folder / 'kafka.log'}.")
        print("Kafka has ended.")
    except (jdk.MissingError, broker.BrokerError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    typer.run(main)
