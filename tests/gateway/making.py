"""A small world for a gateway: twelve tracks, three listeners, lists of a day, and fake models."""

from __future__ import annotations

import asyncio
import datetime
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from gateway import day
from gateway.answering import Gateway
from gateway.asking import ModelError, Ranked
from gateway.assignment import Routes
from gateway.breaker import Breaker
from gateway.clock import EventClock
from gateway.configuration import GatewayConfig, Model, load
from gateway.exposures import Exposures
from gateway.listeners import Listeners
from gateway.metrics import Metrics
from gateway.requests import Answer, Request
from gateway.running import sink_of
from listening.recommending import publishing
from listening.store import open_store
from schema.events import Impression, parse
from schema.tables import RECOMMENDATIONS, SET_ASIDE
from serving.protocol import Listener
from tests.listening.recommending.making import CUT, DAY, artist, listener, put, table, uri

TRACKS = 12
KNOWN, HEAVY, STRANGER = listener(1), listener(2), listener(99)


def world(root: pathlib.Path) -> pathlib.Path:
    """Writes tracks, features, a store, policies and a published day."""
    rows = [{"artist_uri": artist(n % 6), "artist_name": f"Artist {n % 6}"} for n in range(TRACKS)]
    pq.write_table(table(rows), root / "tracks.parquet")
    features = root / "features"
    people = {KNOWN: [0, 1], HEAVY: [2, 3, 0]}
    history = [
        {
            "listener_id": who,
            "seed_uris": [uri(n) for n in seeds],
            "seed_times": [CUT - datetime.timedelta(hours=n + 1) for n in range(len(seeds))],
            "streams_7d": 7,
        }
        for who, seeds in people.items()
    ]
    put(features, "listening_history", history)
    heard = [
        {"listener_id": who, "track_uris": [uri(n) for n in seeds], "streams": [1] * len(seeds)}
        for who, seeds in people.items()
    ]
    put(features, "heard", heard)
    segments = [
        {"listener_id": KNOWN, "segment": "casual"},
        {"listener_id": HEAVY, "segment": "heavy"},
    ]
    put(features, "segments", segments)
    store = open_store(f"embedded:{root / 'store'}", str(features))
    for view in ("listening_history", "heard", "segments"):
        store.materialise(view)
    store.close()
    policies = root / "policies"
    policies.mkdir()
    write_policy(policies, "discover", [shelf("model", "popular", most=6)])
    shelves = [shelf("model", name="a", most=3), shelf("popular", name="b", most=3)]
    write_policy(policies, "home", shelves)
    publish(root / "recommendations", {KNOWN: [9, 10, 0], HEAVY: [11]})
    return root


def shelf(*sources: str, name: str = "all", most: int = 6) -> dict[str, Any]:
    return {"name": name, "title": f"Shelf {name}", "sources": list(sources), "most": most}


def write_policy(folder: pathlib.Path, name: str, shelves: list[dict[str, Any]]) -> None:
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({"name": name, "shelves": shelves}))


def publish(folder: pathlib.Path, lists: Mapping[str, list[int]]) -> None:
    rows = [
        {
            "listener_id": who,
            "day": DAY,
            "model_version": "41",
            "surface": surface,
            "track_uris": [uri(n) for n in places],
            "reasons": [f"of yesterday {n}" for n in places],
            "shelves": ["Yesterday's"] * len(places),
        }
        for who, places in sorted(lists.items())
        for surface in ("discover", "home")
    ]
    with publishing.publishing(str(folder), DAY) as draft:
        part = pa.Table.from_pylist(rows, RECOMMENDATIONS)
        draft.write([part], SET_ASIDE.empty_table(), CUT)


def document(root: pathlib.Path, **fields: Any) -> dict[str, Any]:
    """A configuration as a file has it."""
    return {
        "listen": {"port": 0},
        "store": {"uri": f"embedded:{root / 'store'}", "cache_seconds": 0, "deadline_ms": 5000},
        "features": str(root / "features"),
        "tracks": str(root / "tracks.parquet"),
        "policies": [str(root / "policies")],
        "recommendations": str(root / "recommendations"),
        "exposures": {"directory": str(root / "exposures")},
        "limits": {"answer_ms": 10_000},
        **fields,
    }


def config(root: pathlib.Path, **fields: Any) -> GatewayConfig:
    path = root / "gateway.yaml"
    path.write_text(yaml.safe_dump(document(root, **fields)))
    return load(str(path))


class FakeModels:
    """Answers for every model: tracks 4 to 11, the first the best; or fails as it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Listener]] = []
        self.failing: dict[str, str] = {}
        self.tracks = [(uri(n), float(TRACKS - n)) for n in range(4, TRACKS)]
        self.delay = 0.0

    async def ask(self, model: Model, who: Listener, seconds: float) -> Ranked:
        self.asked.append((str(model), who))
        if self.delay:
            await asyncio.sleep(min(self.delay, seconds))
            if self.delay > seconds:
                raise ModelError("deadline")
        if reason := self.failing.get(str(model), self.failing.get("*", "")):
            raise ModelError(reason)
        uris = [text.encode() for text, _ in self.tracks]
        return Ranked(model.model, model.version or 7, uris, [score for _, score in self.tracks])

    async def predict(self, request: Any, seconds: float) -> Any:
        raise ModelError("unavailable")


class Made:
    """A gateway over fake models, whose parts a test may look at and break."""

    def __init__(self, options: GatewayConfig, models: Any = None, **parts: Any) -> None:
        self.config = options
        self.models = models or FakeModels()
        self.exposures = parts.get("exposures") or Exposures(
            sink_of(options.exposures), options.exposures.waiting
        )
        self.clock = parts.get("clock") or EventClock()
        self.metrics = Metrics(
            self.exposures.counts, lambda: self.exposures.waiting, lambda: self.clock.jumps
        )
        self.listeners = parts.get("listeners") or Listeners(
            options.store, options.features, Breaker(options.breaker)
        )
        self.gateway = Gateway(
            config=options,
            day=day.read(options),
            listeners=self.listeners,
            models=self.models,
            pinned=parts.get("pinned", lambda model: model),
            assignment=Routes(options.routes),
            exposures=self.exposures,
            metrics=self.metrics,
            clock=self.clock,
            chance=np.random.default_rng(1),
        )

    def ask(self, who: str = KNOWN, surface: str = "discover", **fields: Any) -> Answer:
        return asyncio.run(self.gateway.answer(request(who, surface, **fields)))

    def events(self) -> list[Impression]:
        """All that was shown, once it is written."""
        self.exposures.close(10)
        found: list[Impression] = []
        for path in sorted(pathlib.Path(self.config.exposures.directory or "").glob("*.jsonl")):
            for line in path.read_bytes().splitlines():
                event = parse(line)
                assert isinstance(event, Impression)
                found.append(event)
        return found


def request(who: str = KNOWN, surface: str = "discover", **fields: Any) -> Request:
    return Request(listener_id=who, surface=surface, **fields)


def fallbacks(answer: Answer) -> list[tuple[str, str]]:
    return [(each.tried, each.reason) for each in answer.fallbacks]


def shown(answer: Answer) -> list[int]:
    """The numbers of an answer's tracks."""
    return [int(slot.track_uri.rpartition(":")[2]) for slot in answer.tracks]
