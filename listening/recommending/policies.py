"""Policies: what a list may hold, and where its tracks come from; a YAML file each."""

from __future__ import annotations

import pathlib
import string
from collections.abc import Iterable
from typing import Annotated, Final, Literal

import pydantic

from schema.option_files import read
from schema.options import Options

_Name = Annotated[str, pydantic.Field(pattern="^[a-z][a-z0-9_]{0,63}$")]
Source = Literal["model", "similar", "releases", "popular"]
#: What a title may name of the track that a shelf of `similar` tracks goes by.
_NAMED: Final = frozenset({"track", "artist"})
_MOST: Final = 500


class Shelf(Options):
    """Tracks of one kind, under one title."""

    name: _Name = pydantic.Field(description="of the shelf")
    title: str = pydantic.Field(
        min_length=1,
        max_length=100,
        description="over it; where its only source is similar it may name {track} and {artist}",
    )
    sources: tuple[Source, ...] = pydantic.Field(
        min_length=1,
        description="one after the other: the model's tracks; those most similar to one that was "
        "heard lately; releases; what is popular in the listener's segment",
    )
    most: int = pydantic.Field(ge=1, le=_MOST, description="tracks, at most")
    days: int = pydantic.Field(
        30, ge=1, le=3650, description="releases are at most so many days old"
    )
    by: tuple[Literal["followed", "neighbours"], ...] = pydantic.Field(
        ("followed", "neighbours"),
        min_length=1,
        description="whose releases: artists whom the listener follows, or whom those play most "
        "whom the listener follows",
    )

    @pydantic.field_validator("sources", "by")
    @classmethod
    def _once_each(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("one stands twice")
        return names

    @pydantic.model_validator(mode="after")
    def _title_can_be_filled_in(self) -> Shelf:
        try:
            parts = list(string.Formatter().parse(self.title))
        except ValueError:
            raise ValueError("title: a brace is not closed") from None
        named = {name for _, name, _, _ in parts if name is not None}
        accepted = _NAMED if self.sources == ("similar",) else frozenset()
        if unknown := sorted(named - accepted):
            told = " and ".join(f"{{{name}}}" for name in sorted(accepted)) or "no braces"
            raise ValueError(f"title: {{{unknown[0]}}} is not known here; accepted are {told}")
        return self


class Policy(Options):
    """What the lists of one surface may hold, and how they are filled."""

    name: _Name = pydantic.Field(description="of the surface, and of the file")
    description: str = pydantic.Field("", max_length=500, description="what it is, in words")
    heard: Literal["leave_out", "keep"] = pydantic.Field(
        "leave_out", description="tracks that the listener has heard before"
    )
    explicit: bool = pydantic.Field(
        True, description="whether explicit tracks may be shown to those who allow them"
    )
    market: str | None = pydantic.Field(
        None, pattern="^[A-Z]{2}$", description="of listeners of whom no market is known"
    )
    per_artist: int | None = pydantic.Field(
        None, ge=1, le=_MOST, description="tracks of one artist in a list, at most"
    )
    shelves: tuple[Shelf, ...] = pydantic.Field(
        min_length=1, max_length=20, description="from top to bottom; a track stands on one"
    )

    @pydantic.model_validator(mode="after")
    def _shelves_differ(self) -> Policy:
        names = [shelf.name for shelf in self.shelves]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"shelves: two are named {twice[0]}")
        return self

    @property
    def days(self) -> int:
        """How far back its releases go; 0 where it has none."""
        return max((s.days for s in self.shelves if "releases" in s.sources), default=0)


def load(paths: Iterable[str | pathlib.Path]) -> tuple[Policy, ...]:
    """Reads policies from files, and from all `NAME.yaml` in folders.

    Returns:
        Policies in the order of their names.

    Raises:
        OptionFileError: a file is no policy.
        ValueError: there is none, or two are of one name.
        OSError: a file cannot be read.
    """
    found: dict[str, Policy] = {}
    for path in map(pathlib.Path, paths):
        files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not files:
            raise ValueError(f"{path} holds no policies: a file NAME.yaml each")
        for file in files:
            policy = read(file, Policy)
            if policy.name in found:
                raise ValueError(f"{file}: another file has the policy {policy.name}")
            found[policy.name] = policy
    if not found:
        raise ValueError("there is no policy: name a file or a folder")
    return tuple(found[name] for name in sorted(found))
