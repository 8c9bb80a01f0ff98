"""metrics.json (contract C2), and what the Significance component leaves for it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schema.documents.base import Document, Part, Value
from schema.documents.counts import StageCounts


class Estimate(Part):
    """A mean over playlists with its 95% interval; a bound is null for fewer than two values."""

    mean: Value = None
    ci_low: Value = None
    ci_high: Value = None


class ExposureShare(Part):
    """Tracks that as many of train's playlists hold."""

    playlists: str = ""
    """How many, such as "2-5"."""
    shown: Value = None
    """Their share of what the first ten places show, a place at rank r counted 1 / log2(1 + r)."""
    withheld: Value = None
    """Their share of the withheld tracks, each playlist counted the same."""
    found: Value = None
    """The share of their withheld tracks that the lists, in all their length, have."""


class Exposure(Part):
    """The provider's side: whose tracks the first ten places show, beside what was withheld."""

    artists: int = 0
    """How many are shown to anybody."""
    withheld_artists: int = 0
    artists_of_half: int | None = None
    """The fewest that have half of what is shown, counted as in `ExposureShare`."""
    withheld_artists_of_half: int | None = None
    by_popularity: list[ExposureShare] = Field(default_factory=list)
    """From the least known tracks to the best known."""


class ModelSummary(Part):
    """One model on the playlists of one split: estimates by metric, and by scenario and metric."""

    overall: dict[str, Estimate] = Field(default_factory=dict)
    scenarios: dict[str, dict[str, Estimate]] = Field(default_factory=dict)
    fit_seconds: Value = None
    playlists: int | None = None
    cold: dict[str, Estimate] = Field(default_factory=dict)
    """Of playlists of which the model saw nothing but a title."""
    warm: dict[str, Estimate] = Field(default_factory=dict)
    """Of the other playlists."""
    reachable: dict[str, Estimate] | None = None
    """As if tracks that train never saw had not been withheld."""
    ceiling: dict[str, Value] | None = None
    """The best mean that a model of train's tracks could reach, by metric."""
    unreachable_share: Value = None
    """The share of withheld tracks that train never saw."""
    exposure: dict[str, Exposure] = Field(default_factory=dict)
    """By scenario, or by segment where listeners are held out; "" has all of them."""


class PairedTest(Part):
    """A paired comparison of two models in one metric.

    Differences are candidate minus baseline in the metric's own unit in every field: of a metric
    of which less is better, an improvement is negative.
    """

    metric: str = ""
    higher_is_better: bool = True
    candidate: str = ""
    baseline: str = ""
    scenario: str | None = None
    """Whose playlists were compared, null for all."""
    test: str = ""
    """"studentised bootstrap", "McNemar chi-square", "McNemar exact", "bounded mean by betting"
    or "none"."""
    reason: str = ""
    """More about the test, such as why there is none."""
    alternative: Literal["better", "worse", "two-sided"] | None = None
    """What the p-value is evidence for."""
    n: int | None = None
    """Pairs."""
    dropped: int = 0
    """Pairs left out since a value could not be computed."""
    statistic: Value = None
    p_value: Value = None
    p_adjusted: Value = None
    """After Holm's correction over the family that was tested."""
    effect_name: str = ""
    """"d_z", "cohens_g" or "none"."""
    effect: Value = None
    """The effect size that belongs to the test."""
    d_z: Value = None
    """Cohen's d_z, whatever the test."""
    ranks_p_value: Value = None
    """Of Wilcoxon's signed-rank test, which describes and decides nothing."""
    rank_biserial: Value = None
    """Its effect size: the share of favourable ranks minus that of unfavourable ones."""
    skewness: Value = None
    """Of the differences."""
    any_law_p_value: Value = None
    """Of a test that holds for any law; it decides where the differences are too skewed."""
    mean_difference: Value = None
    confidence: Value = None
    """Of the two-sided interval of the mean difference."""
    ci_low: Value = None
    ci_high: Value = None
    ci_method: str = ""
    bound: Value = None
    """The one-sided bound of the mean difference at 1 - alpha, null for a two-sided test."""
    minimum_detectable: Value = None
    """The smallest mean difference that this many playlists would have shown."""
    alpha: Value = None
    significant: bool | None = None
    """Whether the alternative is shown: p_adjusted < alpha, and no skew forbids the claim."""
    caution: str = ""
    """How to read the result where ranks, skew and mean do not say the same."""


class Blessing(Part):
    """Whether the candidate may be pushed, and why; reasons against it come first."""

    blessed: bool | None = None
    reasons: list[str] = Field(default_factory=list)


class Check(Part):
    """One condition of the blessing."""

    name: str = ""
    """"floor", "baseline", "served", "scenario", or "refusal" of another component."""
    passed: bool = False
    text: str = ""
    judged: bool = True
    """False where it could not be looked at: then `passed` is what the configuration decides."""


class ServedModel(Part):
    """The model that was served when the run looked, before it pushed anything."""

    version: str | None = None
    """Null where nothing was served."""
    family: str | None = None
    """Null where its model card does not say."""
    pinned: bool = False
    """Whether the release record names the version, so that no push changes what is served."""
    registry: str | None = None
    """How the registry differs from what is served, or why it was not asked; null where neither."""
    comparison: Literal["none", "made", "same", "not_made"] = "none"
    """Whether the candidate is compared with it: "none" where nothing is served, "same" where it
    is the candidate itself, "not_made" where the comparison would say nothing or not be fair."""
    reason: str | None = None
    """Why the comparison is not made, or what to consider where it is."""


class EvaluatorSlice(Part):
    """What TFX's Evaluator measured on a slice, with its jackknife intervals."""

    feature: str = ""
    """The feature that the playlists share, "" for all playlists."""
    value: str = ""
    """The feature's value."""
    metrics: dict[str, Estimate] = Field(default_factory=dict)


class Judgement(Document):
    """What the Significance component leaves beside its rows, as results.json."""

    models: dict[str, ModelSummary] = Field(default_factory=dict)
    """On the split that decides."""
    test_models: dict[str, ModelSummary] = Field(default_factory=dict)
    """On the split that is only reported."""
    tests: list[PairedTest] = Field(default_factory=list)
    blessing: Blessing = Blessing()
    checks: list[Check] = Field(default_factory=list)
    """Each reason of the blessing, and whether it is one for the candidate."""


class SpanSummary(Part):
    """What a run took of a span: read = playlists + updated + deleted."""

    read: int = 0
    """Playlists that it holds, without what was set aside."""
    playlists: int = 0
    """How many of them the run took."""
    updated: int = 0
    """How many a later span has again, and the run took from there."""
    deleted: int = 0
    """How many the list of deletions names."""
    ingested: int = 0
    """1 where the run read its slices, 0 where an earlier one had."""


class DataSummary(Part):
    """How much data the run saw."""

    playlists: dict[str, int] = Field(default_factory=dict)
    """By split."""
    tracks: int | None = None
    """Distinct tracks of train."""
    rejects: dict[str, int] | None = None
    """Records that ingest set aside, by reason."""
    updated: int = 0
    """Playlists that were left out as a later span has them again."""
    deleted: int = 0
    """Playlists that were left out as the list of deletions names them."""
    spans: dict[str, SpanSummary] = Field(default_factory=dict)
    """By number; empty where the data has none."""
    notes: list[str] = Field(default_factory=list)
    """What is unusual about the spans, such as one that is missing."""


class RunMetrics(Document):
    """metrics.json: the figures of a run."""

    data: DataSummary = DataSummary()
    counts: list[StageCounts] = Field(default_factory=list)
    """The stages in their order; a run in which they do not add up has stopped."""
    models: dict[str, ModelSummary] = Field(default_factory=dict)
    """On the split that decides."""
    test_models: dict[str, ModelSummary] = Field(default_factory=dict)
    """On the split that is only reported."""
    tests: list[PairedTest] = Field(default_factory=list)
    blessing: Blessing = Blessing()
    served: ServedModel | None = None
    """Null in files from before it was recorded."""
    pushed_version: str | None = None
    """The version under which the candidate lies at the destination, if it was blessed."""
    push: str = ""
    """What became of the push, in words."""
    seconds: dict[str, float] = Field(default_factory=dict)
    """Wall time by component."""

    @property
    def pushed(self) -> str:
        """What became of the push, also by files from before `push` was recorded."""
        by_version = f"pushed as version {self.pushed_version}" if self.pushed_version else ""
        return self.push or by_version or "nothing was pushed"


class SharedPlaylists(Part):
    """How many playlists two compared models share, and how many only one of them has."""

    shared: int = 0
    only_a: int = 0
    only_b: int = 0
    unjudged: int = 0
    """Playlists that a submission answers though no withheld tracks of them are known."""
    unanswered: int = 0
    """Playlists with withheld tracks that neither submission answers."""
    caution: str | None = None
    """What the pairing rests on, where that is less than the withheld tracks themselves."""


class ComparisonMetrics(Document):
    """metrics.json of a comparison of two models; a report reads it as that of a run."""

    models: dict[str, ModelSummary] = Field(default_factory=dict)
    tests: list[PairedTest] = Field(default_factory=list)
    playlists: SharedPlaylists = SharedPlaylists()
