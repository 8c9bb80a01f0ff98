"""GetModelStatus and HandleReloadConfigRequest: policies, labels, and what is refused."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import grpc
import pytest
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from serving.protocol import ModelServerConfig, ServingError, single_model_config
from serving.server import ModelServer, ServerOptions
from tests.serving.serving_helpers import MODEL, QUICK, Stubs, eventually, predict_request

CODE = grpc.StatusCode
AVAILABLE, END = 30, 50
Push = Callable[[int], pathlib.Path]


def config_of(base: pathlib.Path, text: str = "", **labels: int) -> ModelServerConfig:
    config = single_model_config(MODEL, base)
    entry = config.model_config_list.config[0]
    if text == "all":
        entry.model_version_policy.all.SetInParent()
    elif text.startswith("latest"):
        entry.model_version_policy.latest.num_versions = int(text.split()[1])
    elif text.startswith("specific"):
        entry.model_version_policy.specific.versions.extend(map(int, text.split()[1:]))
    entry.version_labels.update(labels)
    return config


def reload(stubs: Stubs, config: ModelServerConfig, timeout: float = 30) -> None:
    request = model_management_pb2.ReloadConfigRequest(config=config)
    response = stubs.model.HandleReloadConfigRequest(request, timeout=timeout)
    assert response.status.error_code == 0


def available(stubs: Stubs) -> list[int]:
    return sorted(v for v, (state, _, _) in stubs.states().items() if state == AVAILABLE)


def test_status_of_one_version(stubs: Stubs) -> None:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = MODEL
    request.model_spec.version.value = 1
    (entry,) = stubs.model.GetModelStatus(request, timeout=30).model_version_status
    assert (entry.version, entry.state, entry.status.error_code) == (1, AVAILABLE, 0)


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("nope", None, "Could not find any versions of model nope"),
        ("nope", 3, "Could not find version 3 of model nope"),
        (MODEL, 3, "Could not find version 3 of model segue"),
    ],
)
def test_status_of_the_unknown(stubs: Stubs, name: str, version: int | None, message: str) -> None:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    if version:
        request.model_spec.version.value = version
    with pytest.raises(grpc.RpcError) as caught:
        stubs.model.GetModelStatus(request, timeout=30)
    assert (caught.value.code(), caught.value.details()) == (CODE.NOT_FOUND, message)


def test_status_without_model_spec(stubs: Stubs) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stubs.model.GetModelStatus(get_model_status_pb2.GetModelStatusRequest(), timeout=30)
    assert caught.value.details() == "Missing ModelSpec"


def test_policies(start: Callable[..., ModelServer], push: Push, base: pathlib.Path) -> None:
    for version in (1, 2, 10):
        push(version)
    stubs = Stubs(start(base).target)
    assert available(stubs) == [10]  # by number, not by name

    for policy, expected in (
        ("latest 2", [2, 10]),
        ("all", [1, 2, 10]),
        ("specific 1 7", [1]),
        ("latest 1", [10]),
    ):
        reload(stubs, config_of(base, policy))
        eventually(lambda expected=expected: available(stubs) == expected)
    eventually(lambda: stubs.states()[1][0] == END)  # what was served is remembered


def test_version_labels(start: Callable[..., ModelServer], push: Push, base: pathlib.Path) -> None:
    push(1)
    push(2)
    stubs = Stubs(start(config_of(base, "all")).target)
    eventually(lambda: available(stubs) == [1, 2])
    reload(stubs, config_of(base, "all", stable=1, canary=2))

    for label, version in (("stable", 1), ("canary", 2)):
        response = stubs.prediction.Predict(predict_request(label=label), timeout=30)
        assert response.model_spec.version.value == version
        assert 100 * version < response.outputs["scores"].float_val[0] < 100 * version + 99

    with pytest.raises(grpc.RpcError) as caught:
        reload(stubs, config_of(base, "all", stable=3))
    assert caught.value.code() is CODE.FAILED_PRECONDITION
    assert caught.value.details() == (
        "Request to assign label to version 3 of model segue, which is not currently available "
        "for inference"
    )
    # What was refused has changed nothing.
    response = stubs.prediction.Predict(predict_request(label="stable"), timeout=30)
    assert response.model_spec.version.value == 1


def test_labels_may_be_given_early(
    start: Callable[..., ModelServer], push: Push, base: pathlib.Path
) -> None:
    push(1)
    server = start(
        config_of(base, "all", stable=1, next=2), allow_version_labels_for_unavailable_models=True
    )
    stubs = Stubs(server.target)
    with pytest.raises(grpc.RpcError) as caught:
        stubs.prediction.Predict(predict_request(label="next"), timeout=30)
    assert caught.value.details() == "Servable not found for request: Specific(segue, 2)"

    # But one that is given cannot be moved to a version that does not serve.
    with pytest.raises(grpc.RpcError) as caught:
        reload(stubs, config_of(base, "all", stable=2))
    assert caught.value.code() is CODE.FAILED_PRECONDITION

    push(2)
    eventually(lambda: available(stubs) == [1, 2])
    response = stubs.prediction.Predict(predict_request(label="next"), timeout=30)
    assert response.model_spec.version.value == 2


def test_models_come_and_go(
    start: Callable[..., ModelServer], push: Push, base: pathlib.Path
) -> None:
    push(1)
    stubs = Stubs(start(base).target)
    both = config_of(base)
    both.model_config_list.config.add(
        name="other", base_path=str(base), model_platform="tensorflow"
    )
    reload(stubs, both)  # returns when the new model serves
    assert stubs.prediction.Predict(predict_request(model="other"), timeout=30).outputs

    reload(stubs, config_of(base))
    with pytest.raises(grpc.RpcError) as caught:
        eventually(lambda: not stubs.prediction.Predict(predict_request(model="other"), timeout=30))
    assert caught.value.code() is CODE.NOT_FOUND


def refused(stubs: Stubs, config: ModelServerConfig) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        reload(stubs, config)
    return caught.value.code(), caught.value.details()


def test_configurations_that_are_refused(stubs: Stubs, base: pathlib.Path) -> None:
    assert refused(stubs, ModelServerConfig()) == (
        CODE.INVALID_ARGUMENT,
        "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList "
        "is currently supported",
    )
    twice = config_of(base)
    twice.model_config_list.config.add().CopyFrom(twice.model_config_list.config[0])
    assert refused(stubs, twice) == (
        CODE.INVALID_ARGUMENT,
        "Illegal to list model segue multiple times in config list",
    )
    relative = config_of(base)
    relative.model_config_list.config[0].base_path = "models/segue"
    assert refused(stubs, relative) == (
        CODE.INVALID_ARGUMENT,
        "Expected model segue to have an absolute path or URI; got base_path()=models/segue",
    )
    platform = config_of(base)
    platform.model_config_list.config[0].model_platform = "other"
    assert refused(stubs, platform) == (
        CODE.INVALID_ARGUMENT,
        "Illegal to change a model's platform. For model segue platform was tensorflow and new "
        "platform requested is other",
    )


def test_new_model_that_never_comes(
    start: Callable[..., ModelServer], push: Push, base: pathlib.Path
) -> None:
    push(1)
    stubs = Stubs(start(base).target)
    config = config_of(base)
    config.model_config_list.config.add(
        name="missing", base_path=str(base / "missing"), model_platform="tensorflow"
    )
    with pytest.raises(grpc.RpcError) as caught:
        reload(stubs, config, timeout=0.5)
    assert caught.value.code() is CODE.DEADLINE_EXCEEDED
    reload(stubs, config_of(base))  # and the next one does not wait behind it
    assert stubs.prediction.Predict(predict_request(), timeout=30).outputs


def test_server_that_cannot_load(
    start: Callable[..., ModelServer], push: Push, base: pathlib.Path
) -> None:
    (push(3) / "saved_model.pb").write_bytes(b"no model")
    with pytest.raises(ServingError, match=r"1 model\(s\) did not become available: .*version: 3"):
        start(base)


def test_server_without_versions_waits(base: pathlib.Path) -> None:
    server = ModelServer(single_model_config(MODEL, base), ServerOptions(port=0, watch=QUICK))
    try:
        with pytest.raises(TimeoutError):
            server.start(timeout=0.2)
    finally:
        server.stop(0)
