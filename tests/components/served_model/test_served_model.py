"""What is served, by its destination and the release record, through the component's executor."""

import datetime
import pathlib
import shutil

import pytest
import tensorflow as tf

from components.served_model.driver import fingerprint
from schema.model_card import ModelCard
from tests.components.infra_check import infra_toy
from tests.components.served_model.served_toy import (
    SPLIT,
    Place,
    example,
    examples,
    forty_listeners,
    recard,
)


def kept(output) -> pathlib.Path:
    return pathlib.Path(output.uri) / "Format-Serving"


def summary(output) -> str:
    return output.get_string_custom_property("summary")


def test_nothing_is_served_from_an_empty_destination(place, toys):
    found, output = place.look(toys / "a")
    assert (found.comparison, found.version, found.reason) == ("none", None, None)
    assert summary(output) == "no model is served yet"
    assert not kept(output).exists()


def test_the_newest_version_is_compared_with_whatever_metadata_say(place, toys):
    """Two versions lie there and there is no metadata store: it is not asked."""
    recard(place.push(toys / "b", 3), family="als")
    recard(place.push(toys / "b", 7), family="item_knn")
    found, output = place.look(toys / "a")
    assert (found.comparison, found.version, found.family) == ("made", "7", "item_knn")
    assert (found.pinned, found.reason) == (False, None)
    assert summary(output) == "version 7 (item_knn)"
    assert ModelCard.read(str(kept(output))).family == "item_knn"
    loaded = tf.saved_model.load(str(kept(output)))
    assert "serving_examples" in loaded.signatures


def test_a_release_that_was_rolled_back_is_not_what_is_served(place, toys):
    recard(place.push(toys / "b", 1), family="als")
    recard(place.push(toys / "b", 2), family="item_knn")
    place.release(1, 2, 1)
    found, output = place.look(toys / "a")
    assert (found.comparison, found.version, found.family) == ("made", "1", "als")
    assert found.pinned
    assert summary(output) == "version 1 (als), by the release record"


def test_after_going_back_to_an_earlier_configuration_that_ones_model_is_served(place, toys):
    place.push(toys / "a", 1)
    place.push(toys / "b", 2)
    found, output = place.look(toys / "a")
    assert (found.comparison, found.version) == ("made", "2"), "a was pushed, but b serves"
    place.push(toys / "a", 3)
    found, output = place.look(toys / "a")
    assert (found.comparison, found.version) == ("same", "3")
    assert summary(output) == "version 3 (toy): the candidate itself"
    assert not kept(output).exists()
    found, _ = place.look(toys / "b")
    assert (found.comparison, found.version) == ("made", "3")


def test_a_model_that_was_trained_on_these_eval_playlists_is_not_compared_with(place, toys):
    place.push(toys / "b", 1)
    found, output = place.look(toys / "a", {"train": 60, "eval": 20, "test": 20})
    assert found.comparison == "not_made"
    assert found.reason == (
        "it was trained under another split (train 80, eval 10, test 10), under which 100% of this "
        "run's eval playlists were its train playlists"
    )
    assert summary(output).startswith("version 1 (toy): not compared, it was trained under")
    assert not kept(output).exists()
    found, _ = place.look(toys / "a", {"train": 85, "eval": 10, "test": 5})
    assert found.comparison == "made", "its train ends where the new eval begins"


def test_an_old_card_without_a_split_is_compared_with_a_word_of_caution(place, toys):
    recard(place.push(toys / "b", 1), split=None)
    found, _ = place.look(toys / "a")
    assert found.comparison == "made"
    assert "does not say under which split" in found.reason


@pytest.mark.parametrize(
    ("end", "undated", "comparison", "reason"),
    [
        ("2017-11-11T00:00:00Z", 0, "made", None),
        (
            "2017-11-11T00:00:01Z",
            0,
            "not_made",
            "it was trained on data up to 2017-11-11T00:00:01, and what this run's listeners are "
            "to play begins at 2017-11-11T00:00:00",
        ),
        ("2017-11-11T00:00:00Z", 3, "made", "does not say of all that it was trained on"),
        (None, None, "made", "does not say of all that it was trained on"),
    ],
)
def test_a_model_that_saw_what_listeners_are_to_find_is_not_compared_with(
    toys, tmp_path, end, undated, comparison, reason
):
    cut = datetime.datetime(2017, 11, 11, tzinfo=datetime.timezone.utc)
    listeners = forty_listeners(tmp_path / "listeners", round(cut.timestamp()))
    place = Place(tmp_path, listeners)
    recard(place.push(toys / "b", 1), data_end=end, undated_playlists=undated)
    found, _ = place.look(toys / "a")
    assert found.comparison == comparison
    assert found.reason is None if reason is None else reason in found.reason


def test_a_stop_split_changes_nothing(place, toys):
    recard(place.push(toys / "b", 1), split={**SPLIT, "stop": 4})
    assert place.look(toys / "a")[0].comparison == "made"


@pytest.mark.parametrize("by_hand", ["no card", "a broken card"])
def test_a_version_without_a_card_is_not_compared_with(place, toys, by_hand):
    card = place.push(toys / "b", 1) / "assets.extra" / "segue.json"
    card.unlink() if by_hand == "no card" else card.write_text("{")
    found, _ = place.look(toys / "a")
    assert (found.comparison, found.version, found.family) == ("not_made", "1", None)
    assert "no readable card" in found.reason


def test_a_copy_of_the_candidate_is_the_candidate_though_it_has_no_card(place, toys, tmp_path):
    model = pathlib.Path(shutil.copytree(toys / "a", tmp_path / "bare"))
    shutil.rmtree(model / "assets.extra")
    place.push(model, 1)
    assert place.look(model)[0].comparison == "same"


def test_a_model_without_the_signature_that_is_asked(place, toys):
    infra_toy.save(place.base / "1", "no serving_examples", split=SPLIT)
    found, _ = place.look(toys / "a")
    assert found.comparison == "not_made"
    assert "lacks a signature or an output that this run asks for" in found.reason
    assert "serving_examples" in found.reason


def test_a_model_that_fails_on_these_playlists(place, toys):
    infra_toy.save(place.base / "1", "answers", split=SPLIT)
    place.held_out = examples(
        place.folder / "odd", [example([infra_toy.uri(1)], [infra_toy.uri(2)])]
    )
    odd = tf.train.Example.FromString(example([infra_toy.uri(1)], [infra_toy.uri(2)]))
    odd.features.feature["name"].bytes_list.value[:] = [b"road\0trip"]
    place.held_out = examples(place.folder / "nul", [odd.SerializeToString()])
    found, _ = place.look(toys / "a")
    assert found.comparison == "not_made"
    assert "cannot be asked as this run asks" in found.reason
    assert "no NUL, please" in found.reason


def test_a_model_of_another_catalogue(place, toys):
    place.push(toys / "b", 1)
    place.held_out = examples(place.folder / "other", [example([b"a"], [b"b", b"c"])])
    found, _ = place.look(toys / "a")
    assert found.comparison == "not_made"
    assert "knows none of the 3 tracks of 1 eval playlists" in found.reason


def test_a_directory_that_holds_no_model(place, toys):
    version = place.push(toys / "b", 1)
    (version / "saved_model.pb").write_bytes(b"no graph")
    found, _ = place.look(toys / "a")
    assert found.comparison == "not_made"
    assert "cannot be asked" in found.reason


def test_a_version_that_the_record_names_and_that_is_gone(place, toys):
    place.push(toys / "b", 1)
    place.release(2)
    found, output = place.look(toys / "a")
    assert (found.comparison, found.version, found.pinned) == ("not_made", "2", True)
    assert "it is missing" in found.reason
    assert not kept(output).exists()


def test_the_key_of_the_cache_follows_what_is_served(place, toys):
    def key():
        return fingerprint(place.places())

    keys = [key()]
    place.push(toys / "a", 5)
    keys.append(key())
    place.push(toys / "b", 3)
    assert key() == keys[-1], "5 is still what is served"
    place.push(toys / "b", 9)
    keys.append(key())
    place.release(5)
    keys.append(key())
    recard(place.base / "5", family="als")
    keys.append(key())
    shutil.rmtree(place.base / "5")
    keys.append(key())
    assert len(set(keys)) == len(keys) == 6


def test_the_champion_of_the_registry_is_what_is_served(place, toys):
    place.push(toys / "b", 1)
    place.push(toys / "a", 2)
    place.champion(1)
    found, output = place.look(toys / "a")
    assert (found.version, found.pinned, found.registry) == ("1", False, None)
    assert found.comparison != "same"
    says = output.get_string_custom_property("summary")
    assert says.startswith("version 1")
    assert ", by the registry" in says


def test_a_champion_that_is_gone_is_not_served(place, toys):
    place.push(toys / "b", 1)
    place.push(toys / "a", 2)
    place.champion(1)
    shutil.rmtree(place.base / "1")
    found, output = place.look(toys / "a")
    assert (found.version, found.comparison) == ("2", "same")
    assert "version 1 is gone from the destination" in (found.registry or "")
    assert "version 1 is gone" in output.get_string_custom_property("summary")


def test_a_registry_that_does_not_answer_is_passed_over(place, toys):
    place.push(toys / "a", 2)
    place.champion(2)
    record = pathlib.Path(place.registry, "segue", "registry.json")
    record.write_text("{")
    found, _ = place.look(toys / "a")
    assert (found.version, found.comparison) == ("2", "same")
    assert (found.registry or "").startswith("the registry was not asked")


def test_the_key_of_the_cache_follows_the_champion(place, toys):
    for version, name in ((1, "a"), (2, "b"), (3, "a")):
        place.push(toys / name, version)
    keys = [fingerprint(place.places())]
    place.champion(3)
    assert fingerprint(place.places()) == keys[0], "3 is what was served before"
    place.champion(1)
    keys.append(fingerprint(place.places()))
    place.release(2)
    keys.append(fingerprint(place.places()))
    assert len(set(keys)) == 3
