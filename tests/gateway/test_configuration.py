"""The configuration's file: every error names the key."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

import gateway
from gateway import load
from gateway.configuration import GatewayConfig, Model
from schema.option_files import OptionFileError
from tests.gateway.making import document

LEAST: dict[str, Any] = {
    "store": {"uri": "embedded:out/store"},
    "tracks": "tracks.parquet",
    "exposures": {"directory": "out/exposures"},
}


def written(folder: pathlib.Path, content: Any) -> str:
    path = folder / "gateway.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)


def test_the_least_that_is_needed(tmp_path: pathlib.Path) -> None:
    found = load(written(tmp_path, LEAST))
    assert (found.listen.host, found.listen.port, found.listen.tls) == ("127.0.0.1", 8700, None)
    assert found.model_of("anything") == Model(model="segue", label="stable")
    assert found.randomise.by == "none"
    assert found.fallback_label == "stable"


def test_the_projects_own_file() -> None:
    found = load(
        str(pathlib.Path(gateway.__file__).parents[1] / "configs" / "gateway" / "local.yaml")
    )
    assert found.store.uri == "embedded:out/store"


def test_models_are_named_in_words() -> None:
    told = [Model(), Model(version=3), Model(label="a"), Model(model="b", alias="champion")]
    assert [str(each) for each in told] == [
        *("segue latest", "segue version 3", "segue label a", "b alias champion")
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"store": None}, "store: "),
        ({"colour": "red"}, "colour: no such key; accepted are listen, server, models"),
        ({"store": {"uri": "x", "age": 1}}, "store.age: no such key; accepted are uri, deadline"),
        ({"listen": {"port": 70_000}}, "listen.port: .*65535.*70000"),
        ({"listen": {"tls": {"key": "k"}}}, "listen.tls.certificate: it is missing"),
        ({"server": {"deadline_ms": 0}}, "server.deadline_ms: "),
        ({"models": {"casual": {}}}, "models: default is missing"),
        ({"models": {"default": {"version": 1, "label": "a"}}}, "give version or label, not both"),
        ({"models": {"default": {"alias": "best"}}}, "models.default.alias: .*champion"),
        ({"models": {"default": {"alias": "champion"}}}, "registry: a model is named by alias"),
        ({"models": {"default": {"model": "a/b"}}}, "models.default.model: "),
        ({"exposures": {}}, "exposures: give directory or kafka"),
        ({"exposures": {"directory": "a", "kafka": {"brokers": "b"}}}, "exposures: give directory"),
        ({"randomise": {"by": "dice"}}, "randomise.by: .*plackett_luce"),
        ({"randomise": {"temperature": 0}}, "randomise.temperature: "),
        ({"limits": {"request_bytes": 1}}, "limits.request_bytes: "),
        ({"policies": []}, "policies: "),
    ],
)
def test_what_is_wrong_is_named(tmp_path: pathlib.Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionFileError, match=says):
        load(written(tmp_path, {**LEAST, **change}))


@pytest.mark.parametrize(
    ("arms", "says"),
    [
        ([], "routes.0.arms"),
        ([{"name": "a", "share": 0.6}, {"name": "b", "share": 0.5}], "more than 1 together"),
        ([{"name": "a", "share": 0.6}, {"name": "a", "share": 0.1}], "two have one name"),
        ([{"name": "a", "share": 1.0, "model": {"alias": "challenger"}}], "registry: "),
    ],
)
def test_arms_that_do_not_fit(tmp_path: pathlib.Path, arms: list[Any], says: str) -> None:
    routes = [{"experiment": "x", "salt": "s", "arms": arms}]
    with pytest.raises(OptionFileError, match=says):
        load(written(tmp_path, {**LEAST, "routes": routes}))


def test_two_routes_of_one_experiment(tmp_path: pathlib.Path) -> None:
    route = {"experiment": "x", "salt": "s", "arms": [{"name": "a", "share": 1.0}]}
    with pytest.raises(OptionFileError, match="two are of one experiment"):
        load(written(tmp_path, {**LEAST, "routes": [route, route]}))


def test_no_yaml(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text("a: [")
    with pytest.raises(OptionFileError, match="is no YAML"):
        load(str(path))
    with pytest.raises(OSError, match="absent"):
        load(str(tmp_path / "absent.yaml"))


def test_a_key_is_described_or_it_is_not_there() -> None:
    def described(kind: Any) -> None:
        for name, field in kind.model_fields.items():
            assert field.description, f"{kind.__name__}.{name}"

    described(GatewayConfig)
    for name in GatewayConfig.model_fields:
        for value in (getattr(GatewayConfig.model_validate(LEAST), name),):
            if hasattr(value, "model_fields"):
                described(type(value))


def test_the_tests_own_document_is_accepted(tmp_path: pathlib.Path) -> None:
    assert load(written(tmp_path, document(tmp_path))).limits.answer_ms == 10_000
