"""Starts MLflow's server on this machine, and ends it with Ctrl-C: `make mlflow`."""

from __future__ import annotations

import contextlib
import pathlib
import signal
import sys
import time
from typing import Annotated

import typer

from scripts.mlflow import server


def main(
    *,
    folder: Annotated[
        pathlib.Path,
        typer.Option(help="For database, artifacts and log; it goes on with what is there."),
    ] = pathlib.Path("out/mlflow"),
    port: Annotated[int, typer.Option(help="Where it answers.")] = 5000,
    host: Annotated[
        str, typer.Option(help="The address that it listens at; it asks nobody who they are.")
    ] = server.HOST,
    allowed_hosts: Annotated[
        str, typer.Option(help="Names by which other machines call it, with commas.")
    ] = "",
    backend_store: Annotated[
        str,
        typer.Option(
            envvar="MLFLOW_BACKEND_STORE_URI",
            show_envvar=True,
            help="postgresql://USER@HOST/NAME for shared use; a sqlite file of the folder unless "
            "given.",
        ),
    ] = "",
) -> None:
    """Starts MLflow's server on this machine, and ends it with Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        interpreter = server.python()
        print("MLflow starts, which takes half a minute.", flush=True)
        with (
            contextlib.suppress(KeyboardInterrupt),
            server.Server(
                folder,
                interpreter,
                port=port,
                backend_store=backend_store,
                host=host,
                allowed_hosts=allowed_hosts,
            ) as started,
        ):
            print(
                f"MLflow is ready at {started.address}; its log is {started.log}.\nCtrl-C ends it.",
                flush=True,
            )
            while started.runs():
                time.sleep(1)
            sys.exit(f"MLflow has ended; see {started.log}.")
        print("MLflow has ended.")
    except server.ServerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    typer.run(main)
