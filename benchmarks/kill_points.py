"""Where `benchmarks.kills` kills a run: in every node that does work, and where spans differ."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from typing import Final


@dataclasses.dataclass(frozen=True)
class Point:
    """Where a run is killed: some time after a node began, if nothing else is said.

    Attributes:
        name: what it is called.
        node: during which node.
        written: pattern of a file below the output directory; the kill comes when one is there.
        called: the kill comes as this function is entered (see `killed_call`), and
        ends: if its last argument's path ends with this name.
    """

    name: str
    node: str
    written: str = ""
    called: str = ""
    ends: str = ""

    def is_written(self, out: pathlib.Path) -> bool:
        """Whether a file that the point waits for is there."""
        with contextlib.suppress(OSError):
            return any(True for _ in out.glob(self.written))
        return False


_REPLACES: Final = "components.ingest.destination:replace"
_PUSHER: Final = "components.pusher.executor"
_REGISTRY: Final = "serving.registry.directory.adapter"

#: Every node that does work, in their order.
_SLICES: Final = (
    Point("ImportSchemaGen", "ImportSchemaGen"),
    Point("Ingest, writing", "Ingest", written="tfrecords/ingesting-*/all/*"),
    Point("Ingest, before it replaces", "Ingest", called=_REPLACES),
    Point("ImportExampleGen", "ImportExampleGen"),
    Point("StatisticsGen", "StatisticsGen"),
    Point("ExampleValidator", "ExampleValidator"),
    Point("SchemaGen", "SchemaGen"),
    Point("DataGate", "DataGate"),
    Point("Holdout", "Holdout"),
    Point("Transform", "Transform"),
    Point("Trainer.als", "Trainer.als"),
    Point("Trainer.popularity", "Trainer.popularity"),
    Point("InfraCheck", "InfraCheck"),
    Point("ServedModel", "ServedModel"),
    Point("Evaluator", "Evaluator"),
    Point("Significance", "Significance"),
    # All but the file without which a version is no version.
    Point(
        "Pusher, half copied",
        "Pusher",
        called=f"{_PUSHER}:io_utils.copy_file",
        ends="saved_model.pb.unfinished",
    ),
    Point("Pusher, pushed and not recorded", "Pusher", called=f"{_PUSHER}:Executor._MarkPushed"),
    Point("Report", "Report"),
    Point("Register, copied and not recorded", "Register", called=f"{_REGISTRY}:records.write"),
)
#: Where data in spans takes another way.
_SPANS: Final = (
    Point(
        "Ingest, writing the first span",
        "Ingest",
        written="tfrecords/span-00001/ingesting-*/all/*",
    ),
    Point(
        "Ingest, before the second span's records are put in place",
        "Ingest",
        called=_REPLACES,
        ends="span-00002",
    ),
    Point(
        "Ingest, before the window is put in place", "Ingest", called=_REPLACES, ends="tfrecords"
    ),
    Point("ImportExampleGen", "ImportExampleGen"),
    Point("SpanStatistics", "SpanStatistics"),
    Point("Transform", "Transform"),
)


@dataclasses.dataclass(frozen=True)
class History:
    """A run and where it is killed.

    Attributes:
        points: where, in the order of the nodes.
        playlists: of each span, or of data without any; a later span updates those of an earlier.
        data: where the slices lie, in their folder.
        settings: of the run.
    """

    points: tuple[Point, ...]
    playlists: tuple[int, ...]
    data: str = ""
    settings: tuple[str, ...] = ()


HISTORIES: Final = {
    "slices": History(_SLICES, (150,)),
    "spans": History(_SPANS, (150, 100), "span-{SPAN}", ("window=2",)),
}
