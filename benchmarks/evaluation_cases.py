"""Models to evaluate and playlists to evaluate them on: ALS alone, real or made up."""

from __future__ import annotations

import dataclasses
import glob
import itertools
import pathlib
import tempfile
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import tensorflow as tf

from benchmarks import big_catalogue, harness, held_out
from components.holdout import examples
from models import families
from models.contract import Scorer, TrainingData
from models.data import Vocabularies
from models.export import saved_model
from schema import features
from schema.model_card import ModelCard

#: The case of real playlists; others are named by the size of a made-up catalogue.
REAL: Final = held_out.REAL

_MADE_UP_PLAYLISTS: Final = 5000
_SEED: Final = 6


@dataclasses.dataclass(frozen=True)
class Case:
    """What is evaluated.

    Attributes:
        model: directory of the exported model.
        tracks: N, the catalogue's size.
        factors: d, of a vector.
        playlists: whole ones, of which tracks can be withheld.
        counts: how many playlists of train hold each track, by URI.
    """

    model: str
    tracks: int
    factors: int
    playlists: list[tf.train.Example]
    counts: dict[bytes, int]

    def hold_out(self, folder: pathlib.Path, count: int) -> None:
        """Writes held-out playlists as the Holdout component does, each with a pid of its own.

        Where more are asked for than there are, other tracks of the same ones are withheld.

        Args:
            folder: to write to.
            count: how many.
        """
        folder.mkdir(parents=True)
        held = (
            found
            for seed in itertools.count(1)
            for playlist in self.playlists
            if (found := examples.hold_out(playlist, seed)) is not None
        )
        with tf.io.TFRecordWriter(str(folder / "data_tfrecord-0.gz"), "GZIP") as writer:
            for number, example in enumerate(itertools.islice(held, count)):
                example.features.feature[features.PID].bytes_list.value[:] = [b"%d" % number]
                counted = examples.add_train_counts(example, self.counts)
                writer.write(counted.SerializeToString())


def make(name: str, root: pathlib.Path) -> Case:
    """Fits ALS to real playlists, or takes random vectors for a made-up catalogue, and exports it.

    Args:
        name: REAL or a number of tracks.
        root: a directory to write to.
    """
    family = families.family("als")
    if name == REAL:
        held = held_out.load(REAL)
        data, vocabularies = held.data, held.vocabularies
        params = family.params(held_out.profile("models", "als"))
        scorer = family.fit(data, params, _SEED, str(root)).scorer
        playlists = list(_ingested(harness.REAL_DATA / "train"))
    else:
        data, vocabularies = _made_up(int(name))
        params = family.params({})
        scorer = _random(data, params)
        playlists = list(_whole(data))
    model = root / "model" / "Format-Serving"
    tracks = len(data.catalogue)
    card = ModelCard(
        family="als",
        catalogue_size=tracks,
        params=params.model_dump(mode="json"),
        playlists={"train": len(data.train)},
    )
    saved_model.export(scorer, data.catalogue, vocabularies, str(model), card)
    counts = dict(zip(data.catalogue.track_uris, data.catalogue.counts.tolist(), strict=True))
    return Case(str(model), tracks, params.model_dump()["factors"], playlists, counts)


def _ingested(slices: pathlib.Path) -> Iterator[tf.train.Example]:
    from components.ingest.job import ingest
    from components.ingest.names import playlists_pattern

    with tempfile.TemporaryDirectory() as folder:
        ingest(str(slices), folder)
        files = sorted(glob.glob(f"{folder}/{playlists_pattern('*')}"))
        for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
            yield tf.train.Example.FromString(record)


def _made_up(tracks: int) -> tuple[TrainingData, Vocabularies]:
    """Playlists by Zipf's law over tracks that have names."""
    artists = tracks // 8
    data = big_catalogue.training_data(
        tracks=tracks,
        artists=artists,
        albums=tracks // 3,
        ngrams=1000,
        playlists=_MADE_UP_PLAYLISTS,
        seed=_SEED,
    )
    uris = _names("spotify:track:%022d", range(tracks))
    catalogue = dataclasses.replace(
        data.catalogue,
        track_uris=uris,
        track_names=_names("Track %d", range(tracks)),
        artist_names=_names("Artist %d", data.catalogue.artist_ids),
    )
    vocabularies = Vocabularies(
        list(uris),
        list(_names("Artist %d", range(artists))),
        list(_names("%03d", range(data.num_title_ngrams))),
    )
    return dataclasses.replace(data, catalogue=catalogue), vocabularies


def _names(pattern: str, numbers: Iterable[int]) -> np.ndarray:
    return np.array([(pattern % number).encode() for number in numbers], object)


def _random(data: TrainingData, params: object) -> Scorer:
    """Random vectors: how long scoring takes does not depend on what was learnt."""
    from models.families.als.model import AlsScorer
    from models.families.als.params import Params
    from models.families.shared.title_prior import TitlePrior

    assert isinstance(params, Params)
    shape = len(data.catalogue), params.factors
    factors = np.random.default_rng(_SEED).standard_normal(shape, dtype=np.float32)
    prior = TitlePrior(data.train, data.num_title_ngrams, len(data.catalogue), 1000)
    return AlsScorer(factors, params, prior)


def _whole(data: TrainingData) -> Iterator[tf.train.Example]:
    """The playlists that the data were made from, each named by numbers of its n-grams."""
    ids, titles, catalogue = data.train.track_ids, data.train.title_ngram_ids, data.catalogue
    for number in range(len(data.train)):
        tracks = ids.values[ids.splits[number] : ids.splits[number + 1]]
        ngrams = titles.values[titles.splits[number] : titles.splits[number + 1]][:5]
        example = tf.train.Example()
        for name, values in (
            (features.PID, [b"%d" % number]),
            (features.NAME, [b" ".join(b"%03d" % ngram for ngram in ngrams)]),
            (features.TRACK_URI, catalogue.track_uris[tracks].tolist()),
            (features.ARTIST_NAME, catalogue.artist_names[tracks].tolist()),
        ):
            example.features.feature[name].bytes_list.value[:] = values
        yield example
