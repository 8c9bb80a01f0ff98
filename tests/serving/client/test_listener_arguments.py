"""A listener's history from the words of a command line."""

from __future__ import annotations

import pytest

from serving.client import listener_from_arguments
from serving.protocol import ConfigError
from tests.serving.toy_model import uri


def test_streams_with_times_and_without() -> None:
    link = uri(1).replace("spotify:track:", "https://open.spotify.com/track/")
    found = listener_from_arguments(
        [uri(0), f"{link}@1510648200", f"{uri(0)}@2017-11-14T08:30:00Z"], [uri(2)]
    )
    assert found.track_uris == (uri(0), uri(1), uri(0))
    assert found.timestamps == (0, 1_510_648_200, 1_510_648_200)
    assert found.exclude_uris == (uri(2),)
    assert listener_from_arguments([uri(0)]).timestamps == ()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-01T00:00:01", 1), ("1970-01-01T01:00:01+01:00", 1), ("1970-01-02", 86_400)],
)
def test_times(text: str, seconds: int) -> None:
    assert listener_from_arguments([f"{uri(0)}@{text}"]).timestamps == (seconds,)


@pytest.mark.parametrize("text", ["", "-5", "0", "soon", "1" * 30, "1969-01-01"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ConfigError, match="is no time of a stream"):
        listener_from_arguments([f"{uri(0)}@{text}"])
