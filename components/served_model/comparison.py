"""Whether a candidate can be compared with the served model, and why not, in words."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import tensorflow as tf

from components.example_records import first_records
from components.served_model import seen
from components.significance.scoring import ModelScorer
from schema import features
from schema.model_card import ModelCard
from schema.splits import SplitConfig
from serving.protocol import version_files

#: So many playlists are tried.
_TRIED: Final = 64
_MAX_WORDS: Final = 300


class Comparison(NamedTuple):
    """The decision.

    Attributes:
        verdict: "made"; "same" where the two are copies of one model; "not_made".
        reason: why not, or a caution; None where there is neither.
        family: of the served model; None where no card says.
    """

    verdict: Literal["made", "same", "not_made"]
    reason: str | None = None
    family: str | None = None


def compare(served: str, candidate: str, split: SplitConfig, eval_examples: str) -> Comparison:
    """Decides whether the comparison can be made and would be fair.

    Args:
        served: the served model's directory.
        candidate: the candidate's.
        split: of this run.
        eval_examples: the directory of the held-out playlists that decide.
    """
    card, reason = _card(served)
    family = card.family if card else None
    if version_files.content(served) == version_files.content(candidate):
        return Comparison("same", None, family)
    if card is None:
        return Comparison("not_made", reason, family)
    # Those of what its training started from, too.
    worst = seen.worst(split, card.splits)
    examples = list(first_records(eval_examples, _TRIED))
    cut = _cut(examples)
    if worst.share:
        reason = f"it was trained {seen.words(split, worst)}"
    else:
        reason = _knows_later(card, cut) or misfit(served, examples)
    if reason:
        return Comparison("not_made", reason, family)
    return Comparison("made", _caution(worst, card, cut), family)


def _knows_later(card: ModelCard, cut: datetime.datetime | None) -> str | None:
    """Why a model may know what listeners are to find; None where its card does not say so."""
    if cut is None or card.data_end is None or card.data_end <= cut:
        return None
    return (
        f"it was trained on data up to {card.data_end:%Y-%m-%dT%H:%M:%S}, and what this run's "
        f"listeners are to play begins at {cut:%Y-%m-%dT%H:%M:%S}"
    )


def _caution(worst: seen.Seen, card: ModelCard, cut: datetime.datetime | None) -> str | None:
    """What a card leaves open that would make the comparison unfair."""
    if cut is not None and (card.data_end is None or card.undated_playlists != 0):
        return (
            "its model card does not say of all that it was trained on until when that goes; had "
            "it seen what these listeners play after the cut, it would look better than it is"
        )
    if worst.share is None:
        return (
            "its model card does not say under which split it was trained; had it seen these "
            "playlists, it would look better than it is"
        )
    return None


def misfit(model: str, examples: Sequence[bytes]) -> str | None:
    """Tries a model on held-out playlists.

    Args:
        model: a SavedModel's directory.
        examples: serialised held-out playlists.

    Returns:
        Why it cannot be asked as this run asks, in words; None where it can.
    """
    if not examples:
        return None
    # Whatever an unknown SavedModel raises when it is loaded or asked is an answer here.
    try:
        scorer = ModelScorer(model)
        scorer.score(examples)
        tracks = _tracks(examples)
        known = scorer.known(tracks)
    except KeyError as error:
        return f"it lacks a signature or an output that this run asks for: {_words(error)}"
    except Exception as error:
        return f"it cannot be asked as this run asks: {_words(error)}"
    if not known:
        return (
            f"it knows none of the {len(tracks):,} tracks of {len(examples)} eval playlists: it is "
            "a model of another catalogue"
        )
    return None


def _card(model: str) -> tuple[ModelCard | None, str | None]:
    try:
        return ModelCard.read(model), None
    except ValueError as error:
        return None, (
            f"what it was trained on is not known, since it has no readable card: {_words(error)}"
        )


def _cut(examples: Sequence[bytes]) -> datetime.datetime | None:
    """The cut behind which lies what listeners are to find; None where playlists are held out."""
    lasts = []
    for example in examples:
        feature = tf.train.Example.FromString(example).features.feature
        if features.LISTENER_SEEN in feature:
            lasts += feature[features.MODIFIED_AT].int64_list.value
    if not lasts:
        return None
    return datetime.datetime.fromtimestamp(min(lasts) + 1, datetime.timezone.utc)


def _tracks(examples: Sequence[bytes]) -> list[bytes]:
    found: set[bytes] = set()
    for example in examples:
        feature = tf.train.Example.FromString(example).features.feature
        for name in (features.TRACK_URI, features.HOLDOUT_TRACK_URI):
            found.update(feature[name].bytes_list.value)
    return sorted(found)


def _words(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".")
    return text if len(text) <= _MAX_WORDS else f"{text[:_MAX_WORDS]} ..."
