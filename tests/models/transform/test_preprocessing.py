import pathlib

import apache_beam as beam
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_transform.tf_metadata import schema_utils
from tfx_bsl.public import tfxio

from models.transform import preprocessing
from schema import features
from schema.curated import curated_schema
from schema.features import transformed_name


def ragged(rows: list[list]) -> tf.RaggedTensor:
    return tf.ragged.constant(rows, dtype=tf.string, row_splits_dtype=tf.int64)


def test_catalogue_lines_survive_tabs_and_newlines_in_names():
    inputs = {
        features.TRACK_URI: ragged([["t1", "t2"]]),
        features.TRACK_NAME: ragged([["a\tb", "c\nd"]]),
        features.ARTIST_URI: ragged([["k", "k"]]),
        features.ARTIST_NAME: ragged([[]]),
        features.ALBUM_URI: ragged([[]]),
        features.ALBUM_NAME: ragged([[]]),
    }
    lines = preprocessing._catalogue_lines(inputs)
    assert lines.to_list() == [[b"t1\ta b\t\tk\t", b"t2\tc d\t\tk\t"]]


def example(**values: list) -> bytes:
    result = tf.train.Example()
    for name, listed in values.items():
        feature = result.features.feature[name]
        if isinstance(listed[0], float):
            feature.float_list.value[:] = listed
        elif isinstance(listed[0], int):
            feature.int64_list.value[:] = listed
        else:
            feature.bytes_list.value[:] = [text.encode() for text in listed]
    return result.SerializeToString()


TRAIN = [
    example(pid=["1"], name=["Pop!"], track_uri=["a", "b"], artist_name=["X", "X"], num_edits=[1]),
    example(
        pid=["2"],
        name=["pop"],
        track_uri=["a"],
        artist_name=["X"],
        collaborative=["true"],
        num_followers=[12],
        modified_at=[1_500_000_000],
    ),
    example(pid=["3"], track_uri=["a", "c", "b"], artist_name=["X", "Y", "X"], num_edits=[3]),
]
OTHERS = [
    example(pid=["4"], name=["pop"]),
    example(
        pid=["5"], track_uri=["zzz", "b"], artist_name=["Z", "X"], listener_features=[0.25] * 8
    ),
]


@pytest.fixture(scope="module")
def transformed(tmp_path_factory, root: pathlib.Path):
    """Runs Transform's own analysis over TRAIN and applies it to it and to OTHERS."""
    folder = tmp_path_factory.mktemp("transform")
    schema = text_format.Parse(curated_schema(), schema_pb2.Schema())
    source = tfxio.TFExampleRecord  # the reader that the Transform component uses
    path = str(folder / "train.tfrecord")
    with tf.io.TFRecordWriter(path) as writer:
        for record in TRAIN:
            writer.write(record)
    reader = source(path, schema=schema)
    counts = {"tracks": 1, "artists": 1, "albums": 1, "title_ngrams": 2}

    def function(inputs):
        return preprocessing.preprocessing_fn(inputs, {"min_counts": counts})

    with beam.Pipeline() as pipeline, tft_beam.Context(temp_dir=str(folder / "tmp")):
        data = (pipeline | reader.BeamSource(), reader.TensorAdapterConfig())
        transform = data | tft_beam.AnalyzeDataset(function)
        _ = transform | tft_beam.WriteTransformFn(str(folder / "out"))
    output = tft.TFTransformOutput(str(folder / "out"))
    layer = output.transform_features_layer()

    def apply(records: list[bytes]) -> dict:
        spec = schema_utils.schema_as_feature_spec(schema).feature_spec
        return layer(tf.io.parse_example(records, spec))

    return output, apply(TRAIN), apply(OTHERS)


def test_vocabularies_hold_the_most_frequent_first(transformed):
    output, train, _ = transformed
    # a occurs three times, b twice, c once.
    assert output.vocabulary_by_name(features.TRACK_VOCABULARY) == [b"a", b"b", b"c"]
    assert output.vocabulary_by_name(features.ARTIST_VOCABULARY) == [b"X", b"Y"]
    assert train[transformed_name(features.TRACK_URI)].to_list() == [[0, 1], [0], [0, 2, 1]]


def test_titles_become_the_same_ngrams_whatever_their_punctuation(transformed):
    output, train, _ = transformed
    first, second, none = train[transformed_name(features.TITLE_NGRAMS)].to_list()
    # " pop " has four 2-grams, three 3-grams, two 4-grams and one 5-gram, each in two titles.
    assert sorted(first) == sorted(second) == list(range(10))
    assert none == []
    assert b" po" in output.vocabulary_by_name(features.TITLE_VOCABULARY)


def test_titles_are_told_as_models_read_them(transformed):
    _, train, others = transformed
    assert train[transformed_name(features.NAME)].numpy().tolist() == [b"pop", b"pop", b""]
    assert others[transformed_name(features.NAME)].numpy().tolist() == [b"pop", b""]


def test_what_no_vocabulary_holds_has_no_id(transformed):
    _, _, others = transformed
    assert others[transformed_name(features.TRACK_URI)].to_list() == [[], [-1, 1]]


def test_followers_are_told_as_they_are(transformed):
    _, train, others = transformed
    assert train[transformed_name(features.FOLLOWERS)].numpy().tolist() == [0, 12, 0]
    assert others[transformed_name(features.FOLLOWERS)].numpy().tolist() == [0, 0]


def test_times_of_the_last_change_are_told_as_they_are(transformed):
    _, train, others = transformed
    assert train[transformed_name(features.MODIFIED_AT)].numpy().tolist() == [0, 1_500_000_000, 0]
    assert others[transformed_name(features.MODIFIED_AT)].numpy().tolist() == [0, 0]


def test_features_of_listeners_are_told_as_they_are(transformed):
    _, train, others = transformed
    assert train[transformed_name(features.LISTENER_FEATURES)].to_list() == [[], [], []]
    assert others[transformed_name(features.LISTENER_FEATURES)].to_list() == [[], [0.25] * 8]


def test_the_catalogue_names_each_track(transformed):
    output, _, _ = transformed
    lines = output.vocabulary_by_name(features.CATALOGUE_VOCABULARY)
    assert lines == [b"a\t\tX\tX\t", b"b\t\tX\tX\t", b"c\t\tY\tY\t"]
