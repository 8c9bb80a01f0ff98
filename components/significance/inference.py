"""Beam: held-out playlists in, a Parquet file of rows out, one pass of inference a model."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

import apache_beam as beam
from apache_beam.utils import shared

from components.significance.scoring import ModelScorer
from evaluation.metrics.coverage import ShownTracks
from evaluation.metrics.registry import METRICS
from schema import rows

SCHEMA: Final = rows.arrow_schema(METRICS)

_BATCH_SIZE: Final = 256
_ROWS_TAG: Final = "rows"
_TRACKS_TAG: Final = "tracks"


class ScorePlaylists(beam.PTransform):
    """Serialised held-out playlists to rows of metrics, and the share of the catalogue shown."""

    def __init__(self, name: str, split: str, model_dir: str) -> None:
        """Scores with one model.

        Args:
            name: the model's name in the rows.
            split: the split's name in the rows.
            model_dir: a SavedModel with Segue's signatures.
        """
        super().__init__()
        self._name = name
        self._split = split
        self._model_dir = model_dir

    def expand(self, examples: beam.PCollection) -> dict[str, beam.PCollection]:
        """Returns PCollections `rows` of dicts and `coverage` of one JSON text."""
        scored = (
            examples
            # Batches of one size keep the traced function's shapes, and so its memory, the same.
            | "Batch" >> beam.BatchElements(min_batch_size=_BATCH_SIZE, max_batch_size=_BATCH_SIZE)
            | "Score"
            >> beam.ParDo(
                _Score(self._name, self._split, self._model_dir, shared.Shared())
            ).with_outputs(_ROWS_TAG, _TRACKS_TAG)
        )
        coverage = scored[_TRACKS_TAG] | "Coverage" >> beam.CombineGlobally(
            _CombineCoverage(self._name, self._split)
        )
        return {"rows": scored[_ROWS_TAG], "coverage": coverage}


class _Score(beam.DoFn):
    def __init__(self, name: str, split: str, model_dir: str, handle: shared.Shared) -> None:
        self._name = name
        self._split = split
        self._model_dir = model_dir
        self._handle = handle

    def setup(self) -> None:
        # One copy a process, however many threads or splits score with it.
        self._scorer = self._handle.acquire(
            lambda: ModelScorer(self._model_dir), tag=self._model_dir
        )

    def process(self, examples: list[bytes]) -> Iterator[Any]:
        scored, recommended = self._scorer.score(examples)
        for row in scored:
            finite = {
                key: None if isinstance(value, float) and math.isnan(value) else value
                for key, value in row.items()
            }
            yield beam.pvalue.TaggedOutput(
                _ROWS_TAG, {rows.MODEL: self._name, rows.SPLIT: self._split, **finite}
            )
        size = self._scorer.catalogue_size
        yield beam.pvalue.TaggedOutput(_TRACKS_TAG, (ShownTracks().add(recommended), size))


class _CombineCoverage(beam.CombineFn):
    """Merges what was shown into one JSON text: bounded by the catalogue, not by playlists."""

    def __init__(self, name: str, split: str) -> None:
        self._name = name
        self._split = split

    def create_accumulator(self) -> tuple[ShownTracks, int]:
        return ShownTracks(), 0

    def add_input(
        self, accumulator: tuple[ShownTracks, int], element: tuple[ShownTracks, int]
    ) -> tuple[ShownTracks, int]:
        return accumulator[0].merge(element[0]), max(accumulator[1], element[1])

    def merge_accumulators(self, accumulators: Any) -> tuple[ShownTracks, int]:
        merged = self.create_accumulator()
        for accumulator in accumulators:
            merged = self.add_input(merged, accumulator)
        return merged

    def extract_output(self, accumulator: tuple[ShownTracks, int]) -> str:
        coverage, size = accumulator
        return json.dumps(
            {"model": self._name, "split": self._split, "coverage": coverage.value(size)}
        )
