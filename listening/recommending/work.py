"""Makes the lists of some listeners: asks models in batches, and fills shelves."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from listening.recommending.blocklist import Blocklist
from listening.recommending.inputs import Inputs
from listening.recommending.lists import Lists, ModelAnswer
from listening.recommending.model import Model
from listening.recommending.people import Person, people
from listening.recommending.picking import Filled
from listening.recommending.policies import Policy
from listening.recommending.tracks import Tracks
from schema.tables import RECOMMENDATIONS, SET_ASIDE

#: Listeners that a model is asked about at once.
BATCH: Final = 256


@dataclasses.dataclass(frozen=True)
class Order:
    """What lists are wanted.

    Attributes:
        tracks: the table of tracks.
        policies: one list each.
        models: a model, or its directory of versions, by the segment that it serves; under None
            the one for everybody else. Without that the first one serves them too.
        blocked: tracks and artists that nobody is shown.
    """

    tracks: str
    policies: tuple[Policy, ...]
    models: Mapping[str | None, str]
    blocked: Blocklist = dataclasses.field(default_factory=Blocklist)


class Worker:
    """Tracks, models and whatever else lists are made of, loaded."""

    def __init__(self, order: Order, found: Inputs) -> None:
        """Loads it.

        Args:
            order: what is wanted; its models are directories of versions.
            found: partitions of features.

        Raises:
            ValueError: a model or the table of tracks cannot be used.
            OSError: it cannot be read.
        """
        self._order, self._found = order, found
        self._tracks = Tracks.read(order.tracks)
        self._lists = Lists.found(self._tracks, found, order.blocked, order.policies)
        self._models = {name: Model(path, self._tracks) for name, path in order.models.items()}
        self._others = None if None in self._models else next(iter(self._models))
        self._leave_out_heard = all(p.heard == "leave_out" for p in order.policies)

    def lists(self, rows: pa.Table) -> tuple[pa.Table, pa.Table, dict[str, Counter[str]]]:
        """The lists of a bucket's listeners.

        Args:
            rows: of the audience, in the order of listeners, each once.

        Returns:
            Rows of RECOMMENDATIONS by listener and policy, rows of SET_ASIDE, and how many lists
            there are, how many are empty, and how many listeners each model answered.
        """
        asked = people(rows, self._found, self._tracks)
        serving = [self._serving(person) for person in asked]
        best = self._best(asked, serving)
        written: list[dict[str, Any]] = []
        nothing = []
        tally: dict[str, Counter[str]] = defaultdict(Counter)
        for person, name, places, row in zip(
            asked, serving, best, rows.column("row").to_pylist(), strict=True
        ):
            filled = self._filled(person, self._models[name], places)
            label = self._label(name)
            tally["answered"][label] += 1
            for policy, found in filled.items():
                tally["lists" if found.places else "empty"][policy] += 1
                if found.places:
                    written.append(self._row(person, label, policy, found))
            if not any(found.places for found in filled.values()):
                nothing.append(row)
        aside = pa.table([nothing, ["nothing_left"] * len(nothing)], schema=SET_ASIDE)
        return pa.Table.from_pylist(written, RECOMMENDATIONS), aside, dict(tally)

    def _serving(self, person: Person) -> str | None:
        """The segment whose model answers a listener."""
        return person.segment if person.segment in self._models else self._others

    def _label(self, name: str | None) -> str:
        version = self._models[name].version
        return version if name is None else f"{name}/{version}"

    def _row(self, person: Person, label: str, policy: str, found: Filled) -> dict[str, Any]:
        """A list, as of RECOMMENDATIONS: columns that are not named are null."""
        return {
            "listener_id": person.listener_id,
            "day": self._found.day,
            "model_version": label,
            "surface": policy,
            "track_uris": self._tracks.texts(found.places),
            "reasons": found.reasons,
            "shelves": found.shelves,
        }

    def _best(self, asked: Sequence[Person], serving: Sequence[str | None]) -> list[np.ndarray]:
        found: list[np.ndarray] = [np.empty(0, np.int64)] * len(asked)
        for name, model in self._models.items():
            places = [place for place, each in enumerate(serving) if each == name]
            for start in range(0, len(places), BATCH):
                batch = places[start : start + BATCH]
                answers = model.best(
                    [asked[place] for place in batch], leave_out_heard=self._leave_out_heard
                )
                for place, answer in zip(batch, answers, strict=True):
                    found[place] = answer
        return found

    def _filled(self, person: Person, model: Model, best: np.ndarray) -> dict[str, Filled]:
        answer = ModelAnswer(best, model.known, model.vectors)
        policies = self._order.policies
        return {each.name: self._lists.filled(each, person, answer) for each in policies}
