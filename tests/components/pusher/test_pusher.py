"""Pushes through the component's executor, to a destination that others write to as well."""

import json
import pathlib
import shutil
import time

import pytest
from tfx.types import standard_artifacts

from components.pusher import executor

MAX = 2**63 - 1


@pytest.fixture
def model(tmp_path):
    """Makes a model: a directory by its name."""

    def make(name):
        folder = tmp_path / f"trained-{name}" / "Format-Serving"
        if not folder.exists():
            (folder / "variables").mkdir(parents=True)
            (folder / "assets.extra").mkdir()
            (folder / "saved_model.pb").write_text(f"graph of {name}")
            (folder / "variables" / "variables.index").write_text(f"sums of {name}")
            (folder / "assets.extra" / "segue.json").write_text(json.dumps({"family": name}))
        return folder

    return make


@pytest.fixture
def base(tmp_path):
    return tmp_path / "serving" / "segue"


@pytest.fixture
def release(base):
    def write(stable):
        base.parent.mkdir(parents=True, exist_ok=True)
        entry = {"action": "promote", "at": "", "stable": stable}
        record = {"format": 1, "model": "segue", "releases": [entry]}
        (base.parent / "releases.json").write_text(json.dumps(record))

    return write


@pytest.fixture
def push(tmp_path, base, model):
    """Runs the executor; gives the version and what it says."""

    def run(name, blessed=True):
        trained = standard_artifacts.Model()
        trained.uri = str(model(name).parent)
        blessing = standard_artifacts.ModelBlessing()
        blessing.set_int_custom_property("blessed", int(blessed))
        infra = standard_artifacts.InfraBlessing()
        infra.set_string_custom_property("blessing_status", "INFRA_BLESSED")
        infra.set_int_custom_property("blessed", 1)
        output = standard_artifacts.PushedModel()
        output.uri = str(tmp_path / "pushed")
        executor.Executor().Do(
            {"model": [trained], "model_blessing": [blessing], "infra_blessing": [infra]},
            {"pushed_model": [output]},
            {
                "destination": str(base),
                "release_record": str(base.parent / "releases.json"),
                "started": "now",
            },
        )
        version = output.get_string_custom_property("pushed_version")
        assert bool(version) is bool(output.get_int_custom_property("pushed"))
        if version:
            destination = output.get_string_custom_property("pushed_destination")
            assert destination == str(base / version)
            copied = pathlib.Path(destination)
            for file in model(name).rglob("*"):
                assert (copied / file.relative_to(model(name))).exists()
        return version and int(version), output.get_string_custom_property("summary")

    return run


def versions(base):
    return sorted(int(path.name) for path in base.iterdir())


def put(base, model, name, version):
    shutil.copytree(model(name), base / str(version))


def test_the_first_version_has_the_time_as_its_number(push, base):
    before = int(time.time())
    version, says = push("a")
    assert before <= version <= time.time()
    assert versions(base) == [version]
    assert says == f"pushed as version {version}"


def test_what_is_not_blessed_is_not_pushed(push, base, model):
    assert push("a", blessed=False) == ("", "nothing was pushed")
    put(base, model, "a", 5)
    says = "nothing was pushed; the same model goes on being served as version 5"
    assert push("a", blessed=False) == ("", says)
    assert versions(base) == [5]


def test_what_is_served_is_not_pushed_again(push, base):
    version, _ = push("a")
    assert push("a") == (version, f"served already as version {version}, not pushed again")
    assert versions(base) == [version]


def test_a_push_that_is_gone_is_repeated(push, base):
    first, _ = push("a")
    shutil.rmtree(base)
    again, says = push("a")
    assert versions(base) == [again]
    assert again >= first
    assert says == f"pushed as version {again}"


def test_a_push_that_was_cut_short_is_repeated_above_it(push, base):
    version, _ = push("a")
    (base / str(version) / "saved_model.pb").unlink()
    again, _ = push("a")
    assert again > version


def test_a_push_that_is_killed_in_its_last_file_is_no_version(push, base, monkeypatch):
    def killed(source, target, *_):
        content = pathlib.Path(source).read_bytes()
        pathlib.Path(target).write_bytes(content[: len(content) // 2])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(executor.io_utils, "copy_file", killed)
        with pytest.raises(KeyboardInterrupt):
            push("a")
    assert list(base.iterdir())
    assert not list(base.glob("*/saved_model.pb"))
    version, _ = push("a")
    assert sorted(path.name for path in (base / str(version)).iterdir()) == [
        "assets.extra",
        "saved_model.pb",
        "variables",
    ]


def test_a_model_that_another_one_has_replaced_is_pushed_above_it(push, base, model):
    one, _ = push("a")
    two, _ = push("b")
    three, says = push("a")
    assert one < two < three
    assert says == f"pushed as version {three}"
    assert push("a")[0] == three


# A date as number, and the clock of a machine that was years ahead.
@pytest.mark.parametrize("there", [20261127120000, 4_102_444_800])
def test_a_version_is_above_every_one_that_is_there(push, base, model, there):
    """A date as a number, or a clock that was ahead."""
    put(base, model, "by hand", there)
    version, says = push("a")
    assert (version, says) == (there + 1, f"pushed as version {there + 1}")
    (base / str(there + 9)).mkdir()  # holds nothing yet, but may
    assert push("b")[0] == there + 10


def test_where_no_higher_number_is_left_it_is_told_and_done_once(push, base, model):
    put(base, model, "by hand", MAX)
    version, says = push("a")
    assert version <= time.time()
    assert says == (
        f"pushed as version {version}; servers go on with version {MAX}, whose number is higher"
    )
    again, says = push("a")
    assert again == version
    assert says.startswith(f"there already as version {version}, not pushed again; servers go on")
    assert versions(base) == [version, MAX]


def test_where_no_higher_number_is_left_no_other_version_is_written_over(
    push, base, model, monkeypatch
):
    monkeypatch.setattr(executor.time, "time", lambda: 1000.5)
    for there in (1000, 1001, MAX):
        put(base, model, "by hand", there)
    assert push("a")[0] == 1002
    assert (base / "1000" / "saved_model.pb").read_text() == "graph of by hand"


def test_a_pinned_server_stays_with_its_version_and_the_run_says_so(push, base, model, release):
    put(base, model, "a", 1)
    put(base, model, "b", 2)
    release(1)
    version, says = push("c")
    assert says == (
        f"pushed as version {version}; servers stay with version 1 by the release record until "
        f"`segue release promote {version}`"
    )
    # What waits to be promoted is not pushed once more, nor is what is served.
    again, says = push("c")
    assert (again, versions(base)) == (version, [1, 2, version])
    assert says.startswith(f"there already as version {version}, not pushed again; servers stay")
    assert push("b")[0] == 2
    assert push("a") == (1, "served already as version 1, not pushed again")


def test_a_pinned_version_that_is_gone_is_told_of(push, base, model, release):
    put(base, model, "a", 1)
    release(4)
    version, says = push("b")
    assert f"pushed as version {version}; servers stay with version 4" in says
