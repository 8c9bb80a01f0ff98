"""How often the gate is wrong: simulated decisions from resampled per-playlist rows.

    python -m benchmarks.gate_honesty ROWS.parquet --model als_seed1 --twin als_seed2

Each simulation draws playlists with replacement and lets the real gate decide. What is true is
known by construction:

- Equal models: in every playlist a coin decides which of MODEL and TWIN (the same model with
  another seed) is the candidate, so that neither is better. The same with MODEL and a baseline
  gives equal models that differ as much as two methods do.
- A model with noise of known size: on a random share of the playlists the candidate's row is
  replaced by the baseline's, as if it were broken there. The share sets the loss in the mean.
- An improvement of known size: the same with the roles exchanged.
- Equal models whose differences are skewed: one of them is broken like that on a share of the
  playlists, and gains as much in all on the others as it loses there.

A wrong refusal is one by the gate or by the Evaluator, whose threshold is looked at beside it.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import time
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from benchmarks import harness
from benchmarks.gate_honesty_plot import draw
from components.evaluator.options import EvaluatorOptions
from evaluation.gate import decide
from evaluation.gate_config import GateConfig
from evaluation.metrics.registry import find
from schema import rows as columns

Rule = Literal["not_significantly_worse", "non_inferior", "better"]
RULES: Final[tuple[Rule, ...]] = ("not_significantly_worse", "non_inferior", "better")
#: Shares of playlists in which one of two equal models falls to the baseline.
SKEWED: Final = (0.1, 0.05)
#: Numbers of playlists for which the Evaluator's threshold alone is looked at.
EVALUATOR_SIZES: Final = (50, 100, 200, 500, 1000)
OTHERS: Final = ("twin", "baseline")
_EVALUATOR_DRAWS: Final = 4000
SIZES: Final = (0.0, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15)


@dataclasses.dataclass(frozen=True)
class Population:
    """What is drawn from: aligned rows of three models, one playlist a row.

    Attributes:
        scenario: of each playlist.
        model: the metric of the model.
        twin: of the same model with another seed.
        baseline: of a baseline that both beat.
    """

    scenario: np.ndarray
    model: np.ndarray
    twin: np.ndarray
    baseline: np.ndarray

    @property
    def skewed(self) -> dict[str, float]:
        """Skewness of the differences, by the share of playlists that is broken."""
        fall = self.model - self.baseline
        found = {}
        for share in SKEWED:
            gain = share * fall.mean() / (1 - share)
            square = share * (fall**2).mean() + (1 - share) * gain**2
            third = (1 - share) * gain**3 - share * (fall**3).mean()
            found[f"{share:.0%}"] = float(third / square**1.5)
        return found

    @property
    def largest_loss(self) -> float:
        """The loss of a model that is broken everywhere, as a share of its mean."""
        return 1 - float(self.baseline.mean() / self.model.mean())


def load(
    path: str | Path, *, metric: str, model: str | None, twin: str | None, baseline: str
) -> tuple[Population, dict[str, str]]:
    """Reads rows; without names the best model, the next best and `baseline` are taken.

    Raises:
        ValueError: a model or the metric is not there.
    """
    rows = pd.read_parquet(path)
    if metric not in rows:
        raise ValueError(f"{path} has no column {metric!r}")
    key = [columns.PID, columns.SCENARIO] + [columns.SPLIT] * (columns.SPLIT in rows)
    table = rows.pivot(index=key, columns=columns.MODEL, values=metric).dropna()
    ranked = table.mean().sort_values(ascending=False).index
    model = model or str(ranked[0])
    twin = twin or next(str(name) for name in ranked if name != model)
    for name in (model, twin, baseline):
        if name not in table:
            known = ", ".join(map(str, table.columns))
            raise ValueError(f"{path} has no model {name!r}; it has: {known}")
    population = Population(
        table.index.get_level_values(columns.SCENARIO).to_numpy(),
        *(table[name].to_numpy(dtype=np.float64) for name in (model, twin, baseline)),
    )
    return population, {"model": model, "twin": twin, "baseline": baseline}


class Simulator:
    """Draws comparisons from a population and lets the gate decide."""

    def __init__(self, population: Population, metric: str, playlists: int, seed: int) -> None:
        """Sets up.

        Args:
            population: what to draw from.
            metric: of its values.
            playlists: drawn for each comparison.
            seed: of every draw.
        """
        self._population = population
        self._metric = metric
        self._playlists = playlists
        self._seed = seed

    def blessed(self, config: GateConfig, simulations: int, **situation: Any) -> int:
        """How many of so many candidates the gate blesses; what is true of them is in `draw`."""
        return sum(self._decide(config, i, **situation) for i in range(simulations))

    def refused(self, config: GateConfig, simulations: int, **situation: Any) -> dict[str, int]:
        """How many of so many candidates are refused by the gate, by the Evaluator, by either."""
        counts = {"gate": 0, "evaluator": 0, "either": 0}
        for i in range(simulations):
            gate = not self._decide(config, i, **situation)
            evaluator = self.evaluator_refuses(i, **situation)
            counts["gate"] += gate
            counts["evaluator"] += evaluator
            counts["either"] += gate or evaluator
        return counts

    def evaluator_refuses(self, number: int, **situation: Any) -> bool:
        """Whether the Evaluator holds a drop over all playlists against the candidate."""
        sides, _ = self.draw(number, **situation)
        candidate, served = sides["candidate"].mean(), sides["served"].mean()
        drop = EvaluatorOptions().max_relative_drop
        if find(self._metric).higher_is_better:
            return bool(candidate < (1 - drop) * served)
        return bool(candidate > (1 + drop) * served)

    def draw(
        self, number: int, *, loss: float = 0.0, other: str = "twin", skewed: float = 0.0
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """One comparison.

        Args:
            number: of the simulation; the same number draws the same playlists.
            loss: of the candidate's mean, as a share of it; below 0 the served model has it, and
                the candidate improves on that one.
            other: which model it is exchanged with, "twin" or "baseline".
            skewed: on which share of the playlists the candidate falls to the baseline, gaining
                on the others what it loses there; below 0 the served model does. A loss is then
                one of every playlist alike.

        Returns:
            The metric by side, float [n] each, and the scenario of each playlist.
        """
        rng = np.random.default_rng([self._seed, number])
        population = self._population
        drawn = rng.integers(0, len(population.model), self._playlists)
        one, two = population.model[drawn], getattr(population, other)[drawn]
        coin = rng.random(self._playlists) < 0.5
        low = population.baseline[drawn]
        if skewed:
            share = abs(skewed)
            gain = share * (population.model - population.baseline).mean() / (1 - share)
            broken = rng.random(self._playlists) < share
            uneven = np.where(broken, low, one + gain)
            candidate, served = (uneven, one) if skewed > 0 else (one, uneven)
            candidate = candidate - loss * population.model.mean()
        else:
            candidate, served = np.where(coin, one, two), np.where(coin, two, one)
            broken = rng.random(self._playlists) < abs(loss) / population.largest_loss
            if loss > 0:
                candidate = np.where(broken, low, candidate)
            elif loss < 0:
                served = np.where(broken, low, served)
        sides = {"candidate": candidate, "served": served, "popularity": low}
        return sides, population.scenario[drawn]

    def _decide(self, config: GateConfig, number: int, **situation: Any) -> bool:
        sides, scenario = self.draw(number, **situation)
        rows = pd.DataFrame(
            {
                columns.MODEL: np.repeat(list(sides), self._playlists),
                columns.PID: np.tile(np.arange(self._playlists), len(sides)),
                columns.SCENARIO: np.tile(scenario, len(sides)),
                self._metric: np.concatenate(list(sides.values())),
            }
        )
        return decide(config, rows, "candidate", "served", split=None, seed=self._seed).blessed


def rate(count: int, simulations: int) -> dict[str, Any]:
    """A share with Wilson's 95% interval."""
    low, high = proportion_confint(count, simulations, method="wilson")
    return {
        "count": count,
        "simulations": simulations,
        "rate": count / simulations,
        "ci_low": float(low),
        "ci_high": float(high),
    }


def run(
    population: Population,
    config: GateConfig,
    *,
    simulations: int,
    null_simulations: int,
    playlists: int,
    seed: int,
) -> dict[str, Any]:
    """The whole experiment.

    Args:
        population: what to draw from.
        config: the gate, of which the rule against the served model is varied.
        simulations: decisions behind each point of the curves.
        null_simulations: decisions behind each rate of false blessings.
        playlists: in each.
        seed: of every draw.

    Returns:
        Rates of blessing: `equal_models` by rule and `curves` by rule and size, a negative size
        being a loss; `false_blessings`, where no candidate deserves it, and `wrong_refusals` by
        gate or Evaluator, where each does; `skewness` of the skewed ones' differences;
        `evaluator_alone`, what the Evaluator refuses of equal models by number of playlists.
    """
    simulator = Simulator(population, config.metric, playlists, seed)
    gates = {rule: config.model_copy(update={"against_served": rule}) for rule in RULES}
    # Only what beats popularity by construction is asked about here, and only the test itself.
    bare = gates["better"].model_copy(update={"better_than": (), "max_scenario_drop": None})
    at_margin = gates["non_inferior"].model_copy(
        update={"better_than": (), "max_scenario_drop": None}
    )

    def null(gate: GateConfig, **situation: Any) -> dict[str, Any]:
        blessed = simulator.blessed(gate, null_simulations, **situation)
        return rate(blessed, null_simulations)

    # Whether popularity is beaten is another question.
    lenient = gates["not_significantly_worse"].model_copy(update={"better_than": ()})

    def refused(**situation: Any) -> dict[str, Any]:
        counts = simulator.refused(lenient, null_simulations, **situation)
        by = {name: rate(counts[name], null_simulations) for name in ("gate", "evaluator")}
        return rate(counts["either"], null_simulations) | by

    curves: dict[str, list[dict[str, Any]]] = {}
    for rule, gate in gates.items():
        sign = 1 if rule == "better" else -1
        curves[rule] = [
            {"size": sign * size + 0.0}
            | rate(simulator.blessed(gate, simulations, loss=-sign * size), simulations)
            for size in SIZES
            if size <= population.largest_loss
        ]
    return {
        "equal_models": {rule: curves[rule][0] for rule in RULES},
        "false_blessings": {
            "better, equal models": null(bare),
            "better, equal models as unlike as model and baseline": null(bare, other="baseline"),
            **{
                f"better, equal models, few large losses in {share:.0%}": null(bare, skewed=share)
                for share in SKEWED
            },
            "non_inferior, worse by the margin": null(at_margin, loss=config.margin),
            **{
                f"non_inferior, worse by the margin, few large losses in {share:.0%}": null(
                    at_margin, loss=config.margin, skewed=share
                )
                for share in SKEWED
            },
        },
        "wrong_refusals": {
            "not_significantly_worse, equal models": refused(),
            "not_significantly_worse, equal models as unlike as model and baseline": refused(
                other="baseline"
            ),
            **{
                f"not_significantly_worse, equal models, few large gains in {share:.0%}": refused(
                    skewed=-share
                )
                for share in SKEWED
            },
        },
        "skewness": population.skewed,
        "evaluator_alone": {
            str(n): {other: _evaluator(population, config.metric, n, other) for other in OTHERS}
            for n in EVALUATOR_SIZES
        },
        "curves": curves,
    }


def _evaluator(population: Population, metric: str, playlists: int, other: str) -> dict[str, Any]:
    """How often the Evaluator's threshold refuses one of two equal models."""
    simulator = Simulator(population, metric, playlists, seed=1)
    refused = sum(simulator.evaluator_refuses(i, other=other) for i in range(_EVALUATOR_DRAWS))
    return rate(refused, _EVALUATOR_DRAWS)


def main() -> None:
    """Reads the arguments, runs, and writes JSON and plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", help="per_playlist.parquet")
    parser.add_argument("--model", help="by default the best")
    parser.add_argument("--twin", help="the same with another seed; by default the next best")
    parser.add_argument("--baseline", default="popularity")
    parser.add_argument("--metric", default="ndcg")
    parser.add_argument("--playlists", type=int, help="in a comparison; by default as in the rows")
    parser.add_argument("--simulations", type=int, default=500, help="of each point of the curves")
    parser.add_argument("--null-simulations", type=int, default=4000, help="of false blessings")
    parser.add_argument("--resamples", type=int, default=999, help="of the bootstrap")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default="docs", help="for gate_honesty.json and .svg")
    args = parser.parse_args()
    try:
        population, names = load(
            args.rows,
            metric=args.metric,
            model=args.model,
            twin=args.twin,
            baseline=args.baseline,
        )
        config = GateConfig(metric=args.metric, resamples=args.resamples)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    playlists = args.playlists or len(population.model)
    start = time.monotonic()
    found = run(
        population,
        config,
        simulations=args.simulations,
        null_simulations=args.null_simulations,
        playlists=playlists,
        seed=args.seed,
    )
    found = {
        "measured": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "machine": harness.machine(),
        "names": names,
        "metric": args.metric,
        "playlists": playlists,
        "means": {
            "model": float(population.model.mean()),
            "twin": float(population.twin.mean()),
            "baseline": float(population.baseline.mean()),
        },
        "alpha": config.alpha,
        "margin": config.margin,
        "max_scenario_drop": config.max_scenario_drop,
        "seed": args.seed,
        **found,
        "seconds": round(time.monotonic() - start, 1),
    }
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "gate_honesty.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (out / "gate_honesty.svg").write_text(draw(found), encoding="utf-8")
    for kind in ("false_blessings", "wrong_refusals"):
        for name, figure in found[kind].items():
            print(
                f"{kind.replace('_', ' ')}, {name}: {figure['rate']:.1%} "
                f"({figure['ci_low']:.1%} to {figure['ci_high']:.1%}), nominal {config.alpha:.0%}"
            )
    print(f"{out / 'gate_honesty.json'}, {out / 'gate_honesty.svg'} in {found['seconds']} s")


if __name__ == "__main__":
    main()
