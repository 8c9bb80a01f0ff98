"""The command `segue sample respond`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import USAGE, fail

_EFFECT_HELP = "By what share an arm makes what it shows more attractive, such as treatment=0.1."


def respond(
    world: Annotated[str, typer.Option(help="Where segue sample wrote the listeners.")] = (
        "out/sample"
    ),
    recommendations: Annotated[
        str | None, typer.Option(help="Parquet with a row a list; its impressions are written too.")
    ] = None,
    impressions: Annotated[
        str | None, typer.Option(help="File or directory of JSON lines with impressions.")
    ] = None,
    effect: Annotated[
        list[str] | None, typer.Option(metavar="ARM=SHARE", help=_EFFECT_HELP)
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="Another seed is another run of the same.")
    ] = 0,
    output: Annotated[
        str | None, typer.Option(help="File of events; responses.jsonl beside them by default.")
    ] = None,
    json: JsonOption = False,
) -> Status:
    """Let the listeners of a sample respond to what they are shown, as its click model has it.

    Example: segue sample respond --world out/sample --recommendations lists.parquet
    """
    from sample.listeners import of_events, of_recommendations
    from sample.listeners import respond as respond_to
    from schema.files import check_writable
    from schema.output_lock import InUseError
    from schema.status import SampleRespondStatus

    if (recommendations is None) == (impressions is None):
        fail("give either --recommendations or --impressions", USAGE)
    effects = dict(map(_effect, effect or ()))
    target = output or os.path.join(world, "responses", "responses.jsonl")
    try:
        check_writable(target)
        done = respond_to(
            world,
            of_recommendations(recommendations)
            if recommendations
            else of_events(impressions or "", world),
            target,
            seed=seed,
            effects=effects,
            write_impressions=impressions is None,
        )
    except (InUseError, OSError, ValueError) as error:
        fail(error)
    typer.echo(f"Wrote {sum(done.events.values()):,} events to {target}")
    if done.strangers:
        typer.echo(f"  {done.strangers:,} left out: impressions of listeners of another world")
    return SampleRespondStatus(
        status="ok",
        output=target,
        truth=done.truth,
        impressions=done.impressions,
        strangers=done.strangers,
        events=done.events,
    )


def _effect(text: str) -> tuple[str, float]:
    arm, equals, share = text.partition("=")
    try:
        if not (arm and equals):
            raise ValueError(text)
        return arm, float(share)
    except ValueError:
        fail(f"--effect: {text} is not of the form ARM=SHARE, such as treatment=0.1", USAGE)
