"""What listeners do with what they are shown, drawn by the click model.

What comes of a slot follows from the seed and the impression's own key, whatever else is shown: the
same impression always has the same reaction, and a copy of it no second one.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from sample.listeners.acts import key
from sample.listeners.audience import Audience
from sample.listeners.clicks import Chances, ClickModel
from sample.listeners.kinds import RESPONSES
from schema.events import SCHEMA_VERSION, Event, Impression, Save, Skip, Stream

#: What may come of a slot; each column of `Reactions` is one.
OUTCOMES: Final = ("clicks", "streams", "skips", "saves")
SOURCE: Final = "recommendation"
_DRAWS: Final = 6  # of each impression
_FIRST: Final = 5_000_000  # microseconds until the first slot is heard
_SLOT: Final = 240_000_000  # until the next one is


@dataclasses.dataclass(frozen=True)
class Reactions:
    """What comes of N impressions.

    Attributes:
        found: bool [N, outcomes].
        expected: float64 [N, outcomes], the chance of each.
        without_effect: float64 [N, outcomes], the chance if arms had no effect.
        later: float64 [N, 2], uniform, which decide when things happen.
    """

    found: np.ndarray
    expected: np.ndarray
    without_effect: np.ndarray
    later: np.ndarray


class Listening:
    """Draws reactions.

    Args:
        audience: who listens.
        model: how.
        seed: another seed is another run.
        effects: by what share an arm makes what it shows more attractive.
    """

    def __init__(
        self, audience: Audience, model: ClickModel, seed: int, effects: Mapping[str, float]
    ) -> None:
        self._audience = audience
        self._model = model
        self._seed = seed
        self._effects = effects

    def react(self, shown: list[Impression]) -> Reactions:
        """Draws what comes of impressions that listeners of the audience were shown."""
        affinity, skip_rate = self._audience.affinity(shown)
        position = np.array([each.position for each in shown])
        effect = np.array([self._effects.get(each.arm or "", 0.0) for each in shown])
        chances = self._model.chances(position, affinity, skip_rate, effect)
        draws = np.array([_draws(self._seed, each.idempotency_key) for each in shown])
        clicked = (draws[:, 0] < chances.examined) & (draws[:, 1] < chances.attracted)
        skipped = clicked & (draws[:, 2] < chances.skip)
        saved = clicked & ~skipped & (draws[:, 3] < chances.save)
        return Reactions(
            found=np.stack([clicked, clicked & ~skipped, skipped, saved], axis=1),
            expected=_expected(chances),
            without_effect=_expected(self._model.chances(position, affinity, skip_rate)),
            later=draws[:, 4:],
        )

    def events(self, shown: list[Impression], reactions: Reactions) -> Iterator[Event]:
        """The events of every click: a stream or a skip, and perhaps a save while it plays."""
        for row in np.flatnonzero(reactions.found[:, 0]).tolist():
            each = shown[row]
            _, _, is_skip, is_save = reactions.found[row].tolist()
            first, second = reactions.later[row].tolist()
            track_ms = self._audience.track_ms(each.track_uri)
            if is_skip:
                ms_played = int(min(2_000 + 28_000 * first, 0.45 * track_ms))
            else:
                ms_played = int(track_ms * min(1.0, 0.5 + 2.5 * first))  # most to the end
            start = each.event_time + _FIRST + each.position * _SLOT
            common: dict[str, Any] = {
                "schema_version": SCHEMA_VERSION,
                "listener_id": each.listener_id,
                "session_id": each.session_id,
                "track_uri": each.track_uri,
                "source": SOURCE,
                "request_id": each.request_id,
            }
            yield (Skip if is_skip else Stream)(
                **common,
                idempotency_key=key(f"{each.idempotency_key}/play"),
                event_time=start + ms_played * 1_000,
                ms_played=ms_played,
                track_ms=track_ms,
            )
            if is_save:
                yield Save(
                    **common,
                    idempotency_key=key(f"{each.idempotency_key}/save"),
                    event_time=start + int(ms_played * 1_000 * second),
                )


def _expected(chances: Chances) -> np.ndarray:
    """The chance of each outcome: float64 [N, outcomes]."""
    click = chances.click
    streams = click * (1 - chances.skip)
    return np.stack([click, streams, click * chances.skip, streams * chances.save], axis=1)


def _draws(seed: int, name: str) -> np.ndarray:
    """Uniform numbers that follow from the seed and an impression's key alone."""
    content = f"{RESPONSES}/{seed}/{name}".encode()
    digest = hashlib.blake2b(content, digest_size=8 * _DRAWS).digest()
    return (np.frombuffer(digest, dtype="<u8") >> 11) * 2.0**-53
