"""Every rule of the contract, each broken by a real SavedModel of its own."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import pytest
from tensorflow_serving.apis import predict_pb2

from components.infra_check import examination
from components.infra_check.examination import Examination
from components.infra_check.model_server import RefusedError, ServerGoneError
from components.infra_check.options import InfraCheckOptions
from components.infra_check.queries import Query
from components.infra_check.results import CHECKS, Report
from serving.protocol import ServingError
from serving.server import Servable, run_predict
from tests.components.infra_check import infra_toy

OPTIONS = InfraCheckOptions(requests=12, timeout_seconds=60)
SEED = 5


class InProcess:
    """The development server's own parts, without a process for every model."""

    def __init__(self, model_dir: pathlib.Path) -> None:
        self.servable = Servable.load("segue", 1, str(model_dir))
        self.requests = 0

    def signatures(self) -> Mapping[str, Any]:
        return self.servable.signatures

    def predict(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        self.requests += 1
        try:
            return run_predict(self.servable, request)
        except ServingError as error:
            raise RefusedError(f"is refused: {error}") from error


def examined(
    model_dir: pathlib.Path, queries: list[Query], server: Any = None, **options: Any
) -> Report:
    report = Report(max_latency_ms=options.pop("max_latency_ms", None))
    report.note("card", None)
    report.note("loads", None)
    examiner = Examination(server or InProcess(model_dir), infra_toy.N, report)
    if examiner.check_signatures():
        latency = {"max_latency_ms": report.max_latency_ms}
        examiner.ask_everything(queries, OPTIONS.model_copy(update=latency), SEED)
    return report


def failed(report: Report) -> list[str]:
    return [name for name, check in report.checks.items() if check.failed]


def test_a_good_model_passes_every_check(good_model, queries):
    report = examined(good_model, queries, max_latency_ms=60_000.0)
    assert report.blessed
    assert report.reasons == []
    assert all(check.passed for check in report.checks.values())
    assert report.queries["recorded"] == 8
    assert report.queries["random"] == 12
    # Timed are the ordinary queries, once each, since they are within the budget.
    assert report.latency.requests == 20
    assert report.rounds == 1


@pytest.mark.parametrize("check", sorted(infra_toy.FLAWS))
def test_a_model_that_breaks_a_rule_is_refused_for_it(tmp_path, queries, check):
    report = examined(infra_toy.save(tmp_path / "model", check), queries)
    assert not report.blessed
    assert check in failed(report)
    assert any(reason.startswith(f"Not true that {CHECKS[check]}: ") for reason in report.reasons)


@pytest.mark.parametrize("flaw", ["answers", "names", "own_tracks", "batch"])
def test_nothing_else_is_found_wrong(tmp_path, queries, flaw):
    # Not so for the others: for instance a row of 5 tracks cannot be read further.
    assert failed(examined(infra_toy.save(tmp_path / "model", flaw), queries)) == [flaw]


@pytest.mark.parametrize(
    ("flaw", "check", "words"),
    [
        ("nan", "order", "has no number as score at place 1"),
        # An empty playlist: 3 tracks of 12.
        ("short", "filling", "has 3 tracks, where at least 12 are left"),
        ("shape", "shape", "track_uris has shape [1, 5], not [1, 12]"),
        ("answers", "answers", "NUL in the title is refused: INVALID_ARGUMENT"),
        ("dtype", "signatures", "serving_default: output scores is float64, not float32"),
        ("no track_metadata", "signatures", "track_metadata is missing"),
        ("no serving_examples", "signatures", "serving_examples is missing"),
        ("excluded", "own_tracks", "which is its own"),
    ],
)
def test_the_report_says_what_is_wrong(tmp_path, queries, flaw, check, words):
    report = examined(infra_toy.save(tmp_path / "model", flaw), queries)
    assert words in " ".join(report.checks[check].problems)
    assert not report.blessed


def test_a_model_without_the_signature_for_listeners_is_spared(tmp_path, queries):
    report = examined(infra_toy.save(tmp_path / "model", "no serving_listener"), queries)
    assert report.blessed
    assert report.reasons == []
    assert report.checks["listeners"].passed is None


def test_without_its_signatures_nothing_more_is_asked(tmp_path, queries):
    server = InProcess(infra_toy.save(tmp_path / "model", "no track_metadata"))
    report = examined(tmp_path, queries, server)
    assert server.requests == 0
    assert report.checks["order"].passed is None
    assert report.reasons[-1].startswith("Never checked: answers, shape, own_tracks")


def test_a_missed_budget_is_measured_three_times_and_then_refused(good_model, queries):
    server = InProcess(good_model)
    once = examined(good_model, queries, server)
    asked = server.requests
    report = examined(good_model, queries, server, max_latency_ms=0.0001)
    # Two more rounds of the 8 + 12 ordinary queries.
    assert server.requests - asked == asked + 2 * 20
    assert report.rounds == 3
    assert failed(report) == ["latency"]
    assert "0.0001 ms are allowed" in report.reasons[0]
    assert once.blessed
    assert once.checks["latency"].passed is None


def test_the_same_seed_asks_the_same(good_model, queries):
    class Recorder(InProcess):
        def predict(self, request):
            seen.append(request.SerializeToString(deterministic=True))
            return super().predict(request)

    rounds = []
    for _ in range(2):
        seen: list[bytes] = []
        examined(good_model, queries, Recorder(good_model))
        rounds.append(seen)
    assert rounds[0] == rounds[1]


def test_a_model_without_recorded_queries_is_still_asked(good_model):
    report = examined(good_model, [])
    assert report.blessed
    assert report.queries["recorded"] == 0


@pytest.mark.parametrize("size", [0, -1, "12", None, 2.5])
def test_a_card_with_an_impossible_size_is_refused(tmp_path, queries, size):
    model = infra_toy.save(tmp_path / "model", catalogue_size=size)
    report = examination.examine(str(model), queries, OPTIONS, SEED)
    assert failed(report) == ["card"]


def test_a_model_without_a_card_is_refused(tmp_path, queries):
    report = examination.examine(str(tmp_path), queries, OPTIONS, SEED)
    assert failed(report) == ["card"]
    assert "segue.json is missing" in report.reasons[0]


def test_a_gone_server_ends_the_questions(good_model, queries):
    class Gone(InProcess):
        def predict(self, request):
            if self.requests == 5:
                raise ServerGoneError("the server ended by SIGKILL while it was asked")
            return super().predict(request)

    server = Gone(good_model)
    with pytest.raises(ServerGoneError):
        examined(good_model, queries, server)
    assert server.requests == 5


def test_a_server_that_does_not_tell_its_signatures_fails_that_check(good_model, queries):
    class Silent(InProcess):
        def signatures(self):
            raise RefusedError("is refused: INTERNAL: no idea")

    report = examined(good_model, queries, Silent(good_model))
    assert failed(report) == ["signatures"]
    assert "the list of signatures is refused: INTERNAL: no idea" in report.reasons[0]
