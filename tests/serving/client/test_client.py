"""The client, against a server and against bad ones."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from schema.scores import Basis
from serving.client import ConnectionOptions, RecommenderClient, recommend
from serving.client.connection import is_loopback
from serving.protocol import (
    BadAnswerError,
    ConfigError,
    Listener,
    Playlist,
    ServingError,
    messages,
)
from serving.server import ModelServer
from tests.serving.serving_helpers import MODEL, eventually
from tests.serving.toy_model import artist, scores_by_hand, title, uri

CODE = grpc.StatusCode


def test_recommendations_have_names(shared_target: str) -> None:
    with RecommenderClient(shared_target) as client:
        items = client.recommend("x", [uri(2)], top=3)
    assert [item.track_uri for item in items] == [uri(1), uri(3), uri(0)]
    assert [item.rank for item in items] == [1, 2, 3]
    assert [item.track_name for item in items] == [title(1), title(3), title(0)]
    assert [item.artist_name for item in items] == [artist(1), artist(3), artist(0)]
    by_hand = scores_by_hand(1, [2])
    np.testing.assert_allclose(
        [item.score for item in items], [by_hand[1], by_hand[3], by_hand[0]], rtol=1e-6
    )


def test_several_playlists_at_once(shared_target: str) -> None:
    playlists = [
        Playlist("reverse"),  # a title alone
        Playlist("", (uri(0), uri(1), "spotify:track:unknown"), "42"),
        Playlist("", tuple(uri(i) for i in range(8))),  # nothing is left to recommend
    ]
    with RecommenderClient(shared_target) as client:
        answers = client.continue_playlists(playlists, top=2)
    assert [answer.playlist for answer in answers] == playlists
    assert [item.track_uri for item in answers[0].recommendations] == [uri(7), uri(6)]
    assert [item.track_uri for item in answers[1].recommendations] == [uri(2), uri(3)]
    assert answers[2].recommendations == ()
    assert {answer.model_version for answer in answers} == {1}


def test_an_answer_says_what_it_rests_on(shared_target: str) -> None:
    unknown = "spotify:track:unknown"
    playlists = [
        Playlist("reverse", (uri(0), unknown, uri(0))),  # repeats count, as they do in the list
        Playlist("reverse", (unknown,)),
        Playlist("x", (unknown,)),
        Playlist(),
    ]
    with RecommenderClient(shared_target) as client:
        answers = client.continue_playlists(playlists, top=2)
        (blind,) = client.continue_playlists(playlists[:1], with_names=False)
    assert [answer.seeds_known for answer in answers] == [2, 0, 0, 0]
    assert [answer.basis for answer in answers] == [
        Basis.TRACKS,
        Basis.TITLE,
        Basis.POPULARITY,
        Basis.POPULARITY,
    ]
    # A track of the popular ones scores the number of its playlists.
    assert [item.score for item in answers[3].recommendations] == [108, 107]
    assert (blind.seeds_known, blind.basis) == (None, None)


def test_listeners_are_recommended_to(shared_target: str) -> None:
    known = (None,) * 7 + (1.5,)
    listeners = [
        Listener((uri(2), uri(5), uri(2)), exclude_uris=(uri(3),), key="ann"),
        Listener((uri(2), uri(5)), (10, -10), known, (uri(1),)),
        Listener((uri(2),), features=(0.0,) * 8),
    ]
    with RecommenderClient(shared_target) as client:
        answers = client.recommend_to_listeners(listeners, top=2)
        (blind,) = client.recommend_to_listeners(listeners[:1], with_names=False)
        assert client.recommend_to_listeners([]) == []
    assert answers[0].playlist == Playlist("", (uri(2), uri(5)), "ann")
    assert answers[0].seeds_known == 2
    # Track 2 was heard twice: track 1 scores 2 / 2 + 1 / 5, track 4 scores 2 / 3 + 1 / 2.
    found = [[item.track_uri for item in answer.recommendations] for answer in answers]
    assert found == [[uri(1), uri(4)], [uri(3), uri(0)], [uri(0), uri(1)]]
    assert answers[0].recommendations[0].track_name == title(1)
    assert [item.track_uri for item in blind.recommendations[:2]] == found[0]


@pytest.mark.parametrize(
    ("listener", "words"),
    [
        ({"track_uris": ("a", "b"), "timestamps": (1,)}, "2 streams have 1 timestamps"),
        ({"features": (1.0, 2.0)}, "a listener has 8 features or none; 2 are given"),
    ],
)
def test_a_listener_that_does_not_add_up_is_refused(listener: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Listener(**listener)


def test_without_playlists_nothing_is_asked() -> None:
    with RecommenderClient("localhost:1") as client:
        assert client.continue_playlists([]) == []


def test_module_function(shared_target: str) -> None:
    (item,) = recommend(shared_target, "reverse", top=1, model=MODEL)
    assert item.track_uri == uri(7)


def test_many_playlists_are_asked_about_in_parts(shared_target: str, monkeypatch) -> None:
    monkeypatch.setattr("serving.client.exchange._PLAYLISTS_AT_ONCE", 2)
    playlists = [Playlist("", (uri(i),), str(i)) for i in range(5)]
    with RecommenderClient(shared_target) as client:
        answers = client.continue_playlists(playlists, top=1)
    assert [answer.playlist.key for answer in answers] == ["0", "1", "2", "3", "4"]
    assert [answer.recommendations[0].track_uri for answer in answers] == [
        uri(i) for i in (1, 0, 1, 2, 3)
    ]


def test_many_names_are_asked_for_in_parts(shared_target: str, monkeypatch) -> None:
    monkeypatch.setattr("serving.client.exchange._NAMES_AT_ONCE", 3)
    with RecommenderClient(shared_target) as client:
        items = client.recommend(top=100)
    assert [item.track_name for item in items] == [title(i) for i in range(8)]


def test_names_of_tracks(shared_target: str) -> None:
    with RecommenderClient(shared_target) as client:
        assert client.track_names([uri(4), "spotify:track:unknown"]) == {
            uri(4): (title(4), artist(4)),
            "spotify:track:unknown": ("", ""),
        }


def test_status_and_signatures(shared_target: str) -> None:
    with RecommenderClient(shared_target) as client:
        assert client.status() == [(1, "AVAILABLE", "")]
        assert "track_metadata" in client.signatures().signature_def


def test_refusals_are_typed(shared_target: str) -> None:
    with (
        RecommenderClient(shared_target, model="nope") as client,
        pytest.raises(ServingError) as caught,
    ):
        client.recommend("x")
    assert caught.value.code is CODE.NOT_FOUND
    assert caught.value.message == "Servable not found for request: Latest(nope)"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("localhost:8500", True),
        ("127.0.0.1:8500", True),
        ("127.1.2.3:8500", True),
        ("[::1]:8500", True),
        ("dns:///localhost:8500", True),
        ("ipv4:127.0.0.1:8500", True),
        ("ipv6:[::1]:8500", True),
        ("unix:/tmp/socket", True),
        ("example.org:8500", False),
        ("10.0.0.1:8500", False),
        ("localhost.example.org:8500", False),
    ],
)
def test_no_proxy_stands_before_this_machine(target: str, expected: bool) -> None:
    assert is_loopback(target) is expected
    options = dict(ConnectionOptions().channel_arguments(target)["options"])
    assert options.get("grpc.enable_http_proxy", 1) == (0 if expected else 1)


def test_proxy_of_the_environment_is_not_asked(
    shared_target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there
    for name in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    with RecommenderClient(shared_target) as client:
        assert client.recommend(top=1)


def test_nobody_answers() -> None:
    options = ConnectionOptions(attempts=2, backoff=0.01)
    with (
        RecommenderClient("localhost:1", options=options) as client,
        pytest.raises(ServingError) as caught,
    ):
        client.recommend("x")
    assert caught.value.code is CODE.UNAVAILABLE
    assert caught.value.message.startswith("no server answers at localhost:1")


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
def test_compression(shared_target: str, compression: str) -> None:
    options = ConnectionOptions(compression=compression)
    with RecommenderClient(shared_target, options=options) as client:
        assert client.recommend("reverse", top=1)[0].track_uri == uri(7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"timeout": 0}, "timeout must be above 0"),
        ({"timeout": float("inf")}, "timeout must be above 0 s and at most 86400 s; was inf"),
        ({"timeout": float("nan")}, "timeout must be above 0 s and at most 86400 s; was nan"),
        ({"backoff": float("inf")}, "backoff must be above 0 s and at most"),
        ({"attempts": 6}, "attempts must be 1 to 5; was 6"),
        ({"backoff": -1}, "backoff must be above 0"),
        ({"compression": "zip"}, "compression must be one of none, gzip, deflate; was 'zip'"),
    ],
)
def test_options_that_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ConnectionOptions(**arguments)


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("", ""),
        ("localhost", ""),
        (":8500", ""),
        ("localhost:port", ""),
        ("localhost:99999", ""),
        ("localhost:0", ""),
        ("localhost:8500/v1", ""),
        ("local host:8500", ""),
        ("localhost:８５００", ""),
        ("http://127.0.0.1:8500", ", without http://"),
        ("HTTPS://localhost:8500/", ", without HTTPS://"),
        ("grpc://localhost:8500", ", without grpc://"),
        ("://localhost:8500", ", without ://"),
        ("::1:8500", r", an IPv6 address in brackets as in \[::1\]:8500"),
    ],
)
def test_targets_that_are_refused(target: str, hint: str) -> None:
    message = f"target must be HOST:PORT, for instance localhost:8500{hint}; was "
    with pytest.raises(ConfigError, match=message):
        RecommenderClient(target)


@pytest.mark.parametrize(
    "target",
    ["localhost:1", "my_host.example.org:8500", "[::1]:8500", "dns:///localhost:1", "unix:/tmp/x"],
)
def test_targets_that_are_taken(target: str) -> None:
    RecommenderClient(target).close()


def test_a_version_and_a_label_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="give a version or a label, not both"):
        RecommenderClient("localhost:1", version=3, label="canary")


class Scripted(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers from a list of status codes and responses, and counts how often it was asked."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.requests: list[predict_pb2.PredictRequest] = []

    def Predict(self, request, context):  # noqa: N802
        self.requests.append(request)
        step = self.script.pop(0)
        if isinstance(step, grpc.StatusCode):
            context.abort(step, "scripted")
        return step


@pytest.fixture
def scripted() -> Iterator[Callable[..., tuple[Scripted, str]]]:
    servers = []

    def make(*script: Any) -> tuple[Scripted, str]:
        servicer = Scripted(*script)
        server = grpc.server(futures.ThreadPoolExecutor(2))
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return servicer, f"127.0.0.1:{port}"

    yield make
    for server in servers:
        server.stop(0)


def answer(version: int = 1, **outputs: Any) -> predict_pb2.PredictResponse:
    response = predict_pb2.PredictResponse()
    response.model_spec.version.value = version
    for alias, value in outputs.items():
        response.outputs[alias].CopyFrom(tf.make_tensor_proto(value))
    return response


ONE = {"track_uris": [["a"]], "scores": np.array([[1.0]], np.float32)}
NAMES = {"track_name": ["A"], "artist_name": ["B"]}
QUICK_RETRIES = ConnectionOptions(backoff=0.01)


def test_unavailable_is_tried_again(scripted: Callable[..., Any]) -> None:
    servicer, target = scripted(CODE.UNAVAILABLE, CODE.UNAVAILABLE, answer(**ONE), answer(**NAMES))
    with RecommenderClient(target, options=QUICK_RETRIES) as client:
        (item,) = client.recommend("x")
    assert (item.track_uri, item.track_name, item.artist_name) == ("a", "A", "B")
    assert len(servicer.requests) == 4


@pytest.mark.parametrize("code", [CODE.INTERNAL, CODE.RESOURCE_EXHAUSTED, CODE.INVALID_ARGUMENT])
def test_other_failures_are_final(scripted: Callable[..., Any], code: Any) -> None:
    servicer, target = scripted(code)
    with (
        RecommenderClient(target, options=QUICK_RETRIES) as client,
        pytest.raises(ServingError) as caught,
    ):
        client.recommend("x")
    assert caught.value.code is code
    assert len(servicer.requests) == 1


def test_one_attempt(scripted: Callable[..., Any]) -> None:
    servicer, target = scripted(CODE.UNAVAILABLE)
    with (
        RecommenderClient(target, options=ConnectionOptions(attempts=1)) as client,
        pytest.raises(ServingError, match="scripted"),
    ):
        client.recommend("x")
    assert len(servicer.requests) == 1


def test_swap_between_tracks_and_names(scripted: Callable[..., Any]) -> None:
    # Version 1 answers, and is gone when its names are asked for: version 2 is asked for both.
    servicer, target = scripted(
        answer(1, **ONE), CODE.NOT_FOUND, answer(2, **ONE), answer(2, **NAMES)
    )
    with RecommenderClient(target) as client:
        (found,) = client.continue_playlists([Playlist("x")])
    assert found.model_version == 2
    asked = [request.model_spec for request in servicer.requests]
    assert [spec.version.value for spec in asked] == [0, 1, 0, 2]


def test_model_without_names(scripted: Callable[..., Any]) -> None:
    _, target = scripted(answer(**ONE), CODE.FAILED_PRECONDITION)
    with RecommenderClient(target) as client:
        (item,) = client.recommend("x")
    assert (item.track_uri, item.track_name) == ("a", "")


def test_a_model_that_tells_no_playlists(scripted: Callable[..., Any]) -> None:
    names = {"track_name": ["A", "S", ""], "artist_name": ["B", "", ""]}
    _, target = scripted(answer(**ONE), answer(**names))
    with RecommenderClient(target) as client:
        (found,) = client.continue_playlists([Playlist("x", ("seed", "other"))])
    assert (found.seeds_known, found.basis) == (1, Basis.TRACKS)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({}, "the answer has no output track_uris"),
        ({"track_uris": [["a"]]}, "the answer has no output scores"),
        (ONE | {"scores": np.array([[1.0, 2.0]], np.float32)}, "expected 1 rows"),
        (ONE | {"scores": [[1]]}, "output scores has dtype DT_INT32"),
        (ONE | {"scores": np.array([1.0], np.float32)}, r"output scores has shape \[1\]"),
    ],
)
def test_answers_that_break_the_contract(
    scripted: Callable[..., Any], outputs: dict, message: str
) -> None:
    _, target = scripted(answer(**outputs))
    with RecommenderClient(target) as client, pytest.raises(BadAnswerError, match=message):
        client.recommend("x")


def test_names_of_other_tracks(scripted: Callable[..., Any]) -> None:
    _, target = scripted(answer(**ONE), answer(track_name=["A", "B"], artist_name=["A", "B"]))
    with (
        RecommenderClient(target) as client,
        pytest.raises(BadAnswerError, match="names of 1 tracks; got 2"),
    ):
        client.recommend("x")


def test_request_always_has_a_column() -> None:
    # A title alone: a server that pads with the first value it finds then finds "".
    request = messages.playlists_request(
        messages.model_spec("m", 3, "ignored"), [Playlist("x"), Playlist("y", ("a", "b"))]
    )
    assert [dim.size for dim in request.inputs["track_uris"].tensor_shape.dim] == [2, 2]
    assert list(request.inputs["track_uris"].string_val) == [b"", b"", b"a", b"b"]
    alone = messages.playlists_request(messages.model_spec("m", None, "l"), [Playlist("x")])
    assert [dim.size for dim in alone.inputs["track_uris"].tensor_shape.dim] == [1, 1]
    assert request.model_spec.WhichOneof("version_choice") == "version"
    assert alone.model_spec.version_label == "l"


def test_text_that_is_no_unicode() -> None:
    lone = "\ud800"  # half of a surrogate pair, as broken input files hold it
    request = messages.playlists_request(messages.model_spec("m"), [Playlist(lone, (lone,))])
    expected = "\ufffd".encode()  # as training sees it
    assert [list(tensor.string_val) for tensor in request.inputs.values()] == [[expected]] * 2


def test_client_survives_a_restart(
    start: Callable[..., ModelServer], push: Callable[[int], pathlib.Path], base: pathlib.Path
) -> None:
    push(1)
    server = start(base)
    port = server.port
    options = ConnectionOptions(backoff=0.5)
    with RecommenderClient(server.target, options=options) as client:
        assert client.recommend(top=1)
        server.stop(grace=1)
        with futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.recommend, top=1)  # tried again until somebody answers
            eventually(waiting.running)
            start(base, port=port)
            assert waiting.result(30)[0].track_uri == uri(0)


def test_the_requests_work_with_asyncio(shared_target: str) -> None:
    async def ask() -> predict_pb2.PredictResponse:
        async with ConnectionOptions().open(shared_target, grpc.aio) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            spec = messages.model_spec(MODEL)
            return await stub.Predict(messages.playlists_request(spec, [Playlist("reverse")]))

    ((best,),) = messages.read_recommendations(asyncio.run(ask()), rows=1, top=1)
    assert best[0] == uri(7)
