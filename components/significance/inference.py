"""Beam: held-out playlists in, rows of metrics out, one pass of inference a model."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from typing import Any, Final

import apache_beam as beam
from apache_beam.utils import shared

from components.significance.scoring import ModelScorer
from components.significance.shown import Shown, ShownSummary
from evaluation.metrics.registry import METRICS
from schema import rows

SCHEMA: Final = rows.arrow_schema(METRICS)

_BATCH_SIZE: Final = 256
_ROWS_TAG: Final = "rows"
_SHOWN_TAG: Final = "shown"


class ScorePlaylists(beam.PTransform):
    """The files of splits to rows of metrics, and what of the catalogue each split was shown."""

    def __init__(self, name: str, model_dir: str) -> None:
        """Scores with one model.

        Args:
            name: the model's name in the rows.
            model_dir: a SavedModel with Segue's signatures.
        """
        super().__init__()
        self._name = name
        self._model_dir = model_dir

    def expand(self, files: beam.PCollection) -> dict[str, beam.PCollection]:
        """Returns PCollections `rows` of dicts and `shown` of JSON texts, one a split.

        Args:
            files: paths of TFRecord files of serialised held-out playlists, below `Split-NAME`.
        """
        scored = (
            files
            # All splits in one flow: each step of it costs more than a small split does.
            | "Read" >> beam.io.ReadAllFromTFRecord(with_filename=True)
            # Batches of one size keep the traced function's shapes, and so its memory, the same.
            | "Batch" >> beam.BatchElements(min_batch_size=_BATCH_SIZE, max_batch_size=_BATCH_SIZE)
            | "Score"
            >> beam.ParDo(_Score(self._name, self._model_dir, shared.Shared())).with_outputs(
                _ROWS_TAG, _SHOWN_TAG
            )
        )
        shown = scored[_SHOWN_TAG] | "Shown" >> beam.CombinePerKey(_CombineShown())
        name = self._name
        return {
            "rows": scored[_ROWS_TAG],
            "shown": shown
            | "Json"
            >> beam.MapTuple(
                lambda split, found: json.dumps(
                    {"model": name, "split": split, "shown": found.model_dump()}
                )
            ),
        }


class _Score(beam.DoFn):
    def __init__(self, name: str, model_dir: str, handle: shared.Shared) -> None:
        self._name = name
        self._model_dir = model_dir
        self._handle = handle

    def setup(self) -> None:
        # One copy a process, however many threads score with it.
        self._scorer = self._handle.acquire(
            lambda: ModelScorer(self._model_dir), tag=self._model_dir
        )

    def process(self, batch: list[tuple[str, bytes]]) -> Iterator[Any]:
        scored = self._scorer.score([example for _, example in batch])
        size = self._scorer.catalogue_size
        shown: dict[str, list[int]] = {}
        for index, ((path, _), row) in enumerate(zip(batch, scored.rows, strict=True)):
            split = _split(path)
            shown.setdefault(split, []).append(index)
            finite = {
                key: None if isinstance(value, float) and math.isnan(value) else value
                for key, value in row.items()
            }
            yield beam.pvalue.TaggedOutput(
                _ROWS_TAG, {rows.MODEL: self._name, rows.SPLIT: split, **finite}
            )
        for split, indices in shown.items():
            counted = Shown(size).add(
                scored.recommended[indices],
                [(scored.rows[index][rows.SCENARIO], scored.exposure[index]) for index in indices],
            )
            yield beam.pvalue.TaggedOutput(_SHOWN_TAG, (split, counted))


def _split(path: str) -> str:
    """The split of a file: TFX keeps each in a folder of its own."""
    return os.path.basename(os.path.dirname(path)).removeprefix("Split-")


class _CombineShown(beam.CombineFn):
    """Merges what was shown: bounded by catalogue and artists, not by playlists."""

    def create_accumulator(self) -> Shown:
        return Shown()

    def add_input(self, accumulator: Shown, element: Shown) -> Shown:
        return accumulator.merge(element)

    def merge_accumulators(self, accumulators: Any) -> Shown:
        merged = self.create_accumulator()
        for accumulator in accumulators:
            merged = merged.merge(accumulator)
        return merged

    def extract_output(self, accumulator: Shown) -> ShownSummary:
        return accumulator.summary()
