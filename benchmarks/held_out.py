"""Playlists to compare recipes on: most to train on, the others with tracks withheld.

The real sample where it is there, else the built-in one, through the pipeline's own ingest,
holding out and Transform, without its other components. The result is kept for the next
benchmark. The challenge's validation set is not looked at.
"""

from __future__ import annotations

import dataclasses
import glob
import hashlib
import pathlib
import shutil
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import tensorflow as tf
import yaml

from benchmarks import harness
from models.contract import Query, Scorer, TrainingData
from models.data import Vocabularies

if TYPE_CHECKING:
    from models.transform.options import TransformOptions

#: What the figures of `score` are by.
METRICS: Final = ("ndcg", "r_precision")

REAL: Final = "mpd-sample"
SYNTHETIC: Final = "synthetic"

_FOLDER: Final = harness.ROOT / "out-held-out"
_PROFILE: Final = harness.ROOT / "configs" / "mpd-sample.yaml"
_SYNTHETIC_PLAYLISTS: Final = 2000
# Of 100 buckets of pids, how many are held out: 446 of the 5,571 playlists are expected.
_HELD_OUT: Final = 8
_SEED: Final = 17


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """Data to fit recipes to, and playlists to score them on.

    Attributes:
        name: REAL or SYNTHETIC.
        data: train; `evaluation` is empty, so that nothing is chosen by what is scored.
        vocabularies: behind its ids.
        examples: serialised held-out playlists, as the Holdout component writes them.
        scenarios: str [P], of the examples.
    """

    name: str
    data: TrainingData
    vocabularies: Vocabularies
    examples: list[bytes]
    scenarios: np.ndarray


def default_name() -> str:
    """The real sample where it is there."""
    return REAL if harness.REAL_DATA.exists() else SYNTHETIC


def profile(*keys: str) -> dict[str, Any]:
    """What the profile for the real sample sets, such as of "models" and there of "als"."""
    values = yaml.safe_load(_PROFILE.read_text(encoding="utf-8"))
    for key in keys:
        values = (values or {}).get(key)
    return values or {}


def load(name: str) -> HeldOut:
    """Prepares the playlists, or takes what an earlier benchmark has prepared.

    Args:
        name: REAL or SYNTHETIC.
    """
    import tensorflow_transform as tft

    from models.data import load_training_data
    from models.transform.options import TransformOptions
    from pipeline import source_hash
    from schema import features

    settings = TransformOptions(**profile("transform"))
    digest = hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:8]
    folder = _FOLDER / f"{name}-{source_hash.of(__name__)}-{digest}"
    if not folder.exists():
        _prepare(name, folder, settings)
    data, vocabularies = load_training_data(
        [str(folder / "train-*")], [], tft.TFTransformOutput(str(folder / "graph"))
    )
    examples = list(
        tf.data.TFRecordDataset(
            str(folder / "held-out.gz"), compression_type="GZIP"
        ).as_numpy_iterator()
    )
    scenarios = [
        tf.train.Example.FromString(example).features.feature[features.SCENARIO].bytes_list.value[0]
        for example in examples
    ]
    return HeldOut(
        name, data, vocabularies, examples, np.array([text.decode() for text in scenarios], object)
    )


def is_held_out(pid: bytes) -> bool:
    """Whether a playlist is held out, by a hash of its pid."""
    digest = hashlib.blake2b(pid, digest_size=8, person=b"benchmark").digest()
    return int.from_bytes(digest, "big") % 100 < _HELD_OUT


def score(scorer: Scorer, held_out: HeldOut, rows_per_step: int = 32) -> dict[str, np.ndarray]:
    """Continues the held-out playlists through what serving runs, without exporting it.

    Args:
        scorer: fitted to `held_out.data`, or to a part of it.
        held_out: the playlists.
        rows_per_step: playlists that are scored at once.

    Returns:
        float64 [P] by metric.
    """
    from models.export.queries import QueryBuilder
    from models.export.recommender import Recommender

    serialized = tf.constant(held_out.examples)
    catalogue = held_out.data.catalogue
    with tempfile.TemporaryDirectory() as assets:
        queries = QueryBuilder(held_out.vocabularies, catalogue.artist_ids, assets)
        recommender = Recommender(scorer, catalogue, queries, rows_per_step)
        recommended = recommender.serving_examples(serialized)["track_uris"].numpy()
    return values(recommended, held_out.examples)


def values(recommended: np.ndarray, examples: Sequence[bytes]) -> dict[str, np.ndarray]:
    """Scores recommendations for held-out playlists.

    Args:
        recommended: URIs [P, K], best first.
        examples: serialised held-out playlists, P of them.

    Returns:
        float64 [P] by metric.
    """
    from evaluation.metrics import Recommendations
    from evaluation.metrics.registry import evaluate
    from schema import features

    withheld = tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64)
    parsed = tf.io.parse_example(tf.constant(examples), {features.HOLDOUT_TRACK_URI: withheld})
    relevant = parsed[features.HOLDOUT_TRACK_URI]
    batch = Recommendations.from_ids(
        recommended, (relevant.flat_values.numpy(), relevant.row_splits.numpy())
    )
    return evaluate(batch, METRICS)


def shown(held_out: HeldOut) -> tuple[tf.Tensor, tf.Tensor]:
    """What the held-out playlists show: titles string [P], tracks string [P, S] padded with ""."""
    from schema import features

    ragged = tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64)
    parsed = tf.io.parse_example(
        tf.constant(held_out.examples), {features.NAME: ragged, features.TRACK_URI: ragged}
    )
    names = parsed[features.NAME].to_tensor(default_value="", shape=[None, 1])[:, 0]
    return names, parsed[features.TRACK_URI].to_tensor(default_value="")


def queries(held_out: HeldOut) -> Query:
    """The held-out playlists as queries, in the same order."""
    from models.export.queries import QueryBuilder

    names, tracks = shown(held_out)
    with tempfile.TemporaryDirectory() as assets:
        builder = QueryBuilder(held_out.vocabularies, held_out.data.catalogue.artist_ids, assets)
        return builder.build(names, tf.RaggedTensor.from_tensor(tracks, padding=b""))


def _prepare(name: str, folder: pathlib.Path, settings: TransformOptions) -> None:
    from components.ingest.job import ingest
    from components.ingest.names import playlists_pattern

    _FOLDER.mkdir(exist_ok=True)
    for outdated in _FOLDER.glob(f"{name}-*"):
        shutil.rmtree(outdated)
    with tempfile.TemporaryDirectory(dir=_FOLDER) as scratch:
        root = pathlib.Path(scratch)
        slices = harness.REAL_DATA / "train"
        if name == SYNTHETIC:
            from sample.generator import write_slices

            slices = root / "slices"
            write_slices(str(slices), _SYNTHETIC_PLAYLISTS, 7)
        ingest(str(slices), str(root / "tfrecords"))
        made = root / "made"
        made.mkdir()
        _split(sorted(glob.glob(f"{root}/tfrecords/{playlists_pattern('*')}")), root, made)
        _transform(root, made, settings.min_counts())
        shutil.move(made, folder)


def _split(files: list[str], root: pathlib.Path, made: pathlib.Path) -> None:
    from components.holdout.examples import hold_out
    from schema import features

    options = tf.io.TFRecordOptions("GZIP")
    records = tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator()
    with (
        tf.io.TFRecordWriter(str(root / "train.gz"), options) as train,
        tf.io.TFRecordWriter(str(made / "held-out.gz"), options) as held_out,
    ):
        for record in records:
            example = tf.train.Example.FromString(record)
            if not is_held_out(example.features.feature[features.PID].bytes_list.value[0]):
                train.write(record)
            elif (shown := hold_out(example, _SEED)) is not None:
                held_out.write(shown.SerializeToString(deterministic=True))


def _transform(root: pathlib.Path, made: pathlib.Path, min_counts: dict[str, int]) -> None:
    import apache_beam as beam
    import tensorflow_transform.beam as tft_beam
    from apache_beam.options.pipeline_options import PipelineOptions
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2
    from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder
    from tfx_bsl.public import tfxio

    from models.transform.preprocessing import preprocessing_fn
    from pipeline.config import BeamOptions
    from schema.curated import curated_schema

    schema = text_format.Parse(curated_schema(), schema_pb2.Schema())
    reader = tfxio.TFExampleRecord(str(root / "train.gz"), schema=schema)
    options = PipelineOptions(list(BeamOptions().pipeline_args))
    with (
        beam.Pipeline(options=options) as pipeline,
        tft_beam.Context(temp_dir=str(root / "temporary")),
    ):
        source = pipeline | reader.BeamSource(), reader.TensorAdapterConfig()
        analyzer = tft_beam.AnalyzeAndTransformDataset(
            lambda inputs: preprocessing_fn(inputs, {"min_counts": min_counts}),
            output_record_batches=True,
        )
        (batches, metadata), transform = source | analyzer
        _ = transform | tft_beam.WriteTransformFn(str(made / "graph"))
        encoder = RecordBatchToExamplesEncoder(metadata.schema)
        _ = (
            batches
            | "Encode" >> beam.FlatMap(lambda batch: encoder.encode(batch[0]))
            | "Write"
            >> beam.io.WriteToTFRecord(str(made / "train"), file_name_suffix=".gz", num_shards=1)
        )


def title_only(scenarios: np.ndarray) -> np.ndarray:
    """Which playlists show a title alone: bool [P]."""
    from evaluation.scenarios import TITLE_ONLY

    return scenarios == TITLE_ONLY.name
