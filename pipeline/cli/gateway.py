"""The command `segue gateway`."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.support import USAGE, fail, serving_errors_reported


def gateway(
    config: Annotated[str, typer.Option(help="YAML file; docs/gateway.md has its keys.")],
) -> None:
    """Recommend to listeners over HTTP and gRPC, with an answer always.

    Example: segue gateway --config configs/gateway/local.yaml
    """
    from gateway import load, run
    from schema.option_files import OptionFileError

    try:
        options = load(config)
    except (OptionFileError, OSError) as error:
        fail(error, USAGE)
    with serving_errors_reported():
        try:
            run(options)
        except OSError as error:
            fail(error)
