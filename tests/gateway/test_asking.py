"""What is asked of TensorFlow Serving, and what becomes of what it may say."""

from __future__ import annotations

import asyncio
from concurrent import futures
from typing import Any

import grpc
import pytest
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

from gateway.asking import ModelError, Models, Ranked
from gateway.configuration import Breaker, Model, Server
from gateway.knowing import Knowledge
from schema.requests import string_tensor
from serving.protocol import Listener
from tests.gateway.model_server import numbers, serving, whole
from tests.listening.recommending.making import tracks, uri

WHO = Listener((uri(1), uri(2), uri(1)), (1, 2, 3), (), (uri(9),))


def ask(target: str, *models: Model, seconds: float = 10.0) -> list[Ranked | str]:
    """Asks for models one after another; what fails is its reason."""

    async def all_of_them() -> list[Ranked | str]:
        server = Models(Server(target=target), Breaker(failures=2, seconds=3600))
        found: list[Ranked | str] = []
        for model in models:
            try:
                found.append(await server.ask(model, WHO, seconds))
            except ModelError as error:
                found.append(error.reason)
        await server.close()
        return found

    return asyncio.run(all_of_them())


def test_a_version_a_label_or_the_latest_is_asked() -> None:
    with serving(whole) as (service, target):
        found = ask(target, Model(version=3), Model(model="other", label="canary"), Model())
    assert found[0] == Ranked("segue", 3, [uri(3).encode(), uri(4).encode()], [3.0, 2.0])
    specs = [request.model_spec for request in service.asked]
    assert [spec.name for spec in specs] == ["segue", "other", "segue"]
    assert (specs[0].version.value, specs[1].version_label) == (3, "canary")
    assert specs[2].WhichOneof("version_choice") is None
    assert {spec.signature_name for spec in specs} == {"serving_listener"}
    told = service.asked[0].inputs
    assert list(told["track_uris"].string_val) == [uri(n).encode() for n in (1, 2, 1)]
    assert list(told["timestamps"].int64_val) == [1, 2, 3]
    assert list(told["exclude_uris"].string_val) == [uri(9).encode()]


def test_a_model_without_a_signature_for_listeners_is_asked_for_playlists() -> None:
    def plain(request: predict_pb2.PredictRequest, context: Any) -> Any:
        if request.model_spec.signature_name == "serving_listener":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "Serving signature key not found")
        return whole(request, context)

    with serving(plain) as (service, target):
        found = ask(target, Model(), Model(), Model(label="a"))
    assert all(isinstance(each, Ranked) for each in found)
    names = [request.model_spec.signature_name for request in service.asked]
    listener, default = "serving_listener", "serving_default"
    assert names == [listener, default, default, listener, default]
    # Each once, in the order of the last time: 2, then 1.
    assert list(service.asked[1].inputs["track_uris"].string_val) == [
        *(uri(2).encode(), uri(1).encode())
    ]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.NOT_FOUND, "version_gone"),
        (grpc.StatusCode.INVALID_ARGUMENT, "version_gone"),
        (grpc.StatusCode.UNAVAILABLE, "unavailable"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "refused"),
        (grpc.StatusCode.INTERNAL, "refused"),
    ],
)
def test_why_a_model_does_not_answer(code: grpc.StatusCode, reason: str) -> None:
    def no(_: Any, context: Any) -> None:
        context.abort(code, "no")

    with serving(no) as (service, target):
        found = ask(target, Model(), Model(), Model(), Model(version=1))
    # Two failures leave it alone; another version is another thing.
    assert found == [reason, reason, "left_alone", reason]
    assert len(service.asked) == 3


def test_an_answer_that_is_none() -> None:
    def odd(request: predict_pb2.PredictRequest, context: Any) -> Any:
        response = whole(request, context)
        del response.outputs["scores"]
        return response

    with serving(odd) as (_, target):
        assert ask(target, Model()) == ["bad_answer"]


def test_nobody_and_somebody_slow() -> None:
    assert ask("127.0.0.1:9", Model()) == ["unavailable"]
    hold = futures.Future[None]()

    def slow(request: predict_pb2.PredictRequest, context: Any) -> Any:
        hold.result(30)
        return whole(request, context)

    with serving(slow) as (_, target):
        assert ask(target, Model(), seconds=0.05) == ["deadline"]
        hold.set_result(None)


def test_what_a_model_knows_is_learnt_once() -> None:
    """Of five tracks it knows the first three; vectors are brought to a length of 1."""
    of = tracks(*[{}] * 5)

    def facts(request: predict_pb2.PredictRequest, context: Any) -> Any:
        assert request.model_spec.version.value == 5
        response = predict_pb2.PredictResponse()
        uris = list(request.inputs["track_uris"].string_val)
        if request.model_spec.signature_name == "track_vectors":
            values = [number for n in range(len(uris)) for number in (0.0, float(n))]
            response.outputs["vectors"].CopyFrom(numbers(values, [len(uris), 2]))
            return response
        for name in ("track_name", "artist_name"):
            response.outputs[name].CopyFrom(string_tensor(uris, [len(uris)]))
        counts = [2, 1, 1, 0, 0]
        playlists = tensor_pb2.TensorProto(dtype=types_pb2.DT_INT64, int64_val=counts)
        playlists.tensor_shape.dim.add().size = 5
        response.outputs["playlists"].CopyFrom(playlists)
        return response

    async def learn(target: str) -> None:
        models = Models(Server(target=target), Breaker())
        knowledge, answer = Knowledge(models), Ranked("segue", 5)
        known, vectors = knowledge.of(answer, of)
        assert known.all()
        assert vectors is None
        assert knowledge.last("segue", of).all()
        await knowledge.learn()
        known, vectors = knowledge.of(answer, of)
        assert known.tolist() == [True, True, True, False, False]
        assert vectors is not None
        assert vectors.tolist() == [[0, 0], [0, 1], [0, 1], [0, 1], [0, 1]]
        assert knowledge.last("segue", of) is known
        assert knowledge.last("other", of).all()
        await knowledge.learn()  # nothing is wanted
        assert knowledge.of(answer, tracks(*[{}] * 2))[0].tolist() == [True, True]
        await models.close()

    with serving(facts) as (service, target):
        asyncio.run(learn(target))
    assert len(service.asked) == 2


def test_a_model_without_vectors_and_one_that_says_nothing() -> None:
    of = tracks(*[{}] * 2)

    async def learn(target: str) -> list[Any]:
        models = Models(Server(target=target), Breaker())
        knowledge = Knowledge(models)
        answer = Ranked("segue", 5)
        knowledge.of(answer, of)
        await knowledge.learn()
        found = knowledge.of(answer, of)
        await models.close()
        return [found[0].tolist(), found[1]]

    def nothing(_: Any, context: Any) -> None:
        context.abort(grpc.StatusCode.UNAVAILABLE, "no")

    def names(request: predict_pb2.PredictRequest, context: Any) -> Any:
        if request.model_spec.signature_name == "track_vectors":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no such signature")
        response = predict_pb2.PredictResponse()
        uris = [b"a", b""]
        for name in ("track_name", "artist_name"):
            response.outputs[name].CopyFrom(string_tensor(uris, [2]))
        return response

    with serving(nothing) as (_, target):
        assert asyncio.run(learn(target)) == [[True, True], None]
    with serving(names) as (_, target):
        # It does not say how many playlists hold them, but has a name of the first.
        assert asyncio.run(learn(target)) == [[True, False], None]
