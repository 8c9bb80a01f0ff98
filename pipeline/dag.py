"""The whole DAG, readable from top to bottom."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hashlib
import os
from collections.abc import Callable
from typing import Final

from ml_metadata.proto import metadata_store_pb2
from tensorflow_data_validation import StatsOptions

# Not tfx.v1: it imports every extension of TFX, which takes seconds.
from tfx import components as tfx
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import trainer_pb2
from tfx.types.channel import BaseChannel
from tfx.utils import io_utils

from components.data_gate.component import DataGate
from components.evaluator.component import Evaluator
from components.evaluator.config import eval_config
from components.example_gen.component import ImportExampleGen
from components.holdout.component import Holdout
from components.infra_check.component import InfraCheck
from components.ingest.component import Ingest
from components.ingest.parameters import window_as_text
from components.pusher.component import Pusher
from components.register.component import Register
from components.report.component import Report
from components.served_model.component import ServedModel
from components.side_table.component import SideTable
from components.significance.component import Significance
from components.span_statistics.component import SpanStatistics
from components.trainer.component import SideTableTrainer
from components.transform.analysis import PLACE as ANALYSIS
from components.transform.component import Transform
from components.warm_start.component import WarmStart
from models import families as model_families
from models.export import ExportOptions
from models.tuning.options import SearchOptions
from pipeline import __version__, beam_args, source_hash
from pipeline.config import PipelineConfig
from schema.curated import SCHEMA_FILE, curated_schema_path
from schema.layout import Layout
from schema.splits import DECIDING, STOP, TRAIN

# As TFDV sketches distinct values.
_SKETCHED: Final = 16_384


@dataclasses.dataclass(frozen=True)
class Paths:
    """Where a run reads and writes; each may be local or remote."""

    tfrecords: str
    pipeline_root: str
    serving: str
    release_record: str
    registry: str
    unregistered: str
    schemas: str
    schema_file: str
    passed: str
    analysis: str
    checkpoints: str
    report: str

    @classmethod
    def under(cls, config: PipelineConfig) -> Paths:
        """The layout of contract C2 under the configured storage or output directory."""
        # TFX remembers artifacts by path: it must mean the same from any working directory.
        places = Layout.under(config.storage or _absolute(config.out))
        return cls(
            tfrecords=places.tfrecords,
            pipeline_root=places.pipeline_root,
            serving=places.serving,
            release_record=_absolute(config.release_record or places.releases),
            registry=config.registry_uri(places),
            unregistered=places.unregistered,
            schemas=places.schemas,
            schema_file=config.validation.schema_file
            or curated_schema_path(listeners=config.holdout.of == "listeners"),
            passed=places.passed,
            analysis=places.analysis,
            checkpoints=places.checkpoints,
            report=places.report,
        )

    def with_schema_pinned(self) -> Paths:
        """Copies the schema to a place named after its content."""
        content = io_utils.read_string_file(self.schema_file)
        pinned = self.with_schema_at(content)
        io_utils.write_string_file(pinned.schema_file, content)
        return pinned

    def with_schema_at(self, content: str) -> Paths:
        """Names the place of a schema after its content.

        TFX's cache knows an imported schema by its path alone: an edited one would go unseen.

        Args:
            content: of the schema.
        """
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        pinned = os.path.join(self.schemas, digest, SCHEMA_FILE)
        return dataclasses.replace(self, schema_file=pinned)


def create_pipeline(
    config: PipelineConfig,
    paths: Paths,
    metadata_connection_config: metadata_store_pb2.ConnectionConfig | None = None,  # type: ignore[name-defined]
    *,
    started: datetime.datetime | None = None,
    run_name: str | None = None,
    seconds_file: str | None = None,
    more_pushers: Callable[[BaseComponent], list[BaseComponent]] | None = None,
) -> Pipeline:
    """Builds the DAG: raw slices to a blessed and pushed model, and the report.

    Args:
        config: what to run.
        paths: where to read and write.
        metadata_connection_config: the metadata store; None where the orchestrator brings one.
        started: when the run began; now by default. No two runs may give the same: it keeps
            TFX's cache from answering for what is looked up.
        run_name: names the run in the names of its Beam jobs; when it began by default.
        seconds_file: where the runner keeps what each node took; None where it does not.
        more_pushers: makes what pushes a blessed model elsewhere, from what pushes it to storage.

    Returns:
        A pipeline that any TFX runner takes.
    """
    began = started or datetime.datetime.now().astimezone()
    registry = config.registry.model_copy(update={"uri": paths.registry}).model_dump_json()
    # User code is no part of TFX's cache keys, so each component gets the hash of what it runs.
    ingest, example_gen = raw_to_examples(config, paths)
    examples = example_gen.outputs["examples"]

    statistics_gen = tfx.StatisticsGen(
        examples=examples,
        # Exact ones make a Beam element of every value. Sketches are exact up to so many different
        # values; of more, a count is too low by N / 16,384 of the N values at most. TFDV sizes the
        # sketch of frequent values by the histogram that it goes into.
        stats_options=StatsOptions(
            use_sketch_based_topk_uniques=True, num_rank_histogram_buckets=_SKETCHED
        ),
    )
    statistics = statistics_gen.outputs["statistics"]
    inferred_schema = tfx.SchemaGen(statistics=statistics)
    curated_schema = ImportSchemaGen(schema_file=paths.schema_file)
    schema = curated_schema.outputs["schema"]
    example_validator = tfx.ExampleValidator(statistics=statistics, schema=schema)
    # Of a run that reads one span, the data that passed before is what it is compared with.
    span_statistics = None
    if config.window != 1:
        span_statistics = SpanStatistics(
            records=ingest.outputs["records"],
            schema=schema,
            place=os.path.join(paths.analysis, "statistics"),
            source_hash=source_hash.of("components.span_statistics.executor"),
        )
    data_gate = DataGate(
        records=ingest.outputs["records"],
        examples=examples,
        statistics=statistics,
        schema=schema,
        anomalies=example_validator.outputs["anomalies"],
        spans=span_statistics.outputs["statistics"] if span_statistics else None,
        options=config.validation.model_dump_json(),
        reference=paths.passed,
        started=began.isoformat(),
    )

    holdout = Holdout(
        examples=examples,
        options=config.holdout.model_dump_json(),
        seed=config.seed,
        source_hash=source_hash.of("components.holdout.executor"),
    )
    holdout.add_upstream_node(data_gate)
    held_out = holdout.outputs["held_out"]

    transform = Transform(
        examples=holdout.outputs["training"],
        schema=schema,
        preprocessing_fn="models.transform.preprocessing.preprocessing_fn",
        custom_config={
            "min_counts": config.transform.min_counts(),
            # Of a span that no other run reads again nothing is kept: to write it takes a while.
            ANALYSIS: os.path.join(paths.analysis, "transform") if config.window != 1 else "",
            "source_hash": source_hash.of(
                "components.transform.executor", "models.transform.preprocessing"
            ),
        },
    )

    tuners = {
        family: _tuner(
            config,
            family,
            transform,
            schema,
            checkpoints=paths.checkpoints,
        )
        for family in config.tuned
    }
    # ServedModel looks later, and says how the candidate compares with what it finds.
    warm_start = None
    if config.start_from == "served":
        warm_start = WarmStart(
            destination=paths.serving,
            release_record=paths.release_record,
            registry=registry,
            registered_model=config.registered_model,
            split=config.split.model_dump_json(),
            source_hash=source_hash.of("components.warm_start.executor"),
        )
        warm_start.add_upstream_node(data_gate)
    trending = _side_table(config.trending) if config.trending is not None else None
    audio = _side_table(config.cold_audio, "audio") if config.cold_audio is not None else None
    trainers = {
        family: _trainer(
            config,
            family,
            transform,
            schema,
            tuners.get(family),
            base_model=(
                warm_start.outputs["model"] if warm_start and family == config.candidate else None
            ),
            side_table=_read_by(model_families.family(family), trending, audio),
            checkpoints=paths.checkpoints,
        )
        for family in config.families
    }
    candidate = trainers[config.candidate].outputs["model"]

    served = ServedModel(
        candidate=candidate,
        examples=held_out,
        destination=paths.serving,
        release_record=paths.release_record,
        registry=registry,
        registered_model=config.registered_model,
        split=config.split.model_dump_json(),
        source_hash=source_hash.of("components.served_model.executor"),
    )
    evaluator = Evaluator(
        examples=held_out,
        example_splits=[DECIDING],
        model=candidate,
        baseline_model=served.outputs["model"],
        eval_config=eval_config(
            config.evaluator,
            source_hash.of("components.evaluator.metrics", "components.evaluator.executor"),
        ),
    )
    infra_check = InfraCheck(
        model=candidate,
        examples=held_out,
        options=config.infra_check.model_dump_json(),
        seed=config.seed,
        source_hash=source_hash.of("components.infra_check.executor"),
    )
    significance = Significance(
        examples=held_out,
        candidate=candidate,
        baselines={family: trainers[family].outputs["model"] for family in config.compared},
        served=served.outputs["model"],
        evaluation=evaluator.outputs["evaluation"],
        evaluator_blessing=evaluator.outputs["blessing"],
        infra_blessing=infra_check.outputs["blessing"],
        candidate_name=config.candidate,
        options=config.gate.model_dump_json(),
        seed=config.seed,
        source_hash=source_hash.of("components.significance.executor"),
    )
    pusher = Pusher(
        model=candidate,
        model_blessing=significance.outputs["blessing"],
        infra_blessing=infra_check.outputs["blessing"],
        destination=paths.serving,
        release_record=paths.release_record,
        started=began.isoformat(),
    )

    report = Report(
        ingested=ingest.outputs["summary"],
        statistics=statistics,
        anomalies=example_validator.outputs["anomalies"],
        comparison=data_gate.outputs["comparison"],
        held_out=held_out,
        transform_graph=transform.outputs["transform_graph"],
        transformed=transform.outputs["transformed_examples"],
        evaluation=evaluator.outputs["evaluation"],
        served=served.outputs["model"],
        metrics=significance.outputs["metrics"],
        pushed_model=pusher.outputs["pushed_model"],
        models={family: trainer.outputs["model"] for family, trainer in trainers.items()},
        model_runs={family: trainer.outputs["model_run"] for family, trainer in trainers.items()},
        tuner_results={family: tuner.outputs["tuner_results"] for family, tuner in tuners.items()},
        data=config.data,
        span=_span(config),
        gate=config.gate.model_dump_json(),
        config=config.model_dump_json(),
        version=__version__,
        started=began.isoformat(timespec="seconds"),
        destination=paths.report,
        seconds_file=seconds_file,
    )

    register = Register(
        pushed_model=pusher.outputs["pushed_model"],
        report=report.outputs["report"],
        records=ingest.outputs["records"],
        ingested=ingest.outputs["summary"],
        registry=registry,
        registered_model=config.registered_model,
        waiting=paths.unregistered,
        segment=config.holdout.segment or "",
        started=began.isoformat(),
    )

    components: list[BaseComponent] = [
        ingest,
        example_gen,
        statistics_gen,
        inferred_schema,
        curated_schema,
        example_validator,
        *([span_statistics] if span_statistics else []),
        data_gate,
        holdout,
        transform,
        *tuners.values(),
        *([warm_start] if warm_start else []),
        *(node for node in (trending, audio) if node is not None),
        *trainers.values(),
        served,
        evaluator,
        infra_check,
        significance,
        pusher,
        *(more_pushers(pusher) if more_pushers else ()),
        report,
        register,
    ]
    run = run_name or f"{began:%Y%m%d-%H%M%S}"
    for component in components:
        if isinstance(component, BaseBeamComponent):
            component.with_beam_pipeline_args(beam_args.of(component.id, config, run))
    return Pipeline(
        pipeline_name=config.name,
        pipeline_root=paths.pipeline_root,
        components=components,
        enable_cache=True,
        metadata_connection_config=metadata_connection_config,
    )


def raw_to_examples(config: PipelineConfig, paths: Paths) -> tuple[Ingest, ImportExampleGen]:
    """Builds the nodes before which there is no artifact: raw slices to Examples by split."""
    ingest = Ingest(
        input=config.data,
        span=_span(config),
        window=window_as_text(config.window),
        deletions=config.deletions or "",
        output=paths.tfrecords,
        options=config.ingest.model_dump_json(),
        split=config.split.model_dump_json(),
        source_hash=source_hash.of(source_hash.INGEST),
    )
    example_gen = ImportExampleGen(
        input_base=paths.tfrecords,
        source_hash=source_hash.of("components.example_gen.executor"),
    )
    example_gen.add_upstream_node(ingest)
    return ingest, example_gen


def _span(config: PipelineConfig) -> str:
    return "latest" if config.span is None else str(config.span)


def _absolute(path: str) -> str:
    return path if "://" in path else os.path.abspath(path)


def _modules(family: str) -> str:
    """Names a family's code: Trainer and Tuner find it by name, not by an import."""
    return f"{model_families.package(family)}.*"


def _tuner(
    config: PipelineConfig,
    family: str,
    transform: Transform,
    schema: BaseChannel,
    *,
    checkpoints: str,
) -> tfx.Tuner:
    settings = config.tuner.model_dump(mode="json", include=set(SearchOptions.model_fields))
    names = {dimension.name for dimension in config.search_space(family)}
    return tfx.Tuner(
        tuner_fn="models.tuning.tuner.tuner_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        train_args=trainer_pb2.TrainArgs(splits=[TRAIN]),
        # TFX wants a split here; trials are scored on a part of train.
        eval_args=trainer_pb2.EvalArgs(splits=[TRAIN]),
        custom_config={
            **settings,
            "family": family,
            "params": config.family_params(family),
            "fixed": [name for name in config.tuner.fixed if name in names],
            "seed": config.seed,
            "checkpoints": checkpoints,
            "source_hash": source_hash.of("models.tuning.tuner", _modules(family)),
        },
    ).with_id(f"Tuner.{family}")


def _side_table(folder: str, name: str = "") -> SideTable:
    node = SideTable(
        folder=_absolute(folder), source_hash=source_hash.of("components.side_table.executor")
    )
    return node.with_id(f"SideTable.{name}") if name else node


def _read_by(
    family: model_families.Family, trending: SideTable | None, audio: SideTable | None
) -> BaseChannel | None:
    """The side table that a family's Trainer is given."""
    if trending is not None and family.reads_trend:
        return trending.outputs["table"]
    if audio is not None and family.takes_cold:
        return audio.outputs["table"]
    return None


def _trainer(
    config: PipelineConfig,
    family: str,
    transform: Transform,
    schema: BaseChannel,
    tuner: tfx.Tuner | None = None,
    *,
    base_model: BaseChannel | None,
    side_table: BaseChannel | None,
    checkpoints: str,
) -> tfx.Trainer:
    kind: Callable[..., tfx.Trainer] = tfx.Trainer
    if side_table is not None:
        kind = functools.partial(SideTableTrainer, side_table=side_table)
    return kind(
        run_fn="models.trainer.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        hyperparameters=tuner.outputs["best_hyperparameters"] if tuner else None,
        base_model=base_model,
        train_args=trainer_pb2.TrainArgs(splits=[TRAIN]),
        eval_args=trainer_pb2.EvalArgs(splits=[STOP]),
        custom_config={
            "family": family,
            "params": config.family_params(family),
            # Baselines are exact: an index would make them worse than they are.
            "export": (config.export if family == config.candidate else ExportOptions()).model_dump(
                mode="json"
            ),
            "seed": config.seed,
            "split": config.split.model_dump(mode="json"),
            "checkpoints": checkpoints,
            "source_hash": source_hash.of("models.trainer", _modules(family)),
        },
    ).with_id(f"Trainer.{family}")
