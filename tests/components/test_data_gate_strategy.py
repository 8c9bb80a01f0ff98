"""What DataGate compares new data with, by runs that are told to a real metadata store."""

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.portable import execution_publish_utils
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.types import standard_artifacts

from components.data_gate.strategy import LastPassedStrategy

LIVE = metadata_store_pb2.Artifact.LIVE


class Runs:
    """A pipeline's runs up to DataGate, as TFX writes them down."""

    def __init__(self, handle):
        self.handle = handle
        self.statistics = {}
        self.compared = {}

    def run(self, data, passes=True):
        """Runs on the data of this name; returns the name of what it is compared with."""
        if data not in self.statistics:
            (self.statistics[data],) = self._execute(
                "StatisticsGen", {}, "statistics", standard_artifacts.ExampleStatistics()
            )
        current = self.statistics[data]
        (reference,) = self._resolve(current) or [None]
        named = {artifact.id: name for name, artifact in self.statistics.items()}
        inputs = {"statistics": [current]}
        if reference:
            inputs["previous_statistics"] = [reference]
        self.cached = (data, reference and reference.id) in self.compared
        comparison = (
            self.compared[data, reference and reference.id]
            if self.cached
            else standard_artifacts.ExampleAnomalies()
        )
        if made := self._execute("DataGate", inputs, "comparison", comparison, passes, self.cached):
            self.compared[data, reference and reference.id] = made[0]
        return named[reference.id] if reference else None

    def _execute(self, node, inputs, key, output, succeeds=True, cached=False):
        kind = metadata_store_pb2.ExecutionType(name=node)
        execution = execution_publish_utils.register_execution(self.handle, kind, [], inputs)
        if not succeeds:
            execution_publish_utils.publish_failed_execution(self.handle, [], execution.id)
            return []
        outputs = {key: [output]}
        if cached:
            execution_publish_utils.publish_cached_executions(
                self.handle, [], [execution], [outputs]
            )
        else:
            execution_publish_utils.publish_succeeded_execution(
                self.handle, execution.id, [], outputs
            )
        return execution_lib.get_output_artifacts(self.handle, execution.id)[key]

    def _resolve(self, current):
        def all_of(kind):
            rows = self.handle.store.get_artifacts_by_type(kind.TYPE_NAME)
            made = []
            for row in rows:
                if row.state == LIVE:
                    made.append(kind())
                    made[-1].set_mlmd_artifact(row)
            return made

        resolved = LastPassedStrategy().resolve_artifacts(
            self.handle.store,
            {
                "current": [current],
                "statistics": all_of(standard_artifacts.ExampleStatistics),
                "comparison": all_of(standard_artifacts.ExampleAnomalies),
            },
        )
        assert resolved["current"] == [current]
        assert len(resolved["comparison"]) == len(resolved["statistics"])
        # TFX's resolver writes down what it found as outputs of its own.
        kind = metadata_store_pb2.ExecutionType(name="Resolver")
        execution = execution_publish_utils.register_execution(self.handle, kind, [])
        execution_publish_utils.publish_internal_execution(
            self.handle, [], execution.id, output_artifacts=resolved
        )
        return resolved["statistics"]


@pytest.fixture
def runs(tmp_path):
    connection = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.db"))
    with metadata.Metadata(connection) as handle:
        yield Runs(handle)


def test_the_first_run_has_nothing_to_be_compared_with(runs):
    assert runs.run("may") is None


def test_data_that_was_stopped_is_compared_with_the_same_again_until_it_passes(runs):
    runs.run("may")
    assert runs.run("june", passes=False) == "may"
    assert runs.run("june", passes=False) == "may"
    assert runs.run("july", passes=False) == "may"
    assert runs.run("june") == "may"
    assert runs.run("july") == "june"


def test_a_first_run_that_was_stopped_is_no_reference(runs):
    assert runs.run("may", passes=False) is None
    assert runs.run("may", passes=False) is None
    assert runs.run("june") is None
    assert runs.run("may") == "june"


def test_data_that_passed_is_what_the_next_is_compared_with(runs):
    assert [runs.run(data) for data in ("may", "june", "july")] == [None, "may", "june"]


def test_an_unchanged_run_resolves_what_it_resolved_before(runs):
    assert [runs.run("may"), runs.run("may"), runs.run("may")] == [None, None, None]
    assert runs.cached
    assert [runs.run("june"), runs.run("june"), runs.run("june")] == ["may", "may", "may"]
    assert runs.cached


def test_a_pass_from_the_cache_counts_as_the_last(runs):
    assert [runs.run(data) for data in ("may", "june", "may")] == [None, "may", "june"]
    assert runs.run("june") == "may"
    assert runs.cached
    assert runs.run("july") == "june"
