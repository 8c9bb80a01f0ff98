from __future__ import annotations

import html.parser
import itertools
import json
import re
import shutil
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from report.build import SECTIONS, build_report, render
from report.loading import ReportError, RunResults, load

VOID = {"meta", "link", "br", "hr", "img", "input"}
FAILED = "could not be drawn"


class Page(html.parser.HTMLParser):
    """Checks that tags are balanced, and collects what the tests ask about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.captions = 0
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def page(run_dir: Path) -> Page:
    return Page((run_dir / "index.html").read_text(encoding="utf-8"))


def test_the_page_has_every_section_and_the_verdict_first(page: Page) -> None:
    assert FAILED not in page.text
    assert [attrs["id"] for attrs in page.named("section")] == [s.id for s in SECTIONS]
    words = page.text
    assert words.index("two_tower is blessed") < words.index("How well each model")
    assert "NDCG 0.2614 is above its floor" in words
    for model in ("two_tower", "served", "als", "item_knn", "popularity"):
        assert model in words


def test_nothing_is_loaded_and_nothing_runs(run_dir: Path, page: Page) -> None:
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "video", "audio", "form"}
    for _, attrs in page.tags:
        for key, value in attrs.items():
            assert not key.startswith("on")
            if key in ("href", "src"):
                assert value is not None
                assert value.startswith(("#", "data:"))
    policy = next(a for a in page.named("meta") if a.get("http-equiv"))
    assert str(policy["content"]).startswith("default-src 'none'")
    text = (run_dir / "index.html").read_text(encoding="utf-8")
    assert "http://" not in text
    assert "https://" not in text
    assert "@import" not in text
    assert len(text) < 500_000


def test_what_users_wrote_is_text(page: Page) -> None:
    assert "<script>alert('title')</script>" in page.text
    assert "<b>bold</b> & loud" in page.text


def test_the_page_is_accessible(page: Page) -> None:
    assert page.named("html")[0]["lang"] == "en"
    assert len(page.named("caption")) == len(page.named("table"))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in page.tags:
        if attrs.get("role") in ("img", "region"):
            assert attrs.get("aria-label"), tag
        if "aria-labelledby" in attrs:
            assert attrs["aria-labelledby"] in ids
        if tag == "a":
            assert str(attrs["href"])[1:] in ids
        if tag == "use":
            assert str(attrs["href"])[1:] in ids
        if tag == "th":
            assert attrs.get("scope") in ("col", "row")
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_positions_are_numbers_inside_the_plot(page: Page) -> None:
    for tag, attrs in page.tags:
        if tag in ("use", "line", "rect"):
            for key in ("x", "y", "x1", "x2", "y1", "y2", "width", "height"):
                value = attrs.get(key)
                if value and value.endswith("%"):
                    assert 0 <= float(value[:-1]) <= 100


@pytest.mark.parametrize("missing", ["metrics.json", "per_playlist.parquet", "details.json"])
def test_a_missing_file_costs_only_what_it_tells(
    run_dir: Path, tmp_path: Path, missing: str
) -> None:
    directory = tmp_path / "report"
    shutil.copytree(run_dir, directory)
    (directory / missing).unlink()
    page = Page(build_report(directory).read_text(encoding="utf-8"))
    assert f"{missing} is missing" in page.text
    assert FAILED not in page.text
    assert "two_tower" in page.text


def test_metrics_alone_make_a_report(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text("{}")
    page = Page(build_report(tmp_path).read_text(encoding="utf-8"))
    assert "No verdict" in page.text
    assert FAILED not in page.text
    assert "The run recorded no metrics of any model." in page.text
    assert "The run recorded nothing about training." in page.text


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="nothing to report on"):
        build_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_rebuild_replaces_the_page_and_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('{"blessing": {"blessed": false}}')
    first = build_report(tmp_path)
    assert "not blessed" in first.read_text()
    (tmp_path / "metrics.json").write_text('{"blessing": {"blessed": true}}')
    assert build_report(tmp_path) == first
    assert "not blessed" not in first.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "metrics.json"]


def test_a_section_that_fails_costs_only_itself(
    results: RunResults, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("report.sections.training._trained", lambda *args: 1 / 0)
    page = Page(render(results))
    assert page.text.count(FAILED) == 1
    assert "'training'" in caplog.text
    assert "Example recommendations" in page.text


WORDS = st.one_of(
    st.sampled_from(["ndcg", "clicks", "new", "old", "title", "eval", "", "<b>", "\ud83c", "nan"]),
    st.text(max_size=5),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=True, allow_infinity=True), WORDS
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)


def shaped(keys: list[str], values: st.SearchStrategy = ANYTHING) -> st.SearchStrategy:
    """An object that has some of the keys, with values of any type."""
    return st.one_of(st.fixed_dictionaries({}, optional=dict.fromkeys(keys, values)), ANYTHING)


NUMBERS = ["mean", "ci_low", "ci_high"]
SUMMARY = shaped(["ndcg", "clicks", "coverage", "made_up"], shaped(NUMBERS))
MODEL = shaped(
    ["overall", "scenarios", "fit_seconds"], st.one_of(SUMMARY, shaped(["title"], SUMMARY))
)
TEST = shaped(
    [
        *("metric", "candidate", "baseline", "test", "n", "p_value", "p_adjusted", "effect"),
        *("mean_difference", "ci_low", "ci_high", "significant", "scenario", "reason"),
        "minimum_detectable",
    ],
    SCALARS,
)
METRICS = st.fixed_dictionaries(
    {},
    optional={
        "data": shaped(["playlists", "tracks", "rejects"]),
        "models": shaped(["new", "old"], MODEL),
        "tests": st.lists(TEST, max_size=3),
        "blessing": shaped(["blessed", "reasons"]),
        "pushed_version": SCALARS,
        "push": SCALARS,
        "served": shaped(["version", "family", "comparison", "reason"], SCALARS),
        "seconds": shaped(["Trainer", "Pusher"], SCALARS),
    },
)
DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "run": shaped(["started", "seconds", "candidate", "baselines", "served", "config"]),
        "data": shaped(["features", "anomalies", "lengths", "vocabularies"]),
        "training": shaped(
            ["new", "old"],
            shaped(["history"], st.lists(shaped(["step", "loss", "epoch"], SCALARS), max_size=4)),
        ),
        "tuning": shaped(["new", "old"], st.lists(shaped(["trial", "ndcg", "values"]), max_size=3)),
        "gate": shaped(["metric", "config"]),
        "evaluator": st.lists(shaped(["feature", "value", "metrics"]), max_size=2),
        "examples": st.lists(shaped(["title", "seeds", "recommended", "withheld"]), max_size=2),
    },
)


@hypothesis.settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.too_slow,
    ],
)
@hypothesis.given(metrics=METRICS, details=DETAILS)
def test_no_content_breaks_the_page(
    tmp_path: Path, metrics: dict[str, object], details: dict[str, object]
) -> None:
    (tmp_path / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    (tmp_path / "details.json").write_text(json.dumps(details), encoding="utf-8")
    page = Page(render(load(tmp_path)))
    assert FAILED not in page.text
    page.text.encode("utf-8")
