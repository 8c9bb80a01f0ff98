"""`segue recommend --listeners` and `segue recommend show`."""

from __future__ import annotations

import dataclasses
import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.status_line import JsonOption, Status
from pipeline.cli.support import USAGE, fail, storage_errors_reported

if TYPE_CHECKING:
    from listening.recommending import Order, Published
    from schema.status import RecommendedDay

DayOption = Annotated[
    datetime.datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="Day of the lists, UTC. Default: that of the newest listening_history.",
    ),
]
OutOption = Annotated[str, typer.Option(help="Directory of recommendations, a folder a day.")]
_POLICIES = "configs/policies"


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line."""

    model: str | None
    models: list[str]
    policies: list[str]
    blocklist: str | None
    day: datetime.datetime | None
    workers: int


def run(listeners: str, out: str, features: str, tracks: str | None, wanted: Wanted) -> Status:
    """Makes and publishes the lists of a day."""
    from listening import recommending
    from schema.status import RecommendStatus

    if tracks is None:
        fail("--listeners needs --tracks: policies ask who a track is by", USAGE)
    order = _order(tracks, wanted)
    with storage_errors_reported():
        found = recommending.recommend(
            listeners,
            out,
            features,
            order,
            None if wanted.day is None else wanted.day.date(),
            beam_args=recommending.on_processes(wanted.workers),
        )
        day = told(found.published, changed=found.changed)
    state = "" if found.changed else ", unchanged"
    typer.echo(f"{day.lists:,} lists of {day.day} in {day.folder}{state}")
    typer.echo(f"  {found.read:,} listeners read, {found.written:,} got lists")
    for reason, rows in found.set_aside.items():
        typer.echo(f"  {rows:,} set aside: {reason.replace('_', ' ')}")
    for policy, lists in found.lists.items():
        nothing = f", {found.empty[policy]:,} had nothing to show" if found.empty[policy] else ""
        typer.echo(f"  {lists:,} of {policy}{nothing}")
    for model, count in found.answered.items():
        typer.echo(f"  {count:,} answered by {model}")
    for note in found.notes:
        typer.echo(f"  {note}", err=True)
    return RecommendStatus(
        status="ok",
        output=out,
        read=found.read,
        written=found.written,
        set_aside=dict(found.set_aside),
        lists=dict(found.lists),
        empty=dict(found.empty),
        answered=dict(found.answered),
        day=day,
        notes=list(found.notes),
    )


def show(
    out: OutOption = "out/recommendations",
    json: JsonOption = False,
) -> Status:
    """Show each day of recommendations: how old its facts are, its lists and its models.

    Example: segue recommend show --out out/recommendations
    """
    from listening import recommending
    from schema.status import RecommendShowStatus

    with storage_errors_reported():
        days = [told(each, changed=False) for each in recommending.published(out)]
    for day in days:
        typer.echo(
            f"{day.day}: {day.lists:,} lists by {', '.join(day.models)}, of facts that end "
            f"{_age(day.age_hours)} ago, in {day.folder}"
        )
    return RecommendShowStatus(status="ok", out=out, days=days)


def told(day: Published, *, changed: bool) -> RecommendedDay:
    """A day as commands tell of it."""
    from schema.status import RecommendedDay

    described = day.described()
    age = day.age(datetime.datetime.now(datetime.timezone.utc))
    return RecommendedDay(
        day=day.day.isoformat(),
        version=day.version,
        folder=day.folder,
        lists=described.rows,
        fingerprint=described.fingerprint,
        as_of=described.as_of.isoformat(),
        age_hours=round(age / datetime.timedelta(hours=1), 3),
        models=list(day.models()),
        changed=changed,
    )


def _order(tracks: str, wanted: Wanted) -> Order:
    from listening import recommending
    from schema.option_files import OptionFileError

    models: dict[str | None, str] = {} if wanted.model is None else {None: wanted.model}
    for pair in wanted.models:
        segment, sign, folder = pair.partition("=")
        if not (segment and sign and folder):
            fail(f"--models: {pair} is not of the form SEGMENT=DIR", USAGE)
        if segment in models:
            fail(f"--models: {segment} stands twice", USAGE)
        models[segment] = folder
    if not models:
        fail("say who answers: --model DIR, or --models SEGMENT=DIR", USAGE)
    blocked = recommending.blocklist.Blocklist()
    with storage_errors_reported():
        try:
            policies = recommending.policies.load(wanted.policies or [_POLICIES])
        except OptionFileError as error:
            fail(error, USAGE)
        if wanted.blocklist is not None:
            blocked = recommending.blocklist.load(wanted.blocklist)
    return recommending.Order(tracks, policies, models, blocked)


def _age(hours: float | None) -> str:
    hours = hours or 0.0
    return f"{hours:,.1f} hours" if hours < 48 else f"{hours / 24:,.1f} days"
