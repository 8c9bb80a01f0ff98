"""The same run on two engines: what of their results differs."""

from __future__ import annotations

import contextlib
import json
import math
import pathlib
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import pandas as pd

from benchmarks import harness
from schema.layout import REPORT
from schema.rows import KEYS, ROWS_FILE

#: Of metrics.json what two runs of one engine do not share either.
_OWN: Final = ("seconds", "pushed_version", "push", "fit_seconds")
_TOLERANCE: Final = 1e-6
#: Small models and splits, so that a run takes minutes.
SETTINGS: Final = (
    "split={train: 70, eval: 20, test: 10}",
    "gate.resamples=999",
    "models.als.factors=8",
    "models.two_tower.epochs=2",
    "models.two_tower.factors=16",
    "infra_check.requests=5",
)
CLASSICAL: Final = ("candidate=als", "baselines=[popularity]")


class Run:
    """A run of `segue` in a process of its own.

    Args:
        data: slices.
        out: an empty directory, or one of an earlier run.
        *settings: KEY=VALUE.

    Attributes:
        out: the same.
        console: what it printed, once it has ended.
    """

    def __init__(self, data: pathlib.Path, out: pathlib.Path, *settings: str) -> None:
        self.out = out
        self.console = ""
        options = [text for each in (*SETTINGS, *settings) for text in ("--set", each)]
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pipeline.cli", "run"),
                *("--data", str(data), "--out", str(out), *options),
            ],
            cwd=harness.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Waits for its end; returns the exit code."""
        self.console += self._process.communicate()[0]
        return self._process.returncode


def on_flink(cluster: Any, **more: Any) -> tuple[str, ...]:
    """The settings of a run on a `scripts.flink.cluster.Cluster`."""
    options = {"wait_seconds": 600, **cluster.options, **more}
    return tuple(f"flink.{key}={json.dumps(value)}" for key, value in options.items())


def running(cluster: Any, component: str) -> bool:
    """Whether a job of a component is under way, and has ended parts of its work."""
    return any(
        job["state"] == "RUNNING" and job["tasks"]["finished"] > 0
        for job in _jobs(cluster, component)
    )


def failed(cluster: Any, component: str) -> int:
    """How many failures Flink has noted of the last job of a component."""
    latest = max(_jobs(cluster, component), key=lambda job: job["start-time"])
    noted = _asked(cluster, f"jobs/{latest['jid']}/exceptions")
    return len(noted["exceptionHistory"]["entries"])


def began(cluster: Any, component: str) -> float:
    """When the last job of a component began, in seconds as `time.time` gives them."""
    return max(job["start-time"] for job in _jobs(cluster, component)) / 1000


def _jobs(cluster: Any, component: str) -> list[dict[str, Any]]:
    with contextlib.suppress(OSError, ValueError):
        jobs = _asked(cluster, "jobs/overview")["jobs"]
        return [job for job in jobs if f"-{component.lower()}-" in job["name"]]
    return []


def _asked(cluster: Any, what: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{cluster.page}/{what}", timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def when(happened: Callable[[], bool], run: Run) -> bool:
    """Waits until something has happened; False where the run ended before."""
    while not run.ended():
        if happened():
            return True
        time.sleep(0.3)
    return False


def differences(kind: str, one: pathlib.Path, other: pathlib.Path) -> list[str]:
    """What differs in the results of two runs of the same data: numbers by more than a millionth.

    Args:
        kind: of results, a key of `KINDS`, or `SPAN_STATISTICS`.
        one: a run's output directory.
        other: another's.

    Returns:
        Names of what differs, such as "metrics.models.als.fit"; empty where nothing does.
    """
    read = {**KINDS, SPAN_STATISTICS: _of_spans}[kind]
    return list(_differing(read(one), read(other), kind))


def _metrics(out: pathlib.Path) -> Any:
    return json.loads((out / REPORT / "metrics.json").read_bytes())


def _counts(out: pathlib.Path) -> Any:
    return json.loads(_newest(out, "Ingest/summary/*/ingest.json").read_bytes())


def _vocabularies(out: pathlib.Path) -> Any:
    assets = _newest(out, "Transform/transform_graph/*/transform_fn/assets")
    names = [each for each in sorted(assets.iterdir()) if each.is_file()]
    return {each.name: each.read_bytes().splitlines() for each in names}


def _statistics(out: pathlib.Path, component: str = "StatisticsGen") -> Any:
    from google.protobuf import json_format
    from tensorflow_metadata.proto.v0 import statistics_pb2

    found = {}
    folder = _newest(out, f"{component}/statistics/*")
    for split in sorted(folder.glob("Split-*")):
        message = statistics_pb2.DatasetFeatureStatisticsList.FromString(
            (split / "FeatureStats.pb").read_bytes()
        )
        (dataset,) = json_format.MessageToDict(message)["datasets"]
        features = {str(each["path"]): _without_ties(each) for each in dataset["features"]}
        found[split.name] = {**dataset, "features": features}
    return found


def _of_spans(out: pathlib.Path) -> Any:
    return _statistics(out, "SpanStatistics")


def _without_ties(feature: dict[str, Any]) -> dict[str, Any]:
    """A feature whose most frequent values are in one order, and of the rarest only how many.

    Values that are as frequent as each other come in any order, and the last of them may be cut.
    """
    if "stringStats" not in feature:
        return feature
    strings = dict(feature["stringStats"])
    if "topValues" in strings:
        strings["topValues"] = _ranked(strings["topValues"], "value", "frequency")
    if "rankHistogram" in strings:
        buckets = strings["rankHistogram"].get("buckets", [])
        strings["rankHistogram"] = _ranked(buckets, "label", "sampleCount")
    return {**feature, "stringStats": strings}


def _ranked(values: list[dict[str, Any]], name: str, count: str) -> list[tuple[float, str]]:
    rarest = min((each[count] for each in values), default=0)
    return sorted(
        (each[count], each.get(name, "") if each[count] > rarest else "") for each in values
    )


def _rows(out: pathlib.Path) -> Any:
    rows = pd.read_parquet(out / REPORT / ROWS_FILE).sort_values(list(KEYS))
    return {column: rows[column].tolist() for column in rows}


def _held_out(out: pathlib.Path) -> Any:
    """The records of each split of what is trained on and asked, in any order."""
    import tensorflow as tf

    found = {}
    for kind in ("training", "held_out"):
        for split in sorted(_newest(out, f"Holdout/{kind}/*").glob("Split-*")):
            files = sorted(str(path) for path in split.iterdir())
            records = tf.data.TFRecordDataset(files, compression_type="GZIP")
            found[f"{kind}.{split.name}"] = sorted(records.as_numpy_iterator())
    return found


#: What a run on spans has besides.
SPAN_STATISTICS: Final = "statistics of spans"
KINDS: Final[dict[str, Callable[[pathlib.Path], Any]]] = {
    "counts": _counts,
    "statistics": _statistics,
    "held_out": _held_out,
    "vocabularies": _vocabularies,
    "metrics": _metrics,
    "rows": _rows,
}


def _newest(out: pathlib.Path, pattern: str) -> pathlib.Path:
    """The artifact of the highest number that a pattern finds in a run's directory."""
    root = out / "pipeline_root"
    found = list(root.glob(pattern))
    assert found, f"{root} has no {pattern}"
    at = pathlib.PurePath(pattern).parts.index("*")
    return max(found, key=lambda path: int(path.relative_to(root).parts[at]))


def _differing(one: Any, other: Any, key: str) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            if name in _OWN:
                continue
            if name not in one or name not in other:
                yield f"{key}.{name} is in one of them"
            else:
                yield from _differing(one[name], other[name], f"{key}.{name}")
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{key}: {len(one)} and {len(other)}"
        else:
            pairs = enumerate(zip(one, other, strict=True))
            yield from _first(each for at, two in pairs for each in _differing(*two, f"{key}.{at}"))
    elif isinstance(one, float) and isinstance(other, float):
        same = math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
        if not same and not (math.isnan(one) and math.isnan(other)):
            yield f"{key}: {one} and {other}"
    elif one != other:
        yield f"{key}: {one!r:.80} and {other!r:.80}"


def _first(found: Iterable[str]) -> list[str]:
    """The first difference of a list, which may have thousands."""
    return [each for each, _ in zip(found, range(1), strict=False)]
