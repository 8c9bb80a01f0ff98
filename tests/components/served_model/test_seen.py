import hashlib

import pytest

from components.served_model.seen import seen_share
from schema.splits import SplitConfig

NOW = {"train": 80, "eval": 10, "test": 10}


def split(train, eval, test):
    return SplitConfig(train=train, eval=eval, test=test)


@pytest.mark.parametrize(
    ("run", "trained", "share"),
    [
        ((80, 10, 10), NOW, 0.0),
        ((60, 20, 20), NOW, 1.0),  # eval is 60 to 79, train was 0 to 79
        ((85, 10, 5), NOW, 0.0),
        ((75, 10, 15), NOW, 0.5),  # 75 to 79 of 75 to 84
        ((8, 1, 1), NOW, 0.8),  # 8, 18, .. 78 of 8, 18, .. 98
        ((195, 4, 1), NOW, 0.0),  # 195 to 198 of 200 are 95 to 98 of 100
        ((190, 4, 6), NOW, 0.0),
        ((150, 40, 10), NOW, 0.75),  # 150 to 179 of 150 to 189 are 50 to 79 of 100
        ((80, 10, 11), NOW, 0.8),  # of 101 buckets, which have nothing in common with 100
        ((60, 20, 20), {**NOW, "stop": 0.04}, 1.0),
        ((80, 10, 10), {**NOW, "stop": 0.04, "what_comes": "later"}, 0.0),
    ],
)
def test_the_share_of_eval_that_was_train(run, trained, share):
    assert seen_share(split(*run), trained) == pytest.approx(share)


@pytest.mark.parametrize("card", [None, {}, {"train": 80}, {**NOW, "test": "ten"}])
def test_a_card_that_does_not_say(card):
    assert seen_share(split(80, 10, 10), card) is None


def test_the_share_is_that_of_playlists():
    """Counted over pids, by the rule that splits them."""
    run, before = split(70, 20, 30), split(50, 10, 20)
    pids = [hashlib.sha256(str(n).encode()).hexdigest().encode()[:8] for n in range(20_000)]
    evals = [pid for pid in pids if run.split_of(pid) == "eval"]
    seen = sum(before.split_of(pid) not in ("eval", "test") for pid in evals) / len(evals)
    assert seen_share(run, before.model_dump()) == pytest.approx(seen, abs=0.03)
