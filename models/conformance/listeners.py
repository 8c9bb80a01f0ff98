"""What every exported model must do for listeners, who are given by what they streamed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from models.conformance.answers import assert_same_recommendations, check_answer
from models.conformance.exported import NUM_TRACKS, TRACKS, Exported
from schema.features import LISTENER_COLUMNS
from schema.requests import Listener
from schema.signatures import MAX_RECOMMENDATIONS

_ODD: Final = (b"", b"\xff", b"spotify:track:", b"no uri")


def _uris(tracks: Sequence[int]) -> list[bytes]:
    return [TRACKS[track].encode() for track in tracks]


def a_history_of_single_plays_is_answered_as_a_playlist(exported: Exported) -> None:
    """Tracks that were heard once, in whatever order they are given, are a playlist by their time.

    Nothing is known of who listens, and odd streams change nothing.
    """
    tracks = [[1, 3, 5], [2, 0], [7]]
    plain = exported.many.ask([""] * 3, [[TRACKS[track] for track in row] for row in tracks])
    histories = [
        Listener(_uris([1, 3, 5])),
        Listener([*_uris([0, 2]), *_ODD], [1_700_000_002, 1_700_000_001, 5, 6, 7, 8]),
        # A batch that a server pads holds the first stream once more.
        Listener(_uris([7, 7, 7]), [9, 9, 9]),
    ]
    assert_same_recommendations(exported.many.ask_listeners(histories), plain)


def nothing_heard_or_excluded_is_recommended(exported: Exported) -> None:
    """Whatever is hidden, the answer is full as long as candidates remain."""
    for heard, excluded in ((2, 3), (0, 40), (25, 100), (150, 200)):
        hidden = _uris(range(heard + excluded))
        listener = Listener(2 * hidden[:heard], exclude_uris=[*hidden[heard:], *_ODD])
        uris, scores = exported.many.ask_listeners([listener])
        check_answer([uri.decode() for uri in hidden], uris[0], scores[0].tolist())
        found = len([uri for uri in uris[0] if uri])
        assert found == min(MAX_RECOMMENDATIONS, NUM_TRACKS - heard - excluded)
    every = Listener([], exclude_uris=_uris(range(5)))
    few = exported.few.ask_listeners([every])[0][0]
    assert not {TRACKS[track] for track in range(5)} & set(few), "An excluded track is recommended."


def nothing_heard_gives_popular_tracks(exported: Exported) -> None:
    """Without a known stream the popular tracks are recommended that are not excluded."""
    popular = exported.many.ask_one()[0]
    out = [popular[0].encode(), popular[3].encode()]
    listeners = [Listener([b"spotify:track:none"]), Listener([], exclude_uris=out)]
    plain, without = exported.many.ask_listeners(listeners)[0]
    assert plain == popular
    left = [uri for uri in popular if uri.encode() not in out]
    assert without[: len(left)] == left


def listeners_are_answered_alike_in_any_batch(exported: Exported) -> None:
    """Alone, among others and in another order; also with features that are odd or not known."""
    generator = np.random.default_rng(2)
    features: list[Sequence[float | None]] = [[], [0.5] * len(LISTENER_COLUMNS)]
    features.append([None, np.inf, -np.inf, 1e30, -1.0, 0.0, 3.0, np.nan])
    listeners = []
    for index in range(12):
        streams = _uris(generator.choice(60, 5 * (index % 4)).tolist())
        times = generator.integers(1, 10**9, len(streams)).tolist() if index % 2 else []
        out = _uris(generator.choice(60, index % 3).tolist())
        listeners.append(Listener(streams, times, features[index % 3], out))
    uris, scores = exported.many.ask_listeners(listeners)
    order = generator.permutation(12)
    shuffled = exported.many.ask_listeners([listeners[at] for at in order])
    assert_same_recommendations(shuffled, ([uris[at] for at in order], scores[order]))
    for at, listener in enumerate(listeners):
        heard = {uri.decode() for uri in (*listener.track_uris, *listener.exclude_uris)}
        check_answer(list(heard), uris[at], scores[at].tolist())
        alone = exported.many.ask_listeners([listener])
        assert_same_recommendations(alone, (uris[at : at + 1], scores[at : at + 1]))
    assert exported.many.ask_listeners([])[1].shape == (0, MAX_RECOMMENDATIONS)


#: The checks, each a function of the models.
CHECKS: Final[tuple[Callable[[Exported], None], ...]] = (
    a_history_of_single_plays_is_answered_as_a_playlist,
    nothing_heard_or_excluded_is_recommended,
    nothing_heard_gives_popular_tracks,
    listeners_are_answered_alike_in_any_batch,
)
