"""What answers are made of beside listeners and models: tracks, policies, features, lists.

It is read at the start, and again where something newer lies there; answers in between go on with
what there was.
"""

from __future__ import annotations

import dataclasses
import datetime
import logging
import os
import pathlib
from collections.abc import Iterator, Mapping

from gateway.configuration import GatewayConfig
from listening.recommending import (
    DayOfLists,
    Inputs,
    Lists,
    Policy,
    Published,
    Shelf,
    Tracks,
    blocklist,
    inputs,
    newest,
    policies,
)
from schema.track_uris import is_track_uri
from serving.protocol import ConfigError

_log = logging.getLogger(__name__)
_POPULAR = Shelf(name="popular", title="Popular now", sources=("popular",), most=500)


@dataclasses.dataclass(frozen=True)
class Day:
    """What is at hand.

    Attributes:
        lists: tracks, rules, popularity and releases.
        surfaces: policies by name.
        popular: the same, but with popular tracks alone.
        published: the newest published lists; None where there are none.
        made_of: what it was read from, which says whether it is still the newest.
    """

    lists: Lists
    surfaces: Mapping[str, Policy]
    popular: Mapping[str, Policy]
    published: DayOfLists | None
    made_of: tuple[object, ...]


def read(config: GatewayConfig, before: Day | None = None) -> Day:
    """Reads what there is, or gives what was read before where nothing is newer.

    Args:
        config: where it lies.
        before: what was read before.

    Raises:
        ConfigError: a file cannot be used, or there is nothing to fall back to.
        OSError: a file cannot be read.
    """
    found = _inputs(config.features)
    lists = _published(config.recommendations)
    made_of = (found, lists, *_stamps(config))
    if before is not None and before.made_of == made_of:
        return before
    try:
        surfaces = {policy.name: policy for policy in policies.load(config.policies)}
        tracks = _tracks(config, before, made_of)
        made = _lists(config, tracks, found, surfaces)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return Day(
        lists=made,
        surfaces=surfaces,
        popular={
            name: policy.model_copy(update={"shelves": (_POPULAR,), "per_artist": None})
            for name, policy in surfaces.items()
        },
        published=None if lists is None else DayOfLists(lists),
        made_of=made_of,
    )


def _tracks(config: GatewayConfig, before: Day | None, made_of: tuple[object, ...]) -> Tracks:
    """The table, as it is in memory already where it is the same: it is large."""
    if before is not None and before.made_of[2] == made_of[2]:
        return before.lists.tracks
    return Tracks.read(config.tracks)


def _lists(
    config: GatewayConfig, tracks: Tracks, found: Inputs | None, surfaces: Mapping[str, Policy]
) -> Lists:
    blocked = blocklist.load(config.blocklist) if config.blocklist else blocklist.Blocklist()
    popular = _popular(config.popular) if config.popular else None
    if found is not None:
        made = Lists.found(tracks, found, blocked, tuple(surfaces.values()))
        return made if popular is None else made.with_popular(popular)
    if popular is None:
        raise ConfigError(
            f"features: {config.features} holds no listening_history, so what is popular has to be "
            "told: popular: FILE"
        )
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return Lists.without_features(tracks, today, blocked, popular)


def _inputs(features: str) -> Inputs | None:
    try:
        return inputs(features, None)
    except ValueError as error:
        _log.info("no features: %s", error)
        return None


def _published(folder: str | None) -> Published | None:
    if folder is None or not os.path.isdir(folder):
        return None
    return newest(folder)


def _stamps(config: GatewayConfig) -> Iterator[tuple[str, int, int] | None]:
    """When files were written: of the table of tracks first."""
    paths = [config.tracks, config.popular, config.blocklist]
    for place in config.policies:
        path = pathlib.Path(place)
        paths += [str(each) for each in sorted(path.glob("*.yaml"))] if path.is_dir() else [place]
    for each in paths:
        if each is None:
            yield None
        else:
            told = os.stat(each)
            yield each, told.st_mtime_ns, told.st_size


def _popular(path: str) -> list[str]:
    """Tracks, most popular first, a URI a line.

    Raises:
        ConfigError: a line is none.
    """
    found = []
    for number, uri in blocklist.lines(path):
        if not is_track_uri(uri):
            raise ConfigError(f"popular: {path}, line {number} is no spotify:track:ID")
        found.append(uri)
    return found
