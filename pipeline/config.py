"""One typed, validated, frozen description of a run."""

from __future__ import annotations

import os
from typing import Any, Literal

import pydantic

from components.data_gate.options import ValidationOptions
from components.evaluator.options import EvaluatorOptions
from components.holdout.options import HoldoutOptions
from components.infra_check.options import InfraCheckOptions
from components.ingest.options import SPAN, IngestOptions
from components.register.options import RegistryOptions
from evaluation.gate_config import GateConfig
from models import families as model_families
from models.export import ExportOptions
from models.families import SearchSpace
from models.transform.options import TransformOptions
from models.tuning.options import TunerOptions
from pipeline.options.beam import BeamOptions
from pipeline.options.dataflow import DataflowOptions
from pipeline.options.events import EventsOptions
from pipeline.options.flink import FlinkOptions
from pipeline.options.gc import CollectionOptions
from pipeline.options.metadata import MetadataOptions
from pipeline.options.skew import SkewOptions
from pipeline.options.vertex import VertexOptions
from schema.layout import Layout
from schema.options import Options
from schema.registry import model_name
from schema.splits import SplitConfig
from serving.canary.options import CanaryOptions

_BETTER_THAN = ("popularity",)


class PipelineConfig(Options):
    """A run: where data comes from, what is trained, what decides, where results go."""

    data: str = pydantic.Field(
        description="directory, file, pattern or zip of MPD slices; {SPAN} in it stands for the "
        "number of a span"
    )
    span: int | None = pydantic.Field(
        None, ge=0, lt=10**9, description="which span of the data; null: the latest"
    )
    window: int | None = pydantic.Field(
        1,
        ge=1,
        lt=10**9,
        description="how many spans a run reads, up to `span`; of a playlist in several the last "
        "one has it; null: all",
    )
    deletions: str | None = pydantic.Field(
        None,
        min_length=1,
        description="file with the pids of playlists to leave out, one a line; null: none",
    )
    trending: str | None = pydantic.Field(
        None,
        min_length=1,
        description="folder of a side table that `segue events trending` wrote, which the families "
        "popularity and popularity_blend follow; null: they count playlists",
    )
    cold_audio: str | None = pydantic.Field(
        None,
        min_length=1,
        description="folder of a version of audio_embeddings that `segue features build` wrote, by "
        "which als and two_tower recommend tracks that no playlist holds; null: they do not",
    )
    out: str = pydantic.Field("out", description="directory for everything that the run writes")
    storage: str | None = pydantic.Field(
        None,
        pattern=r"^(gs://|s3://)[a-z0-9][a-z0-9._-]+(/[^\s*?\[\]{}]*)?$",
        description="gs://BUCKET/FOLDER or s3://BUCKET/FOLDER for artifacts and models, where "
        "workers or containers are on other machines; null: below `out`",
    )
    release_record: str | None = pydantic.Field(
        None,
        description="releases.json of the servers of what is pushed; null: the one in OUT/serving, "
        "where `segue release` keeps it by default",
    )
    name: str = pydantic.Field("segue", pattern=r"^[a-z][a-z0-9-]*$", description="pipeline's name")
    seed: int = pydantic.Field(17, ge=0, lt=2**32, description="of everything random")
    candidate: str = pydantic.Field("two_tower", description="model family to bless and push")
    baselines: tuple[str, ...] = pydantic.Field(
        model_families.baselines(),
        description="families to compare the candidate with, beside those that gate.better_than "
        "names; by default the classical ones, and for two_stage two_tower too",
    )
    models: dict[str, dict[str, Any]] = pydantic.Field(
        {}, description="parameters by model family; see `segue config` for each family's"
    )
    start_from: Literal["scratch", "served"] = pydantic.Field(
        "scratch",
        description="what the candidate's training starts from; served: the weights of the model "
        "that is served, where there is one that fits, for the family's fewer warm_... rounds",
    )
    export: ExportOptions = pydantic.Field(
        ExportOptions(), description="how the candidate is exported, such as with an index"
    )
    ingest: IngestOptions = IngestOptions()
    split: SplitConfig = SplitConfig()
    validation: ValidationOptions = ValidationOptions()
    holdout: HoldoutOptions = HoldoutOptions()
    transform: TransformOptions = TransformOptions()
    tuner: TunerOptions = TunerOptions()
    evaluator: EvaluatorOptions = EvaluatorOptions()
    gate: GateConfig = GateConfig()
    infra_check: InfraCheckOptions = InfraCheckOptions()
    canary: CanaryOptions = CanaryOptions()
    registry: RegistryOptions = RegistryOptions()
    metadata: MetadataOptions = MetadataOptions()
    gc: CollectionOptions = CollectionOptions()
    events: EventsOptions = EventsOptions()
    beam: BeamOptions = BeamOptions()
    dataflow: DataflowOptions | None = pydantic.Field(
        None, description="where Beam's steps run on Dataflow; null: nowhere"
    )
    flink: FlinkOptions | None = pydantic.Field(
        None, description="where Beam's steps run on a Flink cluster; null: nowhere"
    )
    vertex: VertexOptions = VertexOptions()
    skew: SkewOptions = SkewOptions()

    @pydantic.model_validator(mode="before")
    @classmethod
    def _candidate_is_no_baseline(cls, values: Any) -> Any:
        """Takes the candidate out of what it is compared with, where that is left to default."""
        if not isinstance(values, dict) or not isinstance(values.get("candidate", ""), str):
            return values
        candidate = values.get("candidate", "two_tower")
        # A name that is not a family is refused later, by its key.
        built_on = (
            model_families.family(candidate).built_on if candidate in model_families.names() else ()
        )
        others = (*built_on, *model_families.baselines())
        filled = {"baselines": [name for name in others if name != candidate], **values}
        gate = filled.get("gate", {})
        if isinstance(gate, dict) and "better_than" not in gate:
            better_than = [name for name in _BETTER_THAN if name != candidate]
            filled["gate"] = {**gate, "better_than": better_than}
        return filled

    @pydantic.model_validator(mode="after")
    def _families_exist(self) -> PipelineConfig:
        if self.candidate in self.baselines:
            raise ValueError(f"baselines: the candidate {self.candidate!r} cannot be one of them")
        if len(set(self.baselines)) != len(self.baselines):
            raise ValueError("baselines: a family is named twice")
        if self.candidate in self.gate.better_than:
            raise ValueError(
                f"gate.better_than: the candidate {self.candidate!r} cannot be better than itself"
            )
        for name in self.gate.better_than:
            if name not in model_families.names():
                raise ValueError(
                    f"gate.better_than: there is no model family {name!r}; "
                    f"choose from {', '.join(model_families.names())}"
                )
        if len(set(self.gate.better_than)) != len(self.gate.better_than):
            raise ValueError("gate.better_than: a family is named twice")
        for family in (*self.families, *self.models):
            self._params(family)
        if self.start_from == "served" and model_families.family(self.candidate).fit_from is None:
            able = [
                name
                for name in model_families.names()
                if model_families.family(name).fit_from is not None
            ]
            raise ValueError(
                f"start_from: {self.candidate!r} always starts from scratch; with served, the "
                f"candidate can be {', '.join(able)}"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _takes_cold_tracks(self) -> PipelineConfig:
        if self.cold_audio is None:
            return self
        if not model_families.family(self.candidate).takes_cold:
            every = map(model_families.family, model_families.names())
            able = [family.name for family in every if family.takes_cold]
            raise ValueError(
                f"cold_audio: {self.candidate!r} recommends no tracks that no playlist holds; with "
                f"it, the candidate can be {', '.join(able)}"
            )
        if self.start_from == "served":
            raise ValueError(
                "cold_audio: a model with tracks that no playlist holds cannot be started from; "
                "with it, start_from is scratch"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _window_has_spans(self) -> PipelineConfig:
        if self.window != 1 and SPAN not in self.data:
            raise ValueError(
                f"window: takes several spans, but data ({self.data}) has no {SPAN} in it"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _can_be_tuned(self) -> PipelineConfig:
        tuner, known = self.tuner, set()
        if len(set(tuner.families)) != len(tuner.families):
            raise ValueError("tuner.families: a family is named twice")
        for family in tuner.families or (self.candidate,):
            if family not in self.families:
                raise ValueError(
                    f"tuner.families: {family!r} is not trained; "
                    f"choose from {', '.join(self.families)}"
                )
            names = {dimension.name for dimension in self.search_space(family)}
            if not names - set(tuner.fixed) and (tuner.enabled or tuner.families):
                raise ValueError(
                    f"tuner: nothing of {family!r} is left to tune; name other tuner.families"
                    + (", or fewer parameters in tuner.fixed" if names else "")
                )
            known |= names
        for name in tuner.fixed:
            if name not in known:
                raise ValueError(
                    f"tuner.fixed: {name!r} is not tuned; choose from {', '.join(sorted(known))}"
                )
        return self

    @pydantic.model_validator(mode="after")
    def _workers_reach_it(self) -> PipelineConfig:
        on_dataflow = self.dataflow is not None and self.dataflow.chosen
        if on_dataflow and not (self.storage or "").startswith("gs://"):
            raise ValueError(
                "storage: Dataflow's workers are on other machines: set it to a gs://BUCKET/FOLDER "
                "that they and you can reach"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _registry_is_reached(self) -> PipelineConfig:
        if self.storage and self.registry.uri and "://" not in self.registry.uri:
            raise ValueError(
                "registry.uri: with storage, workers are on other machines and do not reach "
                f"{self.registry.uri}: name mlflow+http://HOST:PORT or mlflow+https://HOST"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _has_one_engine(self) -> PipelineConfig:
        if self.dataflow is None or self.flink is None:
            return self
        if both := [name for name in self.flink.chosen if name in self.dataflow.chosen]:
            raise ValueError(
                f"flink.components: {', '.join(both)} runs on Dataflow too, by `dataflow`; name it "
                "in the components of one of them"
            )
        return self

    @property
    def registered_model(self) -> str:
        """The registered model: one a segment whose listeners are held out, one for everybody."""
        return model_name(self.holdout.segment)

    def registry_uri(self, places: Layout) -> str:
        """The registry that a run asks, "" for none.

        Args:
            places: of the run.
        """
        uri = self.registry.uri or places.registry
        if "://" not in uri:
            return os.path.abspath(uri)
        return self.registry.uri

    @property
    def tuned(self) -> tuple[str, ...]:
        """The families to tune, none where there is no search."""
        if not self.tuner.enabled:
            return ()
        return self.tuner.families or (self.candidate,)

    def search_space(self, family: str) -> SearchSpace:
        """What tuning may change of a family beside what is configured."""
        return model_families.family(family).search_space(self._params(family))

    @property
    def families(self) -> tuple[str, ...]:
        """What is trained: the candidate and then what it is compared with."""
        return (self.candidate, *self.compared)

    @property
    def compared(self) -> tuple[str, ...]:
        """The baselines, and what the gate wants the candidate to be better than.

        However few baselines are configured, the gate keeps what it decides by.
        """
        return tuple(dict.fromkeys((*self.baselines, *self.gate.better_than)))

    def family_params(self, family: str) -> dict[str, Any]:
        """All parameters of a family, defaults filled in, as plain JSON values."""
        return self._params(family).model_dump(mode="json")

    def _params(self, family: str) -> pydantic.BaseModel:
        return model_families.family(family).params(self.models.get(family, {}))
