"""The command `segue config`."""

from __future__ import annotations

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import ConfigOption, SetOption, load


def config(
    file: ConfigOption = None,
    settings: SetOption = None,
    json: JsonOption = False,
) -> Status:
    """Print the whole configuration as a run would use it, defaults included.

    Example: segue config --set models.als.factors=64
    """
    from pipeline.overrides import describe
    from schema.status import ConfigStatus

    loaded = load(file, settings, data="DIR")
    values = loaded.model_dump(mode="json")
    values["models"] = {family: loaded.family_params(family) for family in loaded.families}
    typer.echo(describe(values), nl=False)
    return ConfigStatus(status="ok", config=values)
