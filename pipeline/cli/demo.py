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
    gateway: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="http://HOST:PORT of a gateway to ask as a listener."),
    ] = None,
    listeners: Annotated[
        str | None,
        typer.Option(help="Their table, or a view's folder such as out/features/segments."),
    ] = None,
) -> None:
    """Open a page to play with: a title, tracks, and what continues them.

    Example: segue demo --model-base out/serving/segue
    """
    from demo.app import run

    with serving_errors_reported():
        run(
            model_base=model_base,
            target=target,
            port=port,
            host=host,
            fall_back=fall_back,
            gateway=gateway,
            listeners=_table_of(listeners) if listeners else None,
        )


def _table_of(path: str) -> str:
    """The file of a table of listeners, or of the newest partition of a view."""
    import datetime

    from listening.recommending import audience
    from serving.protocol import ConfigError

    try:
        return audience.table_of(path, datetime.datetime.now(datetime.timezone.utc))
    except ValueError as error:
        raise ConfigError(f"--listeners: {error}") from error
