"""Exported models in TensorFlow Java: TF Serving's own C++ runtime, without Python.

The program in `java/` is asked what Python is asked, of every family and every signature.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from models import families
from models.conformance import (
    Exported,
    Fitted,
    Model,
    assert_same_recommendations,
    export,
    fit,
)
from schema.signatures import SERVING_DEFAULT, SERVING_EXAMPLES, TRACK_METADATA
from tests.serving.toy_model import uri

pytestmark = pytest.mark.services

PROJECT = pathlib.Path(__file__).parent / "java"
FAMILIES = [families.family(name) for name in families.own()]
TRACKS = [uri(number) for number in range(640)]  # those of the larger model
PLAYLISTS: list[tuple[str, Sequence[str]]] = [
    ("", []),
    ("Rock 🔥", []),
    ("jazz & soul", TRACKS[:1]),
    ("", TRACKS[:100]),
    ("ROCK e\u0301 中文 ﷺ", [TRACKS[5], uri(10**6), "x", TRACKS[5], TRACKS[3]]),
    ("nobody calls a playlist so", [uri(10**6)]),
    ("a" * 5000, TRACKS[200:210]),
]


class Java:
    """The program, built once: what Maven resolved and what was compiled."""

    def __init__(self, target: pathlib.Path) -> None:
        command = ["mvn", "-q", "-B", "-f", str(PROJECT / "pom.xml"), f"-Doutput={target}"]
        done = subprocess.run(
            [*command, "process-classes"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        jars = target / "dependency"
        found = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in jars.iterdir()
        }
        pinned = (line.split() for line in (PROJECT / "sha256sums").read_text().splitlines())
        assert found == {name: digest for digest, name in pinned}
        cache = f"-Dorg.bytedeco.javacpp.cachedir={target / 'javacpp'}"
        self._command = ["java", cache, "-cp", f"{target / 'classes'}:{jars}/*"]

    def run(self, program: str, *arguments: str) -> str:
        """Standard output of a program."""
        done = subprocess.run(
            [*self._command, f"segue.{program}", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2", "LC_ALL": "C.UTF-8"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Java:
    for tool in ("mvn", "java", "javac"):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}: apt-get install maven openjdk-17-jdk-headless")
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("TensorFlow Java is fetched for Linux on x86_64 only")
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    version = re.search(r'version "(\d+)', told)
    if version is None or int(version[1]) < 17:
        pytest.skip(f"needs Java 17 or later; this is {told.splitlines()[0]}")
    return Java(tmp_path_factory.mktemp("java"))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Fitted]:
    return functools.cache(
        lambda name: fit(families.family(name), str(tmp_path_factory.mktemp(name)))
    )


@pytest.mark.parametrize(
    ("family", "indexed"),
    [(one.name, indexed) for one in FAMILIES for indexed in {False, one.dot_product}],
)
def test_java_answers_as_python_does(
    family: str,
    indexed: bool,
    java: Java,
    fitted: Callable[[str], Fitted],
    tmp_path: pathlib.Path,
) -> None:
    exported = export(fitted(family), str(tmp_path), indexed)
    models = [exported.many, exported.few]
    arguments = []
    for number, model in enumerate(models):
        requests = tmp_path / f"requests-{number}"
        requests.write_text("".join(f"{_line(*each)}\n" for each in _requests()))
        arguments += [model.path, str(requests), str(tmp_path / f"answers-{number}")]
    java.run("Answers", *arguments)
    for number, model in enumerate(models):
        lines = (tmp_path / f"answers-{number}").read_text().splitlines()
        answers = [[_values(row) for row in line.split("\t")] for line in lines]
        _compare(model, answers)


def test_the_documented_program(
    java: Java, fitted: Callable[[str], Fitted], tmp_path: pathlib.Path
) -> None:
    exported: Exported = export(fitted("popularity"), str(tmp_path))
    printed = java.run("Recommender", exported.many.path, "Rock 🔥", *TRACKS[:2])
    uris, scores = exported.many.ask_one("Rock 🔥", TRACKS[:2])
    assert printed.splitlines() == [
        f"{track} {score}" for track, score in zip(uris[:10], scores[:10], strict=True)
    ]


def _requests() -> Iterable[tuple[str, list[list[bytes]]]]:
    """Signatures, and rows of values: all playlists together, then each alone."""
    by_tensors = [[text.encode() for text in (title, *uris)] for title, uris in PLAYLISTS]
    examples = [[each] for each in _examples()]
    yield SERVING_DEFAULT, by_tensors
    yield from ((SERVING_DEFAULT, [row]) for row in by_tensors)
    yield SERVING_EXAMPLES, examples
    yield from ((SERVING_EXAMPLES, [row]) for row in examples)
    yield TRACK_METADATA, [[track.encode()] for track in _asked_tracks()]


def _examples() -> list[bytes]:
    examples = []
    for title, uris in PLAYLISTS:
        example = tf.train.Example()
        if title:
            example.features.feature["name"].bytes_list.value.append(title.encode())
        example.features.feature["track_uri"].bytes_list.value.extend(u.encode() for u in uris)
        examples.append(example.SerializeToString())
    return examples


def _asked_tracks() -> list[str]:
    return [TRACKS[0], uri(10**6), "", TRACKS[4], "中文"]


def _compare(model: Model, answers: list[list[list[str]]]) -> None:
    titles, tracks = zip(*PLAYLISTS, strict=True)
    expected = [
        model.ask(titles, tracks),
        *(model.ask([title], [uris]) for title, uris in PLAYLISTS),
        model.ask_examples(_examples()),
        *(model.ask_examples([example]) for example in _examples()),
    ]
    assert len(answers) == len(expected) + 1
    for rows, (uris, scores) in zip(answers, expected, strict=False):
        assert_same_recommendations(_filled(rows, scores.shape), (uris, scores))
    described = model.signatures[TRACK_METADATA](track_uris=tf.constant(_asked_tracks()))
    names, artists, playlists = (
        described[key].numpy().tolist() for key in ("track_name", "artist_name", "playlists")
    )
    assert answers[-1] == [
        [name.decode(), artist.decode(), str(count)]
        for name, artist, count in zip(names, artists, playlists, strict=True)
    ]
    assert any(count > 0 for count in playlists)


def _filled(rows: list[list[str]], shape: Any) -> tuple[list[list[str]], np.ndarray]:
    """Tracks and scores as an answer has them, "" and -inf where no track is left."""
    assert len(rows) == shape[0]
    uris = [row[::2] + [""] * (shape[1] - len(row[::2])) for row in rows]
    scores = np.full(shape, -np.inf, np.float32)
    for number, row in enumerate(rows):
        scores[number, : len(row[1::2])] = [float(score) for score in row[1::2]]
    return uris, scores


def _line(signature: str, rows: Iterable[Iterable[bytes]]) -> str:
    encoded = (",".join(base64.b64encode(v).decode() for v in row) for row in rows)
    return "\t".join([signature, *encoded])


def _values(row: str) -> list[str]:
    return [base64.b64decode(value).decode() for value in row.split(",")] if row else []
