"""The page's JSON interface to a gateway."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
from fastapi import APIRouter

from demo.api import Body, Uris
from demo.gateway import Gateway
from schema.track_uris import is_track_uri
from serving.protocol import ConfigError

_RECENT = 50


class AskBody(Body):
    """Whom to ask as, for which surface, and what they played just now."""

    listener: Annotated[int, pydantic.Field(ge=0)]
    surface: Annotated[str, pydantic.Field(min_length=1, max_length=64)]
    tracks: Uris = pydantic.Field(default_factory=list)


def create_router(gateway: Gateway | None) -> APIRouter:
    """The routes under /api/gateway.

    Args:
        gateway: is asked; None where the page has none.
    """
    router = APIRouter(prefix="/api/gateway")

    @router.get("")
    def offer() -> dict[str, Any]:
        if gateway is None:
            return {"listeners": [], "surfaces": []}
        listeners = [{"segment": each.segment} for each in gateway.listeners]
        return {"listeners": listeners, "surfaces": gateway.surfaces()}

    @router.post("")
    def ask(body: AskBody) -> dict[str, Any]:
        if gateway is None or body.listener >= len(gateway.listeners):
            raise ConfigError("there is no such listener")
        # The playlist's last track is the newest.
        recent = [uri for uri in reversed(body.tracks) if is_track_uri(uri)][:_RECENT]
        found = gateway.recommend(body.listener, body.surface, recent)
        return {
            **{name: found[name] for name in _SHOWN},
            "tracks": [
                {
                    "uri": track["track_uri"],
                    "title": track["track_name"],
                    "artist": track["artist_name"],
                    "shelf": track["shelf"],
                    "reason": track["reason"],
                }
                for track in found["tracks"]
            ],
        }

    return router


_SHOWN = ("segment", "experiment", "arm", "served_by", "model_version", "fallbacks")
