"""The rules of segments: a file each, checked strictly."""

from __future__ import annotations

import itertools
import pathlib
from collections.abc import Iterable, Sequence
from typing import Annotated, Final

import pyarrow as pa
import pydantic

from schema.features import SEGMENT_NAME
from schema.option_files import OptionFileError, read
from schema.options import Options
from schema.tables import LISTENING_HISTORY

#: Columns that a rule may ask about: the numbers of `listening_history`.
FEATURES: Final = tuple(
    field.name
    for field in LISTENING_HISTORY
    if pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
)
_Number = Annotated[float, pydantic.Field(allow_inf_nan=False)]
_Name = Annotated[str, pydantic.Field(pattern=SEGMENT_NAME)]


class SegmentsError(ValueError):
    """The files are no segments; the message names the file, the key, and what is accepted."""


class Rule(Options):
    """A condition on one feature. Where the feature is null it does not hold."""

    feature: str = pydantic.Field(description="a number of listening_history")
    at_least: _Number | None = pydantic.Field(None, description="to enter, the least value")
    at_most: _Number | None = pydantic.Field(None, description="to enter, the greatest value")
    stay_at_least: _Number | None = pydantic.Field(
        None, description="to stay, the least value; as to enter where it is not given"
    )
    stay_at_most: _Number | None = pydantic.Field(
        None, description="to stay, the greatest value; as to enter where it is not given"
    )

    @pydantic.field_validator("feature")
    @classmethod
    def _is_a_number(cls, name: str) -> str:
        if name not in FEATURES:
            raise ValueError(f"choose from {', '.join(FEATURES)}")
        return name

    @pydantic.model_validator(mode="after")
    def _bounds_fit(self) -> Rule:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least or at_most, or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least is above at_most")
        for bound, staying, sign in (
            ("at_least", "stay_at_least", 1),
            ("at_most", "stay_at_most", -1),
        ):
            enter, stay = getattr(self, bound), getattr(self, staying)
            if stay is None:
                continue
            if enter is None:
                raise ValueError(f"{staying} needs {bound}")
            if sign * stay > sign * enter:
                wanted = "at most" if sign > 0 else "at least"
                raise ValueError(f"{staying} is {wanted} {enter:g}: staying is easier than coming")
        return self

    def bounds(self, staying: bool) -> tuple[float | None, float | None]:
        """The least and the greatest value, None for no bound."""
        if not staying:
            return self.at_least, self.at_most
        least = self.at_least if self.stay_at_least is None else self.stay_at_least
        most = self.at_most if self.stay_at_most is None else self.stay_at_most
        return least, most


class Segment(Options):
    """A segment: whoever meets all of its rules, and no earlier segment's, is in it."""

    name: _Name = pydantic.Field(description="of the segment, and of its file")
    order: int = pydantic.Field(
        ge=0, le=1_000_000, description="segments are asked in this order; the first that fits wins"
    )
    model: _Name = pydantic.Field(description="the profile of the model that serves it")
    description: str = pydantic.Field("", max_length=500, description="who is in it, in words")
    rules: tuple[Rule, ...] = pydantic.Field(
        (), max_length=20, description="all of which hold; none: everybody who is left"
    )


def load(folder: str | pathlib.Path) -> tuple[Segment, ...]:
    """Reads the segments of a folder, a file `NAME.yaml` each.

    Returns:
        Segments in their order. The last one takes everybody who is left, and no other does.

    Raises:
        SegmentsError: a file is no segment, two do not go together, or nobody takes the rest.
    """
    files = sorted(pathlib.Path(folder).glob("*.yaml"))
    if not files:
        raise SegmentsError(f"{folder} holds no segments: a file NAME.yaml each")
    try:
        found = [read(path, Segment) for path in files]
    except OptionFileError as error:
        raise SegmentsError(str(error)) from None
    return _ordered(str(folder), found)


def _ordered(folder: str, found: Iterable[Segment]) -> tuple[Segment, ...]:
    segments = tuple(sorted(found, key=lambda segment: segment.order))
    for one, other in itertools.pairwise(segments):
        if one.order == other.order:
            raise SegmentsError(
                f"{folder}: order: {one.order} stands in {one.name}.yaml and {other.name}.yaml"
            )
    for segment in segments[:-1]:
        if not segment.rules:
            raise SegmentsError(
                f"{folder}: rules: {segment.name} takes everybody who is left, so its order has to "
                "be the last"
            )
    if segments[-1].rules:
        raise SegmentsError(
            f"{folder}: rules: nobody takes who is left; the segment of the last order, "
            f"{segments[-1].name}, has to have no rules"
        )
    return segments


def names(segments: Sequence[Segment]) -> list[str]:
    """Their names, in their order."""
    return [segment.name for segment in segments]
