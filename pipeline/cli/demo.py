"""The command `segue demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.support import serving_errors_reported


def demo(
    model_base: Annotated[
        str | None, typer.Option(help="Directory of versions to serve and show.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="HOST:PORT of a running server, instead of starting one.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="HTTP port of the page.")] = 8600,
    fall_back: Annotated[
        bool, typer.Option(help="Show an older version where the latest is not whole.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to bind to.")] = "127.0.0.1",
) -> None:
    """Open a page to play with: a title, tracks, and what continues them.

    Example: segue demo --model-base out/serving/segue
    """
    from demo.app import run

    with serving_errors_reported():
        run(model_base=model_base, target=target, port=port, host=host, fall_back=fall_back)
