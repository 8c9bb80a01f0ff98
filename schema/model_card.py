"""The model card: the description of an exported model, beside its SavedModel.

The Trainer writes it, and everybody else reads it through `ModelCard`.
"""

from __future__ import annotations

import os
from typing import Any, Final, Literal

import pydantic

from schema.side_tables import SideTable
from schema.splits import FITTED

#: Where the card lies in the directory of a SavedModel.
METADATA_PATH: Final = os.path.join("assets.extra", "segue.json")

# Beside the directory of a model to start from.
_START_FILE: Final = "start.json"

#: Of the cards that are written now. Cards from before there were versions have none.
SCHEMA_VERSION: Final = 1


class IndexCard(pydantic.BaseModel):
    """How a model's index was built, and what was measured of it."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    kind: str
    """As in `export.index.kind`; "brute_force" where an index was asked for and refused."""
    reason: str | None = None
    """Why it was refused."""
    partitions: int | None = None
    """How many there are."""
    probes: int | None = None
    """How many of them a query looks into."""
    shortlist: int | None = None
    """How many candidates are scored again exactly."""
    precision: str | None = None
    """Of the vectors that are searched."""
    queries: int | None = None
    """How many were asked to measure it."""
    recall: dict[int, float] = pydantic.Field(default_factory=dict)
    """The share of brute force's best tracks that it finds, by how many of the best."""
    ms_per_query: float | None = None
    """Milliseconds."""
    brute_force_ms_per_query: float | None = None
    """The same without an index."""
    refused: IndexCard | None = None
    """What was measured of an index that was refused."""

    @pydantic.model_validator(mode="before")
    @classmethod
    def _recall_by_depth(cls, values: Any) -> Any:
        """Measurements, and earlier cards, spell a recall as `recall@100`."""
        if not isinstance(values, dict) or "recall" in values:
            return values
        spelled = "recall@"
        found = {
            key.removeprefix(spelled): value
            for key, value in values.items()
            if key.startswith(spelled)
        }
        return {**values, "recall": found}


class VocabularyGrowth(pydantic.BaseModel):
    """How the vectors of a vocabulary came about in a training that started from a served model."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    kept: int
    """How many were the served model's, by name."""
    from_relatives: int = 0
    """New tracks that started at the mean of their artist's and album's known ones."""
    from_company: int = 0
    """New ones that started at the mean of what they are found together with in the new data."""
    from_mean: int = 0
    """New ones that started at the mean of all, with a little noise."""
    dropped: int = 0
    """Of the served model's, how many the new vocabulary lacks."""


class StartCard(pydantic.BaseModel):
    """What a training that was to start from the served model started from."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    start: Literal["served", "scratch"]
    """"scratch" where nothing was served, or where it could not be started from."""
    reason: str | None = None
    """Why it started from scratch."""
    version: str | None = None
    """Of the served model; null where nothing was served."""
    updates: int = 0
    """How many trainings followed the last one from scratch, this one included."""
    splits: list[dict[str, int | float]] = pydantic.Field(default_factory=list)
    """The split of every earlier training that the weights went through, each once."""
    growth: dict[str, VocabularyGrowth] = pydantic.Field(default_factory=dict)
    """By what the vocabulary holds."""
    data_end: pydantic.AwareDatetime | None = None
    """That of the served model that the weights come from; null where its card does not say."""
    undated_playlists: int | None = None
    """Those of it; null where its card does not say."""

    @classmethod
    def read_beside(cls, model: str) -> StartCard:
        """Reads what WarmStart has written beside a model's directory, which need not be there.

        Args:
            model: the directory, local or remote.

        Raises:
            ValueError: if there is none, or it is not valid.
        """
        import tensorflow as tf

        path = _beside(model)
        if not tf.io.gfile.exists(path):
            raise ValueError(f"{path} is missing: WarmStart writes it beside what to start from")
        with tf.io.gfile.GFile(path) as handle:
            return cls.model_validate_json(handle.read())

    def write_beside(self, model: str) -> None:
        """Writes it beside a model's directory, local or remote."""
        import tensorflow as tf

        path = _beside(model)
        tf.io.gfile.makedirs(os.path.dirname(path))
        with tf.io.gfile.GFile(path, "w") as handle:
            handle.write(self.model_dump_json(indent=1))


def _beside(model: str) -> str:
    return os.path.join(os.path.dirname(model.rstrip("/")), _START_FILE)


class ColdCard(pydantic.BaseModel):
    """Tracks that no playlist holds, recommended by how they sound, and how that was tried."""

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    tracks: int
    """How many there are."""
    learnt_from: int
    """How many tracks that playlists hold are in the table of audio embeddings."""
    pretenders: int
    """How many of these were treated as if no playlist held them."""
    pretenders_found: float
    """The share of withheld pretenders among the first 500, on playlists that were learnt from."""
    ndcg_without: float
    """Of other tracks there, with no pretender in the lists."""
    ndcg_with: float
    """The same with pretenders in the lists."""


class ModelCard(pydantic.BaseModel):
    """What is known of an exported model.

    A card of an earlier version lacks fields: these are None. Fields of a later one are ignored.

    Attributes:
        schema_version: of the card; None before there were versions.
        family: the model family.
        params: all of its hyperparameters, defaults included.
        tuned: those of them that a search has found, by name with dots.
        seed: of everything random in training.
        split: the split configuration, which decided what was fitted to and what held out: hash
            buckets of train, eval and test, and of train the share of stop, which early cards lack.
        vocabularies: sizes by what the vocabulary holds: tracks, artists, albums, title_ngrams.
        catalogue_size: N, how many tracks can be recommended.
        playlists: how many the Trainer was given, by split; it is fitted to train and stop. Cards
            from before there was stop have eval, on which training stopped.
        chosen: what the playlists of stop chose, by parameter's name with dots, such as epochs;
            then the model was fitted to train and stop with it.
        fit_seconds: how long training took.
        source_hash: of the code that trained it.
        versions: of Python and the packages that training depends on.
        commit: that the code was of, where its image names one.
        image: the container image that it was trained in; None where it was in none.
        index: how the index was built and what was measured; None without an index.
        start: what training started from; None where it was to start from scratch.
        side_tables: what it was trained with beside the playlists, by name; None where nothing.
        cold: tracks at the end of the catalogue that no playlist holds; None where it has none.
        data_end: nothing that it learnt from happened then or later, side tables and earlier
            trainings included, as far as records say when they were changed; None where none does.
        undated_playlists: how many it learnt from, in earlier trainings too, that do not say when
            they were changed; None where that is not known.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="ignore")

    schema_version: int | None = None
    family: str
    params: dict[str, Any] | None = None
    tuned: dict[str, Any] | None = None
    seed: int | None = None
    split: dict[str, int | float] | None = None
    vocabularies: dict[str, int] | None = None
    catalogue_size: pydantic.StrictInt | None = None
    playlists: dict[str, int] | None = None
    chosen: dict[str, int] | None = None
    fit_seconds: float | None = None
    source_hash: str | None = None
    versions: dict[str, str] | None = None
    commit: str | None = None
    image: str | None = None
    index: IndexCard | None = None
    start: StartCard | None = None
    side_tables: dict[str, SideTable] | None = None
    cold: ColdCard | None = None
    data_end: pydantic.AwareDatetime | None = None
    undated_playlists: int | None = None

    @pydantic.model_validator(mode="before")
    @classmethod
    def _from_before_versions(cls, values: Any) -> Any:
        """Cards without a version spelled two of the vocabularies' sizes at the top."""
        if not isinstance(values, dict) or "vocabularies" in values:
            return values
        sizes = {name: values[name] for name in ("artists", "title_ngrams") if name in values}
        return {**values, "vocabularies": sizes} if sizes else values

    @property
    def splits(self) -> list[dict[str, int | float] | None]:
        """The splits under which its weights were trained, its own first; None where unknown."""
        return [self.split, *(self.start.splits if self.start else ())]

    @property
    def train_playlists(self) -> int:
        """How many playlists the model was fitted to.

        Raises:
            ValueError: if the card does not say.
        """
        if self.playlists is None or "train" not in self.playlists:
            raise ValueError(f"The model card of {self.family} lacks playlists.train.")
        return sum(self.playlists.get(split, 0) for split in FITTED)

    @classmethod
    def read(cls, directory: str) -> ModelCard:
        """Reads the card of a SavedModel.

        Args:
            directory: of the SavedModel, local or remote.

        Raises:
            ValueError: if the directory holds no card, or one that is not valid.
        """
        import tensorflow as tf

        path = os.path.join(directory, METADATA_PATH)
        if not tf.io.gfile.exists(path):
            raise ValueError(f"{directory} is not a model exported by Segue: {path} is missing")
        with tf.io.gfile.GFile(path) as handle:
            return cls.model_validate_json(handle.read())

    def write(self, directory: str) -> None:
        """Writes the card into the directory of a SavedModel, local or remote.

        A number that is not finite is written as null.
        """
        import tensorflow as tf

        path = os.path.join(directory, METADATA_PATH)
        tf.io.gfile.makedirs(os.path.dirname(path))
        with tf.io.gfile.GFile(path, "w") as handle:
            handle.write(self.model_dump_json(indent=1))
