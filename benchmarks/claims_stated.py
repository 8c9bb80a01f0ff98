"""The figures that README and documents state, sentence by sentence."""

from __future__ import annotations

from typing import Final


def _model(name: str, family: str) -> str:
    run, best = "mpd-sample-run", "**" if family == "two_stage" else ""
    scores = f"{run}/validation/{family}/scores"
    return (
        f"| {name} | {{{run}/eval/{family}/ndcg:.4f}} | {best}{{{scores}/ALL/ndcg:.4f}}{best} | "
        f"{{{scores}/ALL/r_precision:.4f}} | {{{scores}/ALL/clicks:.2f}} | "
        f"{{{scores}/title/ndcg:.4f}} |"
    )


def _cost(what: str, path: str) -> str:
    return (
        f"| {what} | {{{path}/seconds:.0f}} s | {{{path}/cpu_seconds:.0f}} s | "
        f"{{{path}/peak_gib:.1f}} GiB |"
    )


def _index(what: str, tracks: str, case: str) -> str:
    path = f"index/{case}"
    return (
        f"| {what} | {tracks} | {{{path}/partitions:,}} | {{{path}/probes}} | "
        f"{{{path}/recall@100:.3f}} | {{{path}/recall@500:.3f}} | "
        f"{{{path}/single/cpu_ratio:.2f}} | {{{path}/single/wall_ratio:.2f}} | "
        f"{{{path}/single_unpadded/cpu_ratio:.2f}} | {{{path}/single_unpadded/wall_ratio:.2f}} | "
        f"{{{path}/batch_of_2/cpu_ratio:.2f}} | {{{path}/batch_of_4/cpu_ratio:.2f}} | "
        f"{{{path}/batch_of_16/cpu_ratio:.2f}} | {{{path}/batch_of_16/wall_ratio:.2f}} |"
    )


def _evaluation(case: str) -> str:
    path = f"evaluation-speed/{case}"
    return (
        f"| {{{path}/tracks:,}} | {{{path}/factors}} | {{{path}/cpu/ms_a_playlist:.1f}} | "
        f"{{{path}/cpu/bare 256/ms_a_playlist:.1f}} | {{{path}/cpu/bare 64/ms_a_playlist:.1f}} | "
        f"{{{path}/cpu/bare 256/ratio:.2f}}, {{{path}/cpu/bare 64/ratio:.2f}} |"
    )


def _stage(name: str) -> str:
    path, bold = f"data-stages/{{}}/{name}", "**" if name == "all" else ""
    cells = (
        f"{{{path.format(size)}/cpu_seconds:,.0f}} | {{{path.format(size)}/peak_mib:,}}"
        for size in (10_000, 100_000, 1_000_000)
    )
    return f"| {bold}{name}{bold} | {' | '.join(cells)} |"


def _recommended(model: str, policies: str, said: str, workers: int) -> str:
    path = f"listeners-recommended/commands/{model}, {policies}, {workers} workers"
    return (
        f"| {model} | {said} | {'one' if workers == 1 else 'two'} | "
        f"{{{path}/cpu_ms_per_listener:.2f}} | "
        f"{{{path}/listeners_per_second:,}} | {{{path}/listeners_per_second_whole_command:,}} |"
    )


def _refreshed(said: str, hours: int) -> str:
    path = f"feature-store/refresh/every_{hours}_hours"
    recall, gain = f"{path}/recall_at_100", f"{path}/gain_of_every_hour"
    told = f"{{{recall}/mean:.3f}} ({{{recall}/ci_low:.3f}} to {{{recall}/ci_high:.3f}})"
    more = f"{{{gain}/mean:+.3f}} ({{{gain}/ci_low:+.3f}} to {{{gain}/ci_high:+.3f}})"
    return (
        f"| {said} | {{{path}/cpu_seconds_a_day:.1f}} | {{{path}/listener_hours_with_features}} | "
        f"{told} | {more if hours > 1 else ''} |"
    )


def _reads(keys: int) -> str:
    path = "feature-store/stores/{}/read_ms/keys_{}/{}"
    cells = (
        f"{{{path.format(store, keys, key)}:.2f}}"
        for store in ("embedded", "feast_duckdb_redis")
        for key in ("p50", "p99")
    )
    return f"| {keys} | {' | '.join(cells)} |"


def _modes(stage: str) -> str:
    path = f"parallelism/100000/{stage}"
    cells = (
        f"{{{path}/{number}/{key}}}"
        for key in ("seconds:.0f", "cpu_seconds:.0f", "peak_mib:,")
        for number in (1, 2)
    )
    return f"| {stage} | {' | '.join(cells)} |"


def _orders(pair: str, playlists: int) -> str:
    path = f"parallelism/{playlists}/{pair}"
    cells = (
        f"{{{path}/{order}/{key}:.0f}}"
        for key in ("seconds", "cpu_seconds")
        for order in ("one after the other", "side by side")
    )
    return f"| {pair} | {playlists:,} | {' | '.join(cells)} |"


def _whole(playlists: int) -> str:
    path = f"whole-runs/{playlists}"
    return (
        f"| {playlists:,} | {{{path}/tracks:,}} | {{{path}/seconds:,.0f}} | "
        f"{{{path}/cpu_seconds:,.0f}} | {{{path}/peak_gib:.1f}} |"
    )


def _trending(what: str, case: str, *, gains: bool = True) -> str:
    path, cells = f"trending/{case}", []
    for at in ("recall@50", "recall@500"):
        gain = f"{path}/gain/{at}"
        cells += [
            f"{{{path}/{at}/mean:.3f}}",
            f"{{{gain}/mean:+.3f}}, {{{gain}/ci_low:+.3f}} to {{{gain}/ci_high:+.3f}}"
            if gains
            else "",
        ]
    return f"| {what} | {' | '.join(cells)} |".replace("|  |", "| |")


def _law(name: str, *, skewed: bool = True) -> str:
    path = f"claim-honesty/claims/{name}"
    skewness = f"{{{path}/skewness:.1f}}" if skewed else "none"
    rates = (f"{{{path}/playlists/{size}/claimed:.1%}}" for size in (50, 100, 200, 500, 1000))
    ranks = f"{{{path}/playlists/200/wilcoxon:.0%}}"
    return f"| {name} | {skewness} | {' | '.join(rates)} | {ranks} |"


def _share(percent: int, loss: float, playlists: int) -> str:
    law = f"{percent}% lose {loss}"
    return f"{{claim-honesty/claims/{law}/playlists/{playlists}/claimed:.0%}}"


_SOAK: Final = "serving-soak/resident_mib_"

_STAGES: Final = ("Ingest", "ImportExampleGen", "StatisticsGen", "Holdout", "Transform", "all")
_DATA_NODES: Final = "StatisticsGen and Holdout"
_TRAINERS: Final = "Trainer.als and Trainer.two_stage"

_LAWS: Final = (
    *("normal", "unlike models by a coin", "20% lose 0.08, the others gain 0.02"),
    *("10% lose 0.09, the others gain 0.01", "one minus exponential"),
    *("8% gain 0.1, 4% lose 0.2, no other differs", "5% lose 0.19", "gamma of 0.5"),
    *("4% gain 0.1, 2% lose 0.2, no other differs", "1% lose 0.495, noise 0.05"),
    *("lognormal, 0.8", "3% lose 0.32", "gamma of 0.25", "5% lose 0.19, no noise"),
    *("2% lose 0.49", "gamma of 0.11", "2% lose 0.49, no noise", "1% lose 0.99"),
    "1% lose 0.99, no noise",
)

#: Documents and their headings, and the sentences in them that hold figures. What stands outside
#: braces is no measurement, but says what was measured.
STATED: Final = {
    ("README.md", "## What was measured"): (
        "two cores and 24 GiB",
        "on 5,571 real playlists of the MPD with the profile `configs/mpd-sample.yaml` "
        "({mpd-sample-run/playlists/train:,} to train on, and {mpd-sample-run/playlists/stop} more "
        "that choose the number of epochs and then are fitted to as well). Eval are "
        "{mpd-sample-run/playlists/eval} held-out",
        "validation are 500 other playlists",
        _model("two_stage: the towers' candidates ranked by a network", "two_stage"),
        _model("two_tower", "two_tower"),
        _model("als (192 factors, title prior)", "als"),
        _model("item_knn (BM25)", "item_knn"),
        _model("popularity", "popularity"),
        _cost("`make run` on the built-in sample, 2,000 playlists, empty cache", "sample-run"),
        _cost("fixed cost: the whole pipeline on 100 playlists", "fixed-cost"),
        _cost("the real sample, five models, two_stage the candidate", "mpd-sample-run"),
        "Evaluation with ALS, from held-out files to rows of metrics, takes "
        "{evaluation-speed/mpd-sample/cpu/ms_a_playlist:.1f} ms of CPU a playlist over "
        "{evaluation-speed/mpd-sample/tracks:,} tracks. That is "
        "{evaluation-speed/mpd-sample/cpu/bare 256/ratio:.2f} of the speed of a bare NumPy "
        "`Q @ C.T` with argpartition to the best 500, in the same process and in the same batches "
        "of 256, and {evaluation-speed/mpd-sample/cpu/bare 64/ratio:.2f} of that in batches of 64",
        "takes {training-speed/closed_form/cpu_seconds_to_als:.2f} times the CPU time of "
        "`implicit`'s ALS with the same {training-speed/factors} factors",
        "gain nothing there, {training-speed/gradient/cpu_seconds_to_als:.1f} times",
        "Over 2.3 million synthetic tracks and 20,000 playlists an ALS start and an epoch of the "
        "sampled softmax peak at {big-catalogue/ALS start, one epoch/peak_gib:.1f} GiB.",
        "(development server, {serving-speed/tracks:,} tracks)",
        "p50 at concurrency 1 is {serving-speed/two_stage/latency_ratio:.2f} times the function's "
        "own, and at 32 with batching the throughput is "
        "{serving-speed/two_stage/throughput_ratio:.2f} of the function's in full batches; with "
        "the lighter ALS it is {serving-speed/als/throughput_ratio:.2f}, short of the 0.8 wanted.",
        "Ten minutes of steady load: {serving-soak/requests:,} requests, no error, resident memory "
        f"{{{_SOAK}after_1_minute}} MiB after the first minute and {{{_SOAK}at_the_end}} MiB at "
        "the end.",
        "at 2.3 million tracks × 128 an index with its defaults finds "
        "{index/resampled 2300000/recall@100:.3f} of brute force's best 100 and "
        "{index/resampled 2300000/recall@500:.3f} of the best 500, in "
        "{index/resampled 2300000/single/cpu_ratio:.2f} of its CPU time for a playlist alone and "
        "{index/resampled 2300000/batch_of_16/cpu_ratio:.2f} in batches of 16",
        "On the real sample ({index/als/tracks:,} tracks × 192) it finds "
        "{index/als/recall@100:.3f} and {index/als/recall@500:.3f} with ALS, "
        "{index/two_tower/recall@100:.3f} and {index/two_tower/recall@500:.3f} with the towers.",
        "in {index/als/single/cpu_ratio:.2f} and {index/two_tower/single/cpu_ratio:.2f} of brute "
        "force's CPU time ({index/als/single/wall_ratio:.2f} and "
        "{index/two_tower/single/wall_ratio:.2f} of its wall time), but for batches of 16",
        "in {index/als/batch_of_16/cpu_ratio:.2f} and {index/two_tower/batch_of_16/cpu_ratio:.2f}, "
        "and in {index/als/single_unpadded/cpu_ratio:.2f} and "
        "{index/two_tower/single_unpadded/cpu_ratio:.2f} of a brute force",
        "from some 500,000 tracks on",
        "takes {ingest/real sample/cpu_seconds:.0f} s of CPU. Its memory peaks at "
        "{ingest/20000 synthetic/peak_mib} MiB for 20,000 synthetic playlists and at "
        "{ingest/80000 synthetic/peak_mib} MiB for 80,000.",
    ),
    ("docs/retrieval.md", "## Measured"): (
        "2, 4 and 16 in a batch",
        "2 | 4 | 16, CPU",
        "brute force takes {index/als/single/brute_force_cpu_ms:.0f} ms of CPU for a playlist "
        "alone and {index/als/batch_of_16/brute_force_cpu_ms:.0f} ms for 16",
        "the index {index/als/single/index_cpu_ms:.0f} and "
        "{index/als/batch_of_16/index_cpu_ms:.0f} ms",
        "above a quarter from 2 playlists in a batch on",
        "half in batches of 16",
        "from some 500,000 tracks on, where batches of 16 take "
        "{index/resampled 500000/batch_of_16/cpu_ratio:.2f}",
        "`export.rows_per_step: 1`",
        "| recall@100 | recall@500 |",
        "brute force's best 100 and 500",
        "the best 500 of it",
        _index("ALS of the real sample, 192 factors", "{index/als/tracks:,}", "als"),
        _index("two_tower of the real sample, 192", "{index/two_tower/tracks:,}", "two_tower"),
        _index("`clustered`, 128", "171,000", "clustered 171000"),
        _index("`resampled`, 128", "500,000", "resampled 500000"),
        _index("`resampled`, 128", "1,000,000", "resampled 1000000"),
        _index("`clustered`, 128", "2,300,000", "clustered 2300000"),
        _index("`resampled`, 128", "2,300,000", "resampled 2300000"),
        _index("independent normal numbers, 128", "171,000", "gaussian 171000"),
        "At 2.3 million tracks × 128 the build took "
        "{index/resampled 2300000/build_cpu_seconds:.0f} s of CPU and "
        "{index/resampled 2300000/peak_gib:.1f} GiB",
    ),
    ("docs/scaling.md", "## What was measured"): (
        "66 entries",
        "two cores of an Intel Xeon, 24 GiB",
        "| stage | 10,000: CPU seconds | MiB at most | 100,000: CPU seconds | MiB at most | "
        "1,000,000: CPU seconds | MiB at most |",
        *(_stage(name) for name in _STAGES),
        "which took three times as much at 100,000",
        "each copy of 1.5 million tracks of 128 factors is 0.8 GB",
        "some 46 GiB and 3.7 hours of CPU time for a whole run of that size",
        *(_whole(playlists) for playlists in (100_000, 300_000)),
    ),
    ("docs/scaling.md", "## What a second core gives"): (
        "100,000 playlists on two idle cores",
        "`beam.processes` 1 and 2",
        "| stage | wall, 1 | wall, 2 | CPU, 1 | CPU, 2 | MiB, 1 | MiB, 2 |",
        *(_modes(stage) for stage in _STAGES if stage not in ("ImportExampleGen", "all")),
        "| nodes | playlists | wall, in turn | wall, side by side | CPU, in turn | "
        "CPU, side by side |",
        _orders(_DATA_NODES, 10_000),
        _orders(_DATA_NODES, 100_000),
        _orders(_TRAINERS, 10_000),
    ),
    ("docs/scaling.md", "## Evaluation"): (
        "argpartition to the best 500, sorted, in float32 on all cores",
        "the whole catalogue, seeds left out, the best 500 in order",
        "in CPU time scoring keeps to 0.8 of the bare product's speed",
        "with the same rows of metrics to the last bit (ALS, 5,120 real playlists)",
        "so 2,000 and 10,000 are scored",
        "Scoring takes batches of 256; NumPy is quickest in batches of 64.",
        "| tracks | factors | CPU ms a playlist | bare, 256 | bare, 64 |",
        *(_evaluation(case) for case in ("mpd-sample", "60000", "500000")),
        "beside batches of 256 the ratio of the real sample's was "
        "{evaluation-speed/mpd-sample/wall/bare 256/ratio:.2f} in this run "
        "and 1.21 in the one before",
        "at 60,000 tracks the rest weighs more",
        "takes {evaluation-speed/mpd-sample/parts/function_cpu_ms:.1f} ms of CPU a playlist",
        "it is {evaluation-speed/mpd-sample/parts/function_and_rows_cpu_ms:.1f} ms",
        "scores up to 64 playlists at once, as far as their scores fit into 128 MiB",
        "Above 256,000 tracks the best are found in two exact steps: the best 500 blocks of 32",
        "It takes {evaluation-speed/mpd-sample/evaluator/cpu_ms_a_playlist:.1f} ms of CPU a "
        "playlist and model",
    ),
    ("docs/evaluation.md", "### How often a claim is false"): (
        "draws differences whose true mean is 0",
        "is claimed at alpha = 5%: {claim-honesty/comparisons} comparisons each, so that a true 5% "
        "shows as 3.1% to 6.9%",
        "has all 25 laws with intervals",
        "| differences with mean 0 | skewness | 50 | 100 | 200 | 500 | 1,000 | Wilcoxon at 200 |",
        *(_law(name) for name in _LAWS),
        _law("Student's t with 3 degrees of freedom", skewed=False),
        "From 100 playlists on, the level holds up to a skewness against the claim of 0.2 times "
        "the root of the number of playlists: 2 at 100, 2.8 at 200, 4.5 at 500, 6.3 at 1,000.",
        f"There {_share(2, 0.49, 100)} of the claims at 100 playlists are false where 2% lose much,"
        f" and where 1% loses nearly everything {_share(1, 0.99, 100)}, and "
        f"{_share(1, 0.99, 200)} at 200",
        "With 50 playlists the same begins at a skewness of about 4.",
        "a gain that a t-test on normal differences sees in 90 of 100 cases is claimed in "
        "{claim-honesty/power/100:.0%} of the cases at 100 playlists, in "
        "{claim-honesty/power/200:.0%} at 200, in {claim-honesty/power/500:.0%} at 500 and in "
        "{claim-honesty/power/1000:.0%} at 1,000. Where nothing is skewed, false claims are rarer "
        "than 5%.",
    ),
    ("docs/events.md", "### Speed"): (
        "{landing/directory/messages_per_cpu_second:,} messages a second of CPU time from a "
        "directory, {landing/kafka/messages_per_cpu_second:,} from Kafka (`make bench "
        "ARGS=landing`), in {landing/directory/peak_mib} and {landing/kafka/peak_mib} MiB",
        "{landing/microseconds/contract:.1f} go to the contract's checks and "
        "{landing/microseconds/columns:.1f} to columns",
        "keys take {landing/microseconds/keys:.1f}, Parquet {landing/microseconds/parquet:.1f}",
    ),
    ("docs/events.md", "### Trending"): (
        "leaves out what happened then or later",
        "On the last of {trending/days} days of a synthetic world (2,000 playlists, "
        "{trending/listeners:,} listeners, seed {trending/seed}; `make bench ARGS=trending`), of "
        "the tracks that each of {trending/listeners_with_finds} listeners streamed",
        "among the first 50 and 500",
        "with 95% intervals",
        "| popularity of | first 50 | gain | first 500 | gain |",
        _trending("playlists", "playlists", gains=False),
        _trending("streams, all alike", "half_life_8760_hours"),
        _trending("streams, half-life 72 hours", "half_life_72_hours"),
        _trending("streams, half-life 24 hours", "half_life_24_hours"),
        _trending("streams, half-life 6 hours", "half_life_6_hours"),
    ),
    ("docs/recommendations.md", "### Speed"): (
        "commands of 1,968 and of "
        "{listeners-recommended/commands/als, discover, 2 workers/listeners:,} listeners, "
        "{listeners-recommended/tracks:,} tracks",
        *(
            _recommended(model, policies, said, workers)
            for model in ("als", "two_tower")
            for policies, said in (("discover", "one"), ("all", "all three"))
            for workers in (1, 2)
        ),
    ),
    ("docs/features.md", "### What it costs"): (
        "of {feature-store/listeners} listeners and {feature-store/days} days",
        "hours of listeners with features, of "
        "{feature-store/refresh/every_1_hours/listener_hours} | recall at 100 (95%) | what a "
        "refresh every hour would add (95%, paired) |",
        "among 100 tracks",
        _refreshed("24 hours", 24),
        _refreshed("12 hours", 12),
        _refreshed("4 hours", 4),
        _refreshed("1 hour", 1),
        *map(_reads, (1, 10, 100)),
    ),
}
