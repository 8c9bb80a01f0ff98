"""Every number of a configuration has bounds, and what lies beyond them is refused by name."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
import yaml

from evaluation.metrics.registry import METRICS
from models import families
from pipeline.config import PipelineConfig
from pipeline.overrides import RunConfigError, load_config

# Bounded by the metric that they are about, which JSON Schema cannot say.
BY_METRIC = {"evaluator.min_value", "gate.floors"}

NUMBERS = (".nan", ".inf", "-.inf", "1.0e+18", "-1.0e+18", "1.0e+300", "-1", "-1.0e-9")


class Number(NamedTuple):
    """A number that can be configured, its place and what JSON Schema says of it."""

    key: str
    schema: Mapping[str, Any]
    setting: str

    @property
    def low(self) -> float | None:
        return self.schema.get("minimum", self.schema.get("exclusiveMinimum"))

    @property
    def high(self) -> float | None:
        return self.schema.get("maximum", self.schema.get("exclusiveMaximum"))


def numbers(schema: Mapping[str, Any], key: str = "", setting: str = "NUMBER") -> Iterator[Number]:
    """Walks a JSON Schema; `setting` is YAML with the number's place."""
    definitions = schema.get("$defs", {})

    def walk(node: Mapping[str, Any], key: str, setting: str) -> Iterator[Number]:
        if "$ref" in node:
            node = definitions[node["$ref"].rpartition("/")[2]]
        for part in node.get("anyOf", []):
            yield from walk(part, key, setting)
        if node.get("type") in ("number", "integer"):
            yield Number(key, node, setting)
        elif node.get("type") == "array" and "items" in node:
            yield from walk(node["items"], key, setting.replace("NUMBER", "[NUMBER]"))
        for name, below in node.get("properties", {}).items():
            yield from walk(below, f"{key}.{name}" if key else name, setting)
        if "$ref" in (node.get("additionalProperties") or {}):
            yield from walk(node["additionalProperties"], f"{key}.default", setting)
        elif isinstance(node.get("additionalProperties"), dict) and key != "models":
            for metric in METRICS:
                named = setting.replace("NUMBER", f"{{{metric}: NUMBER}}")
                yield from walk(node["additionalProperties"], key, named)

    yield from walk(schema, key, setting)


ALL = [
    *numbers(PipelineConfig.model_json_schema()),
    *(
        number
        for name in families.names()
        for number in numbers(
            families.family(name).params_type.model_json_schema(), f"models.{name}"
        )
    ),
]


def test_the_walk_reaches_every_corner():
    keys = {number.key for number in ALL}
    assert {
        "seed",
        "split.eval",
        "ingest.shards",
        "gate.floors",
        "evaluator.min_value",
        "export.index.shortlist",
        "models.als.alpha",
        "models.two_stage.ranking.hidden",
        "models.two_stage.retrieval.start.ridge_titles",
    } <= keys
    assert len(keys) > 60


@pytest.mark.parametrize("number", ALL, ids=lambda number: f"{number.key}-{number.setting}")
def test_every_number_has_two_ends_and_beyond_them_its_key_is_named(number):
    if number.key not in BY_METRIC:
        assert number.low is not None, f"{number.key} has no lower bound"
        assert number.high is not None, f"{number.key} has no upper bound"
        assert number.high <= 2**32
    for text in NUMBERS:
        value = yaml.safe_load(text)
        within = (
            number.key not in BY_METRIC
            and not math.isnan(value)
            and number.low <= value <= number.high
        )
        if within:
            continue
        setting = f"{number.key}={number.setting.replace('NUMBER', text)}"
        with pytest.raises(RunConfigError) as error:
            load_config(None, [setting], data="somewhere")
        assert number.key in str(error.value)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("gate.resamples=1", ["gate.resamples", "999"]),
        ("gate.floors={ndcg: 1.5}", ["gate.floors", "ndcg lies between 0 and 1, and 1.5 does not"]),
        ("gate.floors={clicks: 52}", ["gate.floors", "clicks lies between 0 and 51"]),
        ("gate.floors={ndcg: .nan}", ["gate.floors", "between 0 and 1, and nan does not"]),
        ("evaluator={metric: clicks, min_value: 52}", ["evaluator.min_value", "0 and 51"]),
        ("evaluator.min_value=.inf", ["evaluator.min_value", "ndcg lies between 0 and 1"]),
        ("gate.floors={ndcg: 0}", ["gate.floors", "ndcg 0 is what the worst model has", "above 0"]),
        ("gate.floors={clicks: 51}", ["gate.floors", "clicks 51 is what", "from 0 to below 51"]),
        ("evaluator.min_value=0", ["evaluator.min_value", "asks nothing", "above 0, up to 1"]),
        ("evaluator={metric: clicks, min_value: 51}", ["evaluator.min_value", "below 51"]),
        ("infra_check.max_latency_ms=.inf", ["infra_check.max_latency_ms", "86400000"]),
        ("split.train=3000000000", ["split.train", "10000"]),
        ("split.test=0", ["split.test", "1"]),
    ],
)
def test_bounds_by_hand(setting, says):
    with pytest.raises(RunConfigError) as error:
        load_config(None, [setting], data="somewhere")
    for part in says:
        assert part in str(error.value)


def test_what_lies_on_a_bound_is_accepted():
    config = load_config(
        None,
        ["gate.floors={ndcg: 1, clicks: 0}", "evaluator.min_value=1", "split.train=10000"],
        data="somewhere",
    )
    assert config.gate.floors == {"ndcg": 1, "clicks": 0}
    assert (config.evaluator.min_value, config.split.train) == (1, 10_000)


def test_a_small_alpha_needs_more_resamples():
    # Fifty draws beyond the quantile: 50 / 0.001 = 50,000, of which the data themselves are one.
    with pytest.raises(RunConfigError, match=r"for an alpha of 0\.001 at least 49,999 are needed"):
        load_config(None, ["gate.alpha=0.001"], data="somewhere")
    config = load_config(None, ["gate.alpha=0.001", "gate.resamples=49999"], data="somewhere")
    assert config.gate.resamples == 49_999
    assert load_config(None, ["gate.resamples=999"], data="somewhere").gate.alpha == 0.05
