"""The page's JSON interface."""

from __future__ import annotations

import time
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from demo.backend import Backend, Track
from demo.catalogue import Catalogue
from schema import scores
from schema.signatures import MAX_RECOMMENDATIONS
from schema.track_uris import canonical
from serving.client import parse_playlists, track_uri
from serving.protocol import ConfigError

MAX_TRACKS = 250
MAX_NAME = 300
_MAX_URI = 300
_MAX_QUERY = 200
_MAX_PLAYLISTS = 1000
_MAX_SKIPPED = 20

Uris = Annotated[
    list[Annotated[str, pydantic.Field(max_length=_MAX_URI)]],
    pydantic.Field(max_length=MAX_TRACKS),
]


class Body(pydantic.BaseModel):
    """What a request may say: no field too many."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class PlaylistBody(Body):
    """A playlist to continue; `version` is a text, since JavaScript's numbers are too short."""

    name: str = pydantic.Field("", max_length=MAX_NAME)
    tracks: Uris = []
    version: str | None = pydantic.Field(None, pattern=r"^[0-9]{1,18}$")
    top: int = pydantic.Field(100, ge=1, le=MAX_RECOMMENDATIONS)


class TracksBody(Body):
    """Tracks by URI, link or bare ID."""

    tracks: Uris


def create_router(backend: Backend, catalogue: Catalogue) -> APIRouter:
    """The routes under /api.

    Args:
        backend: asks the server.
        catalogue: is searched; unless it is complete, answers add to it.
    """
    router = APIRouter(prefix="/api")

    # Plain functions, which FastAPI runs in threads: the client waits for the server.
    @router.get("/status")
    def status() -> dict[str, Any]:
        return {
            "target": backend.target,
            "catalogue": {
                "tracks": len(catalogue),
                "complete": catalogue.complete,
                "filling": catalogue.filling,
            },
            "versions": [
                {
                    "version": str(found.version),
                    "available": found.available,
                    "state": found.state,
                    "error": found.error,
                    "labels": found.labels,
                }
                for found in backend.versions()
            ],
        }

    @router.get("/search")
    def search(
        q: Annotated[str, Query(max_length=_MAX_QUERY)] = "",
        limit: Annotated[int, Query(ge=1, le=50)] = 12,
    ) -> dict[str, Any]:
        return {"tracks": [_as_json(track) for track in catalogue.search(q, limit)]}

    @router.post("/tracks")
    def tracks(body: TracksBody) -> dict[str, Any]:
        uris, unreadable = [], 0
        for text in body.tracks:
            try:
                uris.append(track_uri(text))
            except ConfigError:
                unreadable += 1
        described = backend.describe(list(dict.fromkeys(uris)))
        return {"tracks": [_as_json(track) for track in described], "unreadable": unreadable}

    @router.post("/playlists")
    async def playlists(request: Request) -> dict[str, Any]:
        """Reads a file of playlists, in any format that `segue query --file` reads."""
        data = await request.body()
        found = await run_in_threadpool(parse_playlists, "The file", data)
        skipped = [*found.skipped[:_MAX_SKIPPED]]
        if len(found.playlists) > _MAX_PLAYLISTS:
            skipped.append(f"The file holds {len(found.playlists):,} playlists: see the first.")
        return {
            "playlists": [
                {
                    "name": playlist.name[:MAX_NAME],
                    "tracks": list(dict.fromkeys(playlist.track_uris))[:MAX_TRACKS],
                    "count": len(playlist.track_uris),
                }
                for playlist in found.playlists[:_MAX_PLAYLISTS]
            ],
            "skipped": skipped,
        }

    @router.post("/continue")
    def continue_playlist(body: PlaylistBody) -> dict[str, Any]:
        started = time.perf_counter()
        version = None if body.version is None else int(body.version)
        tracks = [canonical(text) for text in body.tracks]
        answer = backend.continue_playlist(body.name, tracks, version=version, top=body.top)
        milliseconds = 1000 * (time.perf_counter() - started)
        found = [
            Track(entry.track_uri, entry.track_name, entry.artist_name)
            for entry in answer.recommendations
        ]
        if not catalogue.complete:
            catalogue.add(found)
        return {
            "version": str(answer.model_version),
            "milliseconds": round(milliseconds, 1),
            "seeds": len(tracks),
            "seeds_known": answer.seeds_known,
            "basis": answer.basis,
            "comparable": scores.comparable(answer.basis),
            "scores": None if answer.basis is None else scores.MEANINGS[answer.basis],
            "tracks": [
                {**_as_json(track), "rank": entry.rank, "score": entry.score}
                for track, entry in zip(found, answer.recommendations, strict=True)
            ],
        }

    return router


def _as_json(track: Track) -> dict[str, str]:
    return {"uri": track.uri, "title": track.title, "artist": track.artist}
