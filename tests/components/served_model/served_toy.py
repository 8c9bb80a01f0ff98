"""Toy models, held-out playlists and places to serve from."""

from __future__ import annotations

import json
import pathlib
import shutil

import tensorflow as tf
from tfx.types import standard_artifacts

from components.register.options import RegistryOptions
from components.served_model import executor
from schema import features
from schema.documents import ServedModel
from serving.registry import describe, open_registry
from tests.components.counts_fixture import counted
from tests.components.infra_check import infra_toy

SPLIT = {"train": 80, "eval": 10, "test": 10}


def recard(model: pathlib.Path, **changes) -> None:
    """Changes a model's card; a field of None goes."""
    path = model / "assets.extra" / "segue.json"
    card = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({name: value for name, value in card.items() if value is not None}))


def example(seeds: list[bytes], withheld: list[bytes], pid: int = 7) -> bytes:
    made = tf.train.Example()

    def put(name, values):
        made.features.feature[name].bytes_list.value[:] = values

    put(features.PID, [b"%d" % pid])
    put(features.NAME, [b"road trip"])
    put(features.SCENARIO, [b"first5"])
    put(features.TRACK_URI, seeds)
    put(features.HOLDOUT_TRACK_URI, withheld)
    put(features.HOLDOUT_ARTIST, [b"Somebody"] * len(withheld))
    counts = [(features.NUM_SEEDS, [len(seeds)]), (features.NUM_HOLDOUTS, [len(withheld)])]
    for name, values in (*counts, (features.HOLDOUT_TRAIN_COUNT, [1] * len(withheld))):
        made.features.feature[name].int64_list.value[:] = values
    return made.SerializeToString()


def examples(folder: pathlib.Path, playlists: list[bytes]) -> standard_artifacts.Examples:
    for split in ("eval", "test"):
        (folder / f"Split-{split}").mkdir(parents=True)
        with tf.io.TFRecordWriter(str(folder / f"Split-{split}" / "data-0.gz"), "GZIP") as writer:
            for playlist in playlists:
                writer.write(playlist)
    made = standard_artifacts.Examples()
    made.uri, made.split_names = str(folder), '["eval", "test"]'
    values = [tf.train.Example.FromString(playlist).features.feature for playlist in playlists]
    tracks = (features.TRACK_URI, features.HOLDOUT_TRACK_URI)
    entries = sum(len(row[name].bytes_list.value) for row in values for name in tracks)
    amount = (len(playlists), entries)
    return counted(made, "Holdout", eval=amount, test=amount)


def two_toys(folder: pathlib.Path) -> pathlib.Path:
    """Two models, `a` and `b`; they differ by their cards, as two trainings do."""
    infra_toy.save(folder / "a", split=SPLIT, fit_seconds=0.1)
    shutil.copytree(folder / "a", folder / "b")
    recard(folder / "b", fit_seconds=0.2)
    return folder


def forty_playlists(folder: pathlib.Path) -> standard_artifacts.Examples:
    playlists = [
        example([infra_toy.uri(n % 9)], [infra_toy.uri(n % 9 + 1), infra_toy.uri(n % 9 + 2)], n)
        for n in range(40)
    ]
    return examples(folder, playlists)


def forty_listeners(folder: pathlib.Path, cut: int) -> standard_artifacts.Examples:
    """Listeners that are held out from a cut on, in seconds since 1970."""
    found = []
    for number in range(40):
        track = number % 9
        made = tf.train.Example.FromString(
            example([infra_toy.uri(track)], [infra_toy.uri(track + 1)], number)
        )
        for name, value in ((features.LISTENER_SEEN, 1), (features.MODIFIED_AT, cut - 1)):
            made.features.feature[name].int64_list.value[:] = [value]
        found.append(made.SerializeToString())
    return examples(folder, found)


class Place:
    """A place to serve from, and runs of the component that look at it."""

    def __init__(self, folder: pathlib.Path, held_out: standard_artifacts.Examples) -> None:
        self.folder = folder
        self.base = folder / "serving" / "segue"
        self.record = folder / "serving" / "releases.json"
        self.registry = str(folder / "serving" / "registry")
        self.held_out = held_out
        self.runs = 0

    def push(self, model: pathlib.Path, version: int) -> pathlib.Path:
        """As somebody's hand does it."""
        return pathlib.Path(shutil.copytree(model, self.base / str(version)))

    def release(self, *stable: int) -> None:
        entries = [{"action": "promote", "at": "", "stable": version} for version in stable]
        self.record.parent.mkdir(parents=True, exist_ok=True)
        record = {"format": 1, "model": "segue", "releases": entries}
        self.record.write_text(json.dumps(record))

    def champion(self, version: int) -> None:
        """Makes a version the champion of the registry."""
        with open_registry(self.registry, "segue") as registry:
            registry.register(describe(str(self.base / str(version)), "segue"))
            current = registry.current("champion")
            registry.promote(
                "champion", version, expected=current.serving_version if current else None
            )

    def places(self) -> dict[str, str]:
        """The parameters that say where to look."""
        return {
            "destination": str(self.base),
            "release_record": str(self.record),
            "registry": RegistryOptions(uri=self.registry, timeout_seconds=1).model_dump_json(),
            "registered_model": "segue",
        }

    def trained(self, model: pathlib.Path) -> standard_artifacts.Model:
        """A Trainer's artifact with a model."""
        self.runs += 1
        made = standard_artifacts.Model()
        made.uri = str(self.folder / f"trained-{self.runs}")
        shutil.copytree(model, pathlib.Path(made.uri) / "Format-Serving")
        return made

    def look(
        self, candidate: pathlib.Path, split: dict[str, int] | None = None
    ) -> tuple[ServedModel, standard_artifacts.Model]:
        """Runs the component's executor; gives what it found, and its artifact."""
        trained = self.trained(candidate)
        output = standard_artifacts.Model()
        output.uri = str(self.folder / f"served-{self.runs}")
        executor.Executor().Do(
            {"candidate": [trained], "examples": [self.held_out]},
            {"model": [output]},
            {**self.places(), "split": json.dumps(split or SPLIT)},
        )
        text = (pathlib.Path(output.uri) / "served.json").read_text()
        return ServedModel.model_validate_json(text), output
