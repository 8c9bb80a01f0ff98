"""Registrations through the component's executor, also while the registry is down."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil
from typing import Any

import pytest
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import standard_artifacts
from tfx.types.experimental import simple_artifacts

from components.ingest import summary
from components.ingest.manifest import IngestResult
from components.register import executor
from components.register.component import Registered
from components.register.options import RegistryOptions
from components.report.component import RunReport
from schema.provenance import config_hash
from schema.registry import RegisteredVersion, Registration
from serving.registry import Registry, open_registry, waiting
from tests.serving.registry import pushed


@dataclasses.dataclass
class World:
    """An output directory with what a run leaves there."""

    out: pathlib.Path
    model: str = "segue"
    options: RegistryOptions = dataclasses.field(default_factory=RegistryOptions)
    runs: int = 0

    def __post_init__(self) -> None:
        self.uri = str(self.out / "serving" / "registry")
        self.options = RegistryOptions(uri=self.uri, timeout_seconds=5)
        self.waiting = str(self.out / "serving" / "unregistered")

    def push(self, version: int) -> pathlib.Path:
        return pushed.push(self.out / "serving" / "segue", version)

    def registry(self) -> Registry:
        return open_registry(self.uri, self.model)

    def run(
        self, version: int | None, spans: tuple[int, ...] = (3, 4, 9), context: Any = None
    ) -> tuple[str, pathlib.Path]:
        """Runs the executor after a push of the version; gives what it says, and its artifact."""
        self.runs += 1
        folder = self.out / "pipeline_root" / str(self.runs)
        push = standard_artifacts.PushedModel()
        push.uri = str(folder / "Pusher" / "pushed_model" / "31")
        report = RunReport()
        report.uri = str(folder / "Report")
        if version is None:
            report.uri = str(pushed.report(folder, None, blessed=False))
        else:
            path = self.out / "serving" / "segue" / str(version)
            push.set_string_custom_property("pushed_destination", str(path))
            push.set_string_custom_property("pushed_version", str(version))
            report.uri = str(pushed.report(folder, version))
        records = simple_artifacts.Dataset()
        records.set_string_custom_property("fingerprint", "ab" * 16)
        ingested = simple_artifacts.File()
        ingested.uri = str(folder / "summary")
        counts = {str(number): {"read": 1, "ingested": 1} for number in spans}
        summary.write(ingested, IngestResult(1, 1, 1, {}, spans=counts))
        output = Registered()
        output.uri = str(folder / "registered")
        executor.Executor(context).Do(
            {
                "pushed_model": [push],
                "report": [report],
                "records": [records],
                "ingested": [ingested],
            },
            {"registered": [output]},
            {
                "registry": self.options.model_dump_json(),
                "registered_model": self.model,
                "waiting": self.waiting,
                "segment": self.model.partition("-")[2],
                "started": "now",
            },
        )
        says = output.get_string_custom_property("summary")
        return says, pathlib.Path(output.uri, "registered.json")

    def break_registry(self) -> None:
        """Nobody can read it from here on."""
        self.record.rename(self.record.with_suffix(".kept"))
        self.record.write_text("{")

    def mend_registry(self) -> None:
        self.record.with_suffix(".kept").rename(self.record)

    @property
    def record(self) -> pathlib.Path:
        return pathlib.Path(self.uri, self.model, "registry.json")

    @property
    def waits(self) -> list[str]:
        return [pathlib.Path(folder).name for folder in waiting(self.waiting, self.model)]


@pytest.fixture
def world(tmp_path: pathlib.Path) -> World:
    return World(tmp_path / "out")


def test_a_push_becomes_the_challenger(world: World) -> None:
    world.push(7)
    context = BaseExecutor.Context(pipeline_run_id="20171114-030000")
    says, file = world.run(7, context=context)
    assert says == "registered as version 7 of segue, challenger"
    with world.registry() as registry:
        found = registry.version(7)
    assert RegisteredVersion.model_validate_json(file.read_text()) == found
    assert (found.family, found.metrics["ndcg"], found.aliases) == ("als", 0.25, ["challenger"])
    assert pathlib.Path(found.page).read_text() == "<p>the run of 7"
    came = found.lineage
    assert (came.run, came.pusher_execution) == ("20171114-030000", "31")
    assert (came.data_fingerprint, came.span) == ("ab" * 16, "3-9")
    assert (came.configuration, came.gate, came.code) == (
        config_hash(pushed.CONFIG),
        "blessed",
        "0123",
    )
    assert came.features_as_of == pushed.AS_OF.isoformat()


def test_a_run_that_pushes_nothing_new_changes_nothing(world: World) -> None:
    world.push(7)
    world.run(7)
    with world.registry() as registry:
        registry.promote("champion", 7, expected=None)
        before = registry.versions(), registry.history()
    says, file = world.run(7)
    assert says == "registered already as version 7 of segue, challenger and champion"
    with world.registry() as registry:
        assert (registry.versions(), registry.history()) == before
    assert file.exists()


def test_a_registry_that_has_lost_it_gets_it_again(world: World) -> None:
    world.push(7)
    world.run(7)
    shutil.rmtree(world.uri)
    assert world.run(7)[0] == "registered as version 7 of segue, challenger"


def test_a_refused_candidate_is_no_version(world: World) -> None:
    says, file = world.run(None)
    assert says == "nothing was pushed, so nothing was registered"
    assert not file.exists()
    with world.registry() as registry:
        assert list(registry.versions()) == []


def test_without_alias_and_spans(world: World) -> None:
    world.push(7)
    world.options = world.options.model_copy(update={"alias": None})
    assert world.run(7, spans=())[0] == "registered as version 7 of segue"
    with world.registry() as registry:
        assert registry.version(7).lineage.span == ""
    world.push(8)
    world.run(8, spans=(4,))
    with world.registry() as registry:
        assert registry.version(8).lineage.span == "4"
        assert list(registry.history()) == []


def test_the_model_of_a_segment(world: World) -> None:
    world.model = "segue-new_users"
    world.push(7)
    assert world.run(7)[0] == "registered as version 7 of segue-new_users, challenger"
    with world.registry() as registry:
        assert registry.version(7).lineage.segment == "new_users"
    with open_registry(world.uri, "segue") as registry:
        assert list(registry.versions()) == []


def test_without_a_registry(world: World) -> None:
    world.options = RegistryOptions()
    world.push(7)
    says, file = world.run(7)
    assert says == "there is no registry: registry.uri names one"
    assert not file.exists()
    assert not pathlib.Path(world.uri).exists()


def test_what_waited_is_made_up_by_the_next_run(world: World) -> None:
    world.push(6)
    world.run(6)
    world.break_registry()
    for version in (7, 8):
        world.push(version)
        says, file = world.run(version)
        assert says.startswith(f"version {version} waits to be registered, by the next run or ")
        assert "is not a registry's record" in says
        assert Registration.model_validate_json(file.read_text()).serving_version == version
    assert world.run(None)[0].startswith("nothing was pushed; the registry did not answer: ")
    assert world.waits == ["7", "8"]
    world.mend_registry()
    world.push(9)
    assert world.run(9)[0] == (
        "registered as version 9 of segue, challenger; version 7: was registered late; "
        "version 8: was registered late"
    )
    assert world.waits == []
    with world.registry() as registry:
        assert [move.version for move in registry.history()] == [6, 7, 8, 9]
        assert pathlib.Path(registry.version(7).page).read_text() == "<p>the run of 7"


def test_a_run_without_push_makes_up_too(world: World) -> None:
    world.push(6)
    world.run(6)
    world.break_registry()
    world.push(7)
    world.run(7)
    world.mend_registry()
    says, _ = world.run(None)
    assert says == ("nothing was pushed, so nothing was registered; version 7: was registered late")
    assert world.waits == []


def test_what_the_registry_refuses_waits_for_a_person(world: World) -> None:
    world.push(7)
    world.run(7)
    record = json.loads(world.record.read_text())
    record["versions"][0]["content"] = "f" * 64
    world.record.write_text(json.dumps(record))
    says, _ = world.run(7)
    assert "with another content" in says
    assert world.waits == ["7"]
    world.push(8)
    says, _ = world.run(8)
    assert says.startswith("registered as version 8 of segue, challenger; version 7: ")
    assert world.waits == ["7"]


def test_where_it_cannot_even_be_written_down(world: World) -> None:
    world.push(7)
    world.run(7)
    world.break_registry()
    pathlib.Path(world.waiting).write_text("")
    says, _ = world.run(7)
    assert says.startswith("version 7 was not registered, and could not be written down")


@pytest.mark.parametrize(
    ("uri", "job", "execution"),
    [
        ("/out/pipeline_root/Pusher/pushed_model/31", "", "31"),
        ("gs://bucket/runs/1/job-7/Pusher_-5012/pushed_model", "job-7", "-5012"),
    ],
)
def test_what_the_path_of_an_artifact_tells(uri: str, job: str, execution: str) -> None:
    assert executor._made_by(uri) == (job, execution)


def tracked_runs(world: World) -> dict[str, dict[str, Any]]:
    """What is kept of runs, by key."""
    files = pathlib.Path(world.uri, world.model, "runs").glob("*/run.json")
    documents = [json.loads(file.read_text()) for file in files]
    return {each["key"]: each for each in documents}


@pytest.fixture
def tracking(world: World) -> World:
    world.options = world.options.model_copy(update={"track": True})
    return world


def test_runs_are_tracked_pushed_or_refused(tracking: World) -> None:
    tracking.push(7)
    context = BaseExecutor.Context(pipeline_run_id="20171114-030000")
    assert tracking.run(7, context=context)[0].endswith("challenger; tracked")
    refused = BaseExecutor.Context(pipeline_run_id="20171115-030000")
    says, _ = tracking.run(None, context=refused)
    assert says == "nothing was pushed, so nothing was registered; tracked"
    runs = tracked_runs(tracking)
    assert set(runs) == {"20171114-030000/7", "20171115-030000"}
    first = runs["20171114-030000/7"]
    assert first["parameters"] == {"seed": "17", "data": "slices"}
    assert first["metrics"]["ndcg"] == 0.25
    assert first["tags"]["git.sha"] == "fedc"
    assert runs["20171115-030000"]["tags"]["gate"] == "refused"


def test_without_the_option_nothing_is_tracked(world: World) -> None:
    world.push(7)
    world.run(7)
    assert tracked_runs(world) == {}


def test_runs_that_waited_are_tracked_by_the_next_one(tracking: World) -> None:
    runs = pathlib.Path(tracking.uri, tracking.model, "runs")
    runs.parent.mkdir(parents=True)
    runs.write_text("no directory")
    context = BaseExecutor.Context(pipeline_run_id="r1")
    assert "the run waits to be tracked" in tracking.run(None, context=context)[0]
    runs.unlink()
    says, _ = tracking.run(None, context=BaseExecutor.Context(pipeline_run_id="r2"))
    assert says.endswith("run r1: was tracked late; tracked")
    assert set(tracked_runs(tracking)) == {"r1", "r2"}
