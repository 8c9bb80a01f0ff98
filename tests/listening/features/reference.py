"""Features as pandas finds them in raw events: plain, slow, and apart from the pipelines."""

from __future__ import annotations

import math
import pathlib
from collections.abc import Iterable
from typing import Any

import pandas as pd

from schema.events import RefusedError, parse
from tests.listening.events.making import DAY, HOUR

_NEVER_TOO_FAR = 4_102_444_800_000_000


def raw_events(folder: pathlib.Path) -> pd.DataFrame:
    """The events of a source, a row a line, copies too; what is refused is not there."""
    rows = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            try:
                rows.append(parse(line, _NEVER_TOO_FAR).model_dump())
            except RefusedError:
                continue
    return frame(rows)


def frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    names = (
        *("type", "idempotency_key", "event_time", "listener_id", "session_id", "track_uri"),
        *("ms_played", "followed_listener", "followed_artist"),
    )
    return pd.DataFrame([{name: row.get(name) for name in names} for row in rows], columns=names)


def before(events: pd.DataFrame, cut: int) -> pd.DataFrame:
    """What happened before a cut; of copies the one that says it happened first."""
    ordered = events.sort_values(["event_time"], kind="stable")
    once = ordered.drop_duplicates("idempotency_key", keep="first")
    return once[once.event_time < cut]


def entropy(values: pd.Series) -> float | None:
    if values.empty:
        return None
    shares = values.value_counts(normalize=True)
    return float(-(shares * shares.map(math.log2)).sum())


def history(
    events: pd.DataFrame, cut: int, tracks: dict[str, tuple[str, list[str]]], days: int = 90
) -> dict[str, dict[str, Any]]:
    """The row of each listener, by pseudonym."""
    known = before(events, cut)
    known = known[known.event_time >= cut - days * DAY]
    return {
        str(name): _row(own, cut, tracks) for name, own in known.groupby("listener_id", sort=True)
    }


def _row(own: pd.DataFrame, cut: int, tracks: dict[str, tuple[str, list[str]]]) -> dict[str, Any]:
    plays = own[own.type.isin(["stream", "skip"])]
    row: dict[str, Any] = {
        "first_seen": own.event_time.min(),
        "last_seen": own.event_time.max(),
        "days_known": (cut - own.event_time.min()) / DAY,
        "hours_since_play": None if plays.empty else (cut - plays.event_time.max()) / HOUR,
    }
    for days in (1, 7, 28):
        recent = own[own.event_time >= cut - days * DAY]
        played = recent[recent.type.isin(["stream", "skip"])]
        count = recent.type.value_counts()
        row |= {
            f"plays_{days}d": len(played),
            f"streams_{days}d": count.get("stream", 0),
            f"skips_{days}d": count.get("skip", 0),
            f"saves_{days}d": count.get("save", 0),
            f"playlist_adds_{days}d": count.get("playlist_add", 0),
            f"sessions_{days}d": recent.session_id.nunique(),
            f"active_days_{days}d": len({(cut - 1 - t) // DAY for t in played.event_time}),
            f"minutes_{days}d": float(played.ms_played.fillna(0).sum()) / 60_000,
            f"skip_rate_{days}d": count.get("skip", 0) / len(played) if len(played) else None,
            f"save_rate_{days}d": count.get("save", 0) / len(played) if len(played) else None,
        }
    heard = own[(own.type == "stream") & (own.event_time >= cut - 28 * DAY)]
    artists = heard.track_uri.map(lambda uri: tracks.get(uri, (None, []))[0]).dropna()
    genres = heard.track_uri.map(lambda uri: (tracks.get(uri, (None, []))[1] or [None])[0]).dropna()
    top_artists, top_genres = (_top(values) for values in (artists, genres))
    unknown = sum(tracks.get(uri) is None for uri in heard.track_uri)
    row |= {
        "tracks_28d": heard.track_uri.nunique(),
        "artists_28d": artists.nunique(),
        "genres_28d": genres.nunique(),
        "unknown_share_28d": unknown / len(heard) if len(heard) else None,
        "artist_entropy_28d": entropy(artists),
        "genre_entropy_28d": entropy(genres),
        "top_genre_share": top_genres[0][1] / len(genres) if len(genres) else None,
        "top_artists": [name for name, _ in top_artists],
        "top_artist_streams": [count for _, count in top_artists],
        "top_genres": [name for name, _ in top_genres],
        "top_genre_streams": [count for _, count in top_genres],
    }
    streams = own[own.type == "stream"]
    latest = streams.groupby("track_uri").event_time.max()
    seeds = sorted(latest.items(), key=lambda item: (-item[1], item[0]))[:100]
    row["seed_uris"] = [uri for uri, _ in seeds]
    row["seed_times"] = [time for _, time in seeds]
    return row


def _top(values: pd.Series) -> list[tuple[str, int]]:
    counted = values.value_counts()
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:20]


def social(
    events: pd.DataFrame,
    ties: Iterable[tuple[str, str | None, str | None, int | None]],
    cut: int,
    tracks: dict[str, tuple[str, list[str]]],
) -> dict[str, dict[str, Any]]:
    """The row of each listener with a tie, by pseudonym; `ties` are of the table of follows."""
    known = before(events, cut)
    follows = known[known.type == "follow"]
    told = {
        (row.listener_id, row.followed_listener, row.followed_artist)
        for row in follows.itertuples()
    }
    told |= {(a, b, c) for a, b, c, since in ties if since is None or since < cut}
    pairs = {(a, b) for a, b, _ in told if b is not None and a != b}
    artists = {(a, c) for a, _, c in told if c is not None}
    streams = known[(known.type == "stream") & (known.event_time >= cut - 28 * DAY)]
    tastes: dict[str, dict[str, int]] = {}
    for row in streams.itertuples():
        if row.track_uri in tracks:
            taste = tastes.setdefault(row.listener_id, {})
            artist = tracks[row.track_uri][0]
            taste[artist] = taste.get(artist, 0) + 1
    found = {}
    for listener in sorted({a for a, _ in pairs | artists} | {b for _, b in pairs}):
        alike = {b: cosine(tastes.get(listener), tastes.get(b)) for a, b in pairs if a == listener}
        order = sorted(alike, key=lambda b: (-alike[b], b))
        found[listener] = {
            "following": len(alike),
            "followers": sum(b == listener for _, b in pairs),
            "mutual": sum((b, listener) in pairs for b in alike),
            "following_artists": sum(a == listener for a, _ in artists),
            "mean_similarity": sum(alike.values()) / len(alike) if alike else None,
            "best_similarity": max(alike.values()) if alike else None,
            "neighbours": order,
            "similarities": [alike[b] for b in order],
            "followed_artists": sorted(c for a, c in artists if a == listener),
        }
    return found


def cosine(one: dict[str, int] | None, other: dict[str, int] | None) -> float:
    if not one or not other:
        return 0.0
    dot = sum(count * other.get(artist, 0) for artist, count in one.items())
    lengths = (sum(count * count for count in taste.values()) for taste in (one, other))
    return dot / math.sqrt(math.prod(lengths))


def same(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Columns in which two rows differ, numbers but for rounding."""
    differing = []
    for name, value in wanted.items():
        other = found[name]
        if isinstance(value, list) and value and isinstance(value[0], float):
            equal = len(other) == len(value) and all(
                math.isclose(a, b, abs_tol=1e-9) for a, b in zip(other, value, strict=True)
            )
        elif isinstance(value, float) and isinstance(other, float):
            equal = math.isclose(other, value, rel_tol=1e-12, abs_tol=1e-9)
        else:
            equal = other == value
        if not equal:
            differing.append(f"{name}: {other} is not {value}")
    return differing
