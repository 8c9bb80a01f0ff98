"""Standardises numbers, and keeps by what, since only vectors of one scale compare."""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pydantic

from listening.features.audio.descriptors import Described
from schema.tables import AUDIO_EMBEDDINGS

#: In the folder of a partition.
SCALE_FILE: Final = "scale.json"
_BLOCK: Final = 8_192
_DIGITS: Final = 12
_ROUNDING: Final = 1e-9


class Scale(pydantic.BaseModel):
    """Means and standard deviations of numbers, in the order of a vector's places."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")

    kind: str
    names: tuple[str, ...]
    means: tuple[float, ...]
    deviations: tuple[pydantic.PositiveFloat, ...]

    @classmethod
    def of(cls, kind: str, described: Described) -> Scale:
        """Takes the scale from tracks; a number that all of them lack, or share, stays as it is."""
        known = ~np.isnan(described.values)
        count = np.maximum(known.sum(axis=0), 1)
        means = np.where(known, described.values, 0.0).sum(axis=0) / count
        spread = np.where(known, described.values - means, 0.0)
        deviations = np.sqrt((spread**2).sum(axis=0) / count)
        # Rounding leaves a little of numbers that are all the same.
        differ = deviations > _ROUNDING * np.maximum(np.abs(means), 1.0)
        return cls(
            kind=kind,
            names=described.names,
            means=tuple(means.tolist()),
            deviations=tuple(np.where(differ, deviations, 1.0).tolist()),
        )

    @classmethod
    def read(cls, path: str) -> Scale:
        """Reads the scale of another partition.

        Raises:
            ValueError: it is none.
            OSError: it is not there.
        """
        content = pathlib.Path(path).read_bytes()
        try:
            return cls.model_validate_json(content)
        except pydantic.ValidationError as error:
            raise ValueError(f"{path} is no scale: {error.errors()[0]['msg']}") from None

    @property
    def space(self) -> str:
        """The name of what compares: of the kind, and of this scale alone."""
        return f"{self.kind}-{hashlib.sha256(self.text().encode()).hexdigest()[:_DIGITS]}"

    def text(self) -> str:
        """What is written to SCALE_FILE."""
        return self.model_dump_json(indent=1) + "\n"

    def rows(self, described: Described) -> Iterator[pa.Table]:
        """Rows of AUDIO_EMBEDDINGS, in the order of tracks; what is missing stands at the mean.

        Raises:
            ValueError: the tracks have other numbers.
        """
        if described.names != self.names:
            raise ValueError(f"the scale is of {', '.join(self.names)}")
        for start in range(0, len(described.uris), _BLOCK):
            values = described.values[start : start + _BLOCK]
            lacking = np.isnan(values)
            scaled = (values - np.array(self.means)) / np.array(self.deviations)
            vectors = np.where(lacking, 0.0, scaled).astype(np.float32)
            uris = described.uris[start : start + _BLOCK]
            missing = [
                [name for name, lacks in zip(self.names, row, strict=True) if lacks]
                for row in lacking.tolist()
            ]
            columns = (uris, [self.space] * len(uris), vectors.tolist(), missing)
            arrays = [
                pa.array(column, field.type)
                for column, field in zip(columns, AUDIO_EMBEDDINGS, strict=True)
            ]
            yield pa.table(arrays, schema=AUDIO_EMBEDDINGS)
