"""Recommendations for the eye (a table) and for programs (JSON, CSV)."""

from __future__ import annotations

import csv
import dataclasses
import enum
import json
import unicodedata
from collections.abc import Sequence
from typing import Final, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from schema import scores
from schema.spreadsheets import inert
from serving.protocol import Continuation

_COLUMNS: Final = (
    "playlist",
    "rank",
    "track_uri",
    "score",
    "artist_name",
    "track_name",
    "model_version",
    "seeds",
    "seeds_known",
    "basis",
)


class Format(str, enum.Enum):
    """How recommendations are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def render(answers: Sequence[Continuation], form: Format | str, stream: TextIO) -> None:
    """Writes answers.

    Args:
        answers: one or more.
        form: a `Format` or its value.
        stream: where to write; a table uses its width and colours where it is a terminal.

    Raises:
        ValueError: the format is unknown.
    """
    form = Format(form)
    if form is Format.JSON:
        _write_json(answers, stream)
    elif form is Format.CSV:
        _write_csv(answers, stream)
    else:
        console = Console(file=stream)
        for answer in answers:
            console.print(table(answer))


def table(answer: Continuation) -> Table:
    """The answer for one playlist as a table."""
    playlist = answer.playlist
    count = len(playlist.track_uris)
    title = f'"{_printable(playlist.name)}"' if playlist.name else "untitled"
    made = Table(
        title=f"{escape(title)} with {count} track{'' if count == 1 else 's'}{_known(answer)}",
        caption=_caption(answer),
        title_justify="left",
        caption_justify="left",
    )
    made.add_column("#", justify="right", no_wrap=True)
    made.add_column("artist", overflow="fold")
    made.add_column("title", overflow="fold")
    made.add_column("score", justify="right", no_wrap=True)
    named = any(item.track_name or item.artist_name for item in answer.recommendations)
    if not named:
        made.add_column("track", no_wrap=True)
    for item in answer.recommendations:
        row = [
            str(item.rank),
            escape(_printable(item.artist_name)) or "–",
            escape(_printable(item.track_name)) or "–",
            f"{item.score:.4g}",
        ]
        made.add_row(*row, *([] if named else [escape(item.track_uri)]))
    if not answer.recommendations:
        made.add_row("", "nothing to recommend", "", "")
    return made


def _known(answer: Continuation) -> str:
    count = len(answer.playlist.track_uris)
    if answer.seeds_known is None or not count:
        return ""
    return f", {answer.seeds_known} of {count} seeds known by the model"


def _caption(answer: Continuation) -> str:
    version = f"model version {answer.model_version}"
    return (
        version if answer.basis is None else f"{version}; scores: {scores.MEANINGS[answer.basis]}"
    )


def _write_json(answers: Sequence[Continuation], stream: TextIO) -> None:
    found = [
        {
            **dataclasses.asdict(answer),
            "seeds": len(answer.playlist.track_uris),
            "comparable": scores.comparable(answer.basis),
        }
        for answer in answers
    ]
    # Where the stream cannot show every character, JSON can spell it.
    ascii_only = not _encoding(stream).startswith("utf")
    json.dump(found, stream, ensure_ascii=ascii_only, indent=1)
    stream.write("\n")


def _write_csv(answers: Sequence[Continuation], stream: TextIO) -> None:
    # All text is quoted: a carriage return in a title would end the line otherwise.
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(_COLUMNS)
    for answer in answers:
        for item in answer.recommendations:
            writer.writerow(
                [
                    _cell(answer.playlist.key or answer.playlist.name, stream),
                    item.rank,
                    _cell(item.track_uri, stream),
                    float(f"{item.score:.9g}"),
                    _cell(item.artist_name, stream),
                    _cell(item.track_name, stream),
                    answer.model_version,
                    len(answer.playlist.track_uris),
                    "" if answer.seeds_known is None else answer.seeds_known,
                    "" if answer.basis is None else answer.basis.value,
                ]
            )


def _cell(text: str, stream: TextIO) -> str:
    """Text that a spreadsheet runs nothing of, with escapes for what the stream cannot show."""
    spelled = _encoding(stream)
    # Neither the csv module nor a spreadsheet takes a NUL.
    text = inert(text.replace("\0", "\ufffd"))
    return text.encode(spelled, "backslashreplace").decode(spelled)


def _encoding(stream: TextIO) -> str:
    """How a stream spells characters; any of them where it does not say."""
    return (stream.encoding or "utf-8").lower().replace("_", "-")


def _printable(text: str) -> str:
    """The text without control characters, which a title could steer a terminal with."""
    return "".join(
        character if unicodedata.category(character) not in ("Cc", "Cf") else " "
        for character in text
    )
