"""The text that names a registry, and the name of a registered model."""

from __future__ import annotations

import pytest

from schema.registry import Lineage, model_name
from serving.protocol import ConfigError
from serving.registry import check_uri


@pytest.mark.parametrize(
    ("uri", "scheme"),
    [
        ("out/serving/registry", ""),
        ("/srv/models registry", ""),
        ("mlflow+http://127.0.0.1:5000", "mlflow+http"),
        ("mlflow+http://[::1]:5000", "mlflow+http"),
        ("mlflow+https://models.example.com", "mlflow+https"),
        ("mlflow+https://models.example.com:8443/mlflow", "mlflow+https"),
    ],
)
def test_what_names_a_registry(uri: str, scheme: str) -> None:
    assert check_uri(uri) == scheme


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("", "names no registry: a local directory, mlflow"),
        ("a\0b", "names no registry"),
        ("http://127.0.0.1:5000", "a registry is a local directory, mlflow"),
        ("mlflow://127.0.0.1:5000", "a registry is"),
        ("gs://bucket/registry", "a directory in a bucket knows no locks"),
        ("mlflow+http://127.0.0.1", "HOST:PORT"),
        ("mlflow+http://:5000", "HOST:PORT"),
        ("mlflow+https://", "a registry is"),
        ("mlflow+http://host:99999", "a registry is"),
        ("mlflow+http://host:port", "a registry is"),
        ("mlflow+http://[::1", "a registry is"),
        ("mlflow+http://host:5000?a=1", "there are no options"),
        ("mlflow+http://host:5000#a", "there are no options"),
    ],
)
def test_what_does_not(uri: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        check_uri(uri)
    assert says in str(error.value)


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as error:
        check_uri("mlflow+https://anna:secret@host")
    assert "MLFLOW_TRACKING_PASSWORD" in str(error.value)
    assert "secret" not in str(error.value)


def test_a_registered_model_a_segment() -> None:
    assert model_name() == "segue"
    assert model_name("new_users") == "segue-new_users"


@pytest.mark.parametrize("name", ["", "New", "a b", "a/b", "new_users\n", "x" * 65])
def test_what_names_no_segment(name: str) -> None:
    with pytest.raises(ValueError, match="names no segment"):
        model_name(name)


def test_lineage_is_read_from_the_tags_that_it_makes() -> None:
    lineage = Lineage(run="20171114-0300", span="3-9", gate="blessed")
    assert lineage.tags() == {"tfx.run_id": "20171114-0300", "data.span": "3-9", "gate": "blessed"}
    assert Lineage.of(lineage.tags() | {"another": "tag"}) == lineage
