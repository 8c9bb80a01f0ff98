"""Lets the listeners of a written world respond to what they are shown, and keeps what is true."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import itertools
import json
import math
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sample.listeners import truth
from sample.listeners.alone import PARTIAL, alone
from sample.listeners.arrivals import Arrivals
from sample.listeners.audience import Audience
from sample.listeners.clicks import ClickModel
from sample.listeners.effects import Effects
from sample.listeners.reactions import Listening
from schema.events import Impression, encode
from schema.files import replacing, write_text

#: Where output lies by default, in the world; what is written elsewhere is not ours alone.
RESPONSES_FOLDER: Final = "responses"
_OURS: Final = (f"{RESPONSES_FOLDER}/{PARTIAL}", f"{truth.TRUTH}/{truth.RESPONSES}/{PARTIAL}")
_BATCH: Final = 8_192  # impressions


@dataclasses.dataclass(frozen=True)
class Responses:
    """What came of what was shown.

    Attributes:
        impressions: that listeners of the world were shown.
        strangers: impressions of listeners who are not of the world, left out.
        events: that were written, by type.
        experiments: what is true of each arm, by experiment.
        truth: the file that says so.
    """

    impressions: int
    strangers: int
    events: dict[str, int]
    experiments: dict[str, dict[str, Any]]
    truth: str


def respond(
    folder: str | pathlib.Path,
    shown: Iterable[Impression],
    output: str | pathlib.Path,
    *,
    seed: int = 0,
    effects: Mapping[str, float] | None = None,
    write_impressions: bool = True,
    model: ClickModel | None = None,
) -> Responses:
    """Writes what listeners do with what they are shown, as events in the order of time.

    Args:
        folder: of the world.
        shown: the impressions, in any order, each once.
        output: the file of JSON lines. What is true of it goes to `truth/responses/` of the world,
            under the file's name.
        seed: another seed is another run of the same experiment.
        effects: by what share an arm makes what it shows more attractive, such as
            {"treatment": 0.1}.
        write_impressions: whether the impressions are to be written too.
        model: how they respond.

    Raises:
        ValueError: the folder holds no world, or an effect is none.
        InUseError: another command writes to the world.
    """
    effects, model = dict(effects or {}), model or ClickModel()
    for arm, effect in effects.items():
        if not (math.isfinite(effect) and effect >= -1):
            raise ValueError(f"effect of {arm}: {effect} is not a number from -1 up")
    world, target = pathlib.Path(folder), pathlib.Path(output)
    path = world / truth.TRUTH / truth.RESPONSES / f"{target.stem}.json"
    audience = Audience(world)
    with alone(world, "segue sample respond", _OURS):
        with Arrivals(world) as arrivals:
            listening = Listening(audience, model, seed, effects)
            result = _listen(audience, listening, shown, arrivals, write_impressions)
            with replacing(target) as partial, partial.open("wb") as file:
                for _, messages in arrivals.by_day():
                    file.writelines(message + b"\n" for message in messages)
        experiments = result.sums.summary(effects)
        content = {
            "seed": seed,
            "click_model": dataclasses.asdict(model),
            "impressions": result.impressions,
            "experiments": experiments,
        }
        write_text(path, json.dumps(content, indent=1) + "\n")
    return Responses(
        impressions=result.impressions,
        strangers=result.strangers,
        events=dict(sorted(result.counts.items())),
        experiments=experiments,
        truth=str(path),
    )


@dataclasses.dataclass
class _Found:
    impressions: int = 0
    strangers: int = 0
    counts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    sums: Effects = dataclasses.field(default_factory=Effects)


def _listen(
    audience: Audience,
    listening: Listening,
    shown: Iterable[Impression],
    arrivals: Arrivals,
    write_impressions: bool,
) -> _Found:
    """Puts what is to be written into the queue."""
    found = _Found()
    for batch in _batches(shown):
        known = [each for each in batch if audience.knows(each)]
        found.impressions += len(known)
        found.strangers += len(batch) - len(known)
        if not known:
            continue
        reactions = listening.react(known)
        found.sums.add(known, reactions)
        written = known if write_impressions else []
        for event in itertools.chain(written, listening.events(known, reactions)):
            found.counts[event.type] += 1
            order = (_order(event.idempotency_key), 0, 0)
            arrivals.add(event.event_time, order, encode(event))
    return found


def _order(name: str) -> int:
    """What decides between events of the same microsecond, whatever the order they came in."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big")


def _batches(shown: Iterable[Impression]) -> Iterator[list[Impression]]:
    each = iter(shown)
    while batch := list(itertools.islice(each, _BATCH)):
        yield batch
