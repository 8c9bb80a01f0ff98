"""Numbers in place of names; one question to the model for each track."""

import concurrent.futures

import numpy as np

from components.significance.numbers import NOTHING, NumberedTracks

ARTISTS = {b"t0": b"Ann", b"t1": b"Bob", b"t2": b"Ann", b"t3": b""}


def names(*values: bytes) -> np.ndarray:
    return np.array(values, object)


class Model:
    """Answers from `ARTISTS`, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def describe(self, uris) -> tuple[np.ndarray, np.ndarray]:
        self.asked += uris
        playlists = np.array([int(uri[1:]) * 10 for uri in uris], np.int64)
        return playlists, names(*(ARTISTS.get(uri, uri) for uri in uris))


def test_each_track_is_asked_for_once():
    model = Model()
    numbered = NumberedTracks(model.describe)
    first = numbered.tracks(np.array([[b"t1", b"t0"], [b"t0", b""]], object))
    assert first.tolist() == [[0, 1], [1, NOTHING]]
    assert numbered.tracks(names(b"t2", b"t1")).tolist() == [2, 0]
    assert model.asked == [b"t1", b"t0", b"t2"]
    assert numbered.playlists(first).tolist() == [[10, 0], [0, 0]]


def test_tracks_of_an_artist_share_a_number_with_its_name():
    numbered = NumberedTracks(Model().describe)
    tracks = numbered.tracks(names(b"t0", b"t1", b"t2", b"t3", b""))
    ann, bob = numbered.artists(names(b"Ann", b"Bob")).tolist()
    assert ann != bob
    assert numbered.artists_of(tracks).tolist() == [ann, bob, ann, NOTHING, NOTHING]


def test_nothing_at_all():
    numbered = NumberedTracks(Model().describe)
    tracks = numbered.tracks(np.zeros((0, 3), object))
    assert tracks.shape == numbered.playlists(tracks).shape == (0, 3)
    assert numbered.artists(names(b"")).tolist() == [NOTHING]


def test_threads_agree_on_numbers():
    numbered = NumberedTracks(Model().describe)

    def ask(seed: int) -> dict[bytes, tuple[int, int]]:
        generator = np.random.default_rng(seed)
        found = {}
        for _ in range(50):
            uris = names(*(b"t%d" % number for number in generator.integers(2000, size=100)))
            tracks = numbered.tracks(uris)
            facts = zip(tracks.tolist(), numbered.playlists(tracks).tolist(), strict=True)
            found.update(zip(uris.tolist(), facts, strict=True))
        return found

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    together = {uri: facts for answer in answers for uri, facts in answer.items()}
    assert len({number for number, _ in together.values()}) == len(together)
    for answer in answers:
        for uri, (number, playlists) in answer.items():
            assert (number, playlists) == (together[uri][0], int(uri[1:]) * 10)
