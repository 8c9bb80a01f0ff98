"""Runs benchmarks by name, or all of them."""

from __future__ import annotations

import importlib
import os
import warnings
from typing import Annotated

import typer
from rich.console import Console
from rich.pretty import Pretty

from benchmarks import harness

#: Module under `benchmarks` by name; each has `measure() -> dict | None`, None where it cannot run.
BENCHMARKS = {
    "fixed-cost": "fixed_cost",
    "sample-run": "sample_run",
    "mpd-sample-run": "mpd_sample_run",
    "ingest": "ingest",
    "data-stages": "data_stages",
    "parallelism": "parallelism",
    "whole-runs": "whole_runs",
    "evaluation-speed": "evaluation_speed",
    "serving-speed": "serving_speed",
    "serving-soak": "serving_soak",
    "two-stage-costs": "two_stage_costs",
    "index": "index",
    "claim-honesty": "claim_honesty",
    "ablation": "ablation",
    "training-speed": "training_speed",
    "big-catalogue": "big_catalogue",
    "incremental": "incremental",
    "landing": "landing",
    "trending": "trending",
    "segments": "segments",
    "listeners-recommended": "listeners_recommended",
    "feature-store": "feature_store",
    "gateway": "gateway_overhead",
}


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Which to run; all by default.")] = None,
) -> None:
    """Measures and writes benchmarks/results/NAME.json."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    warnings.filterwarnings("ignore", category=FutureWarning, module="google")
    console = Console()
    unknown = set(names or ()) - set(BENCHMARKS)
    if unknown:
        raise typer.BadParameter(
            f"no benchmark named {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}"
        )
    for name in names or BENCHMARKS:
        console.rule(name)
        module = importlib.import_module(f"benchmarks.{BENCHMARKS[name]}")
        figures = module.measure()
        if figures is None:
            console.print(f"{name}: skipped, its data is not here")
            continue
        console.print(Pretty(figures))
        console.print(f"Written to {harness.record(name, figures).relative_to(harness.ROOT)}")


if __name__ == "__main__":
    typer.run(main)
