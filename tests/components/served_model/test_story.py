"""From a look at the destination to the verdict and the push, through the real executors."""

import json
import pathlib

import pandas as pd
import pytest
import tensorflow as tf
from tfx.types import standard_artifacts

from components.pusher.component import Pusher
from components.significance.component import PlaylistMetrics, Significance
from components.significance.scoring import ModelScorer
from schema.documents import Judgement
from tests.components.infra_check import infra_toy
from tests.components.served_model.served_toy import SPLIT, recard

SIGNIFICANCE = Significance.EXECUTOR_SPEC.executor_class
PUSHER = Pusher.EXECUTOR_SPEC.executor_class
CONTEXT = SIGNIFICANCE.Context(
    beam_pipeline_args=[
        "--runner=DirectRunner",
        "--direct_running_mode=in_memory",
        "--direct_num_workers=1",
        "--sdk_container_image=unused",
    ]
)
#: There are no baselines here; a floor is what else is asked.
GATE = {"better_than": [], "floors": {"recall@500": 0.5}, "resamples": 999}


@pytest.fixture(scope="session")
def worse(tmp_path_factory) -> pathlib.Path:
    """A model whose first recommendation is the last of the good one's."""
    return infra_toy.save(tmp_path_factory.mktemp("worse") / "model", "order", split=SPLIT)


def blessing(kind, folder: pathlib.Path):
    made = kind()
    made.uri = str(folder)
    made.set_int_custom_property("blessed", 1)
    made.set_string_custom_property("blessing_status", "INFRA_BLESSED")
    folder.mkdir(exist_ok=True)
    (folder / "infra_check.json").write_text(json.dumps({"blessed": True, "reasons": []}))
    return made


@pytest.fixture
def run(place, tmp_path):
    """Looks, judges and pushes, as a run does; gives the verdict and what became of the push."""

    def go(candidate, split=None, **gate):
        _, served = place.look(candidate, split)
        trained = place.trained(candidate)
        passed = blessing(standard_artifacts.ModelBlessing, tmp_path / "evaluator")
        infra = blessing(standard_artifacts.InfraBlessing, tmp_path / "infra")
        verdict, metrics = standard_artifacts.ModelBlessing(), PlaylistMetrics()
        verdict.uri = str(tmp_path / f"blessing-{place.runs}")
        metrics.uri = str(tmp_path / f"metrics-{place.runs}")
        SIGNIFICANCE(CONTEXT).Do(
            {
                "examples": [place.held_out],
                "candidate": [trained],
                "served": [served],
                "evaluation": [],
                "evaluator_blessing": [passed],
                "infra_blessing": [infra],
            },
            {"metrics": [metrics], "blessing": [verdict]},
            {"candidate_name": "toy", "options": json.dumps({**GATE, **gate}), "seed": 1},
        )
        pushed = standard_artifacts.PushedModel()
        PUSHER().Do(
            {"model": [trained], "model_blessing": [verdict], "infra_blessing": [infra]},
            {"pushed_model": [pushed]},
            {"destination": str(place.base), "release_record": str(place.record)},
        )
        judged = Judgement.model_validate_json(
            (pathlib.Path(metrics.uri) / "results.json").read_text()
        )
        return judged, pushed.get_string_custom_property("summary")

    return go


def score_here(self, name, model_dir, examples, output):
    """What the executor's Beam job does, without Beam."""
    rows, shown = pathlib.Path(output, "rows"), pathlib.Path(output, "shown")
    scorer = ModelScorer(model_dir)
    for split in ("eval", "test"):
        folder = pathlib.Path(examples.uri, f"Split-{split}")
        files = tf.data.TFRecordDataset(str(folder / "data-0.gz"), "GZIP")
        found = scorer.score(list(files.as_numpy_iterator())).rows
        for place in (rows, shown):
            place.mkdir(parents=True, exist_ok=True)
        table = pd.DataFrame(found).assign(model=name, split=split)
        table.to_parquet(rows / f"{name}-{split}.parquet")
        line = {"model": name, "split": split, "shown": {"coverage": 1.0}}
        (shown / f"{name}-{split}.json").write_text(json.dumps(line))


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(SIGNIFICANCE, "score_model", score_here)


def versions(place) -> list[int]:
    return sorted(int(path.name) for path in place.base.iterdir())


def test_a_far_worse_model_is_refused_though_metadata_are_gone(place, run, toys, worse):
    place.push(worse, 1)
    place.push(toys / "b", 2)
    judged, says = run(worse)
    assert not judged.blessing.blessed
    assert "Worse than the served model" in judged.blessing.reasons[0]
    assert set(judged.models) == {"toy", "served"}
    assert (says, versions(place)) == ("nothing was pushed", [1, 2])


@pytest.mark.usefixtures("quick")
def test_after_a_rollback_the_model_that_serves_again_is_the_one_to_measure_up_to(
    place, run, toys, worse
):
    place.push(toys / "b", 1)
    place.push(worse, 2)
    place.release(1, 2, 1)
    judged, says = run(worse)
    assert not judged.blessing.blessed
    assert says == "nothing was pushed"
    judged, says = run(toys / "a")
    assert judged.blessing.blessed
    assert "servers stay with version 1 by the release record" in says


@pytest.mark.usefixtures("quick")
def test_a_blessed_model_that_was_never_pushed_is_not_served(place, run, toys):
    judged, _ = run(toys / "a")
    assert "No model is served yet" in " ".join(judged.blessing.reasons)
    for path in place.base.iterdir():
        path.rename(place.folder / "elsewhere")
    judged, says = run(toys / "b")
    assert "No model is served yet" in " ".join(judged.blessing.reasons)
    assert says.startswith("pushed as version")


@pytest.mark.usefixtures("quick")
def test_going_back_and_forth_pushes_each_time_above_what_serves(place, run, toys):
    _, first = run(toys / "a")
    judged, again = run(toys / "a")
    assert "It is what is served already" in " ".join(judged.blessing.reasons)
    assert again.startswith("served already as version")
    _, second = run(toys / "b")
    judged, third = run(toys / "a")
    assert "Not significantly worse than the served model" in " ".join(judged.blessing.reasons)
    assert [text.rstrip("0123456789") for text in (first, second, third)] == [
        "pushed as version "
    ] * 3
    assert len(versions(place)) == 3


@pytest.mark.usefixtures("quick")
def test_another_split_is_told_in_the_verdict_and_the_rest_decides(place, run, toys):
    place.push(toys / "b", 1)
    other = {"train": 60, "eval": 20, "test": 20}
    judged, says = run(toys / "a", other)
    assert judged.blessing.blessed
    (check,) = (check for check in judged.checks if check.name == "served")
    assert (check.passed, check.judged) == (True, False)
    assert "100% of this run's eval playlists were its train playlists" in check.text
    assert set(judged.models) == {"toy"}
    assert says.startswith("pushed as version")


@pytest.mark.usefixtures("quick")
def test_another_split_refuses_where_that_is_configured(place, run, toys):
    place.push(toys / "b", 1)
    judged, says = run(toys / "a", {"train": 60, "eval": 20, "test": 20}, unjudged_served="refuse")
    assert not judged.blessing.blessed
    assert "100% of this run's eval playlists" in judged.blessing.reasons[0]
    assert says == "nothing was pushed"


@pytest.mark.usefixtures("quick")
def test_where_nothing_else_is_asked_an_unfair_comparison_refuses(place, run, toys):
    place.push(toys / "b", 1)
    judged, _ = run(toys / "a", {"train": 60, "eval": 20, "test": 20}, floors={})
    assert not judged.blessing.blessed
    assert "Nothing was asked of toy" in judged.blessing.reasons[0]


@pytest.mark.usefixtures("quick")
def test_a_version_pushed_by_hand_is_never_a_reason_to_say_that_none_is_served(place, run, toys):
    recard(place.push(toys / "b", 20261127120000), family=None)
    judged, says = run(toys / "a")
    text = " ".join(judged.blessing.reasons)
    assert "Not judged against the served model, version 20261127120000" in text
    assert "no readable card" in text
    assert says == "pushed as version 20261127120001"
