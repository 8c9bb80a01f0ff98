"""What a container does beside TFX's entry point: it looks, checks its code, tells its failure."""

import json

import pytest

from pipeline import source_hash
from pipeline.runners.vertex import code, entrypoint, look_up
from pipeline.runners.vertex.failures import told

DECLARED = json.dumps(
    {
        "parameters": {
            name: {"parameterType": "STRING"}
            for name in ("destination", "release_record", "fingerprint")
        }
    }
)


def task(folder, **parameters):
    output = {"outputFile": str(folder / "task" / "executor_output.json")}
    return json.dumps({"inputs": {"parameterValues": parameters}, "outputs": output})


def run_look_up(folder, **parameters):
    look_up.main(
        [
            "--driver_class_path",
            "components.served_model.driver.Driver",
            "--json_serialized_invocation_args",
            task(folder, **parameters),
            "--json_serialized_inputs_spec_args",
            DECLARED,
        ]
    )
    return json.loads((folder / "task" / "executor_output.json").read_text())["parameterValues"]


def test_what_is_looked_up_replaces_the_parameter(tmp_path):
    places = {
        "destination": str(tmp_path / "none"),
        "release_record": str(tmp_path / "releases.json"),
        "registry": "{}",
        "registered_model": "segue",
        "fingerprint": "",
    }
    found = run_look_up(tmp_path, **places)
    assert {*found} == {"fingerprint"}
    assert found == run_look_up(tmp_path, **places) != {"fingerprint": ""}


def test_a_look_up_that_fails_is_told_beside_the_output_file(tmp_path):
    (tmp_path / "releases.json").write_text("{")
    with pytest.raises(Exception, match=r"releases\.json"):
        run_look_up(
            tmp_path,
            destination=str(tmp_path / "none"),
            release_record=str(tmp_path / "releases.json"),
            registry="{}",
            registered_model="segue",
            fingerprint="",
        )
    assert "releases.json" in (tmp_path / "task" / "error.txt").read_text()


def test_a_failure_leaves_its_last_lines(tmp_path):
    with pytest.raises(ValueError, match="no such thing"), told(f"{tmp_path}/deep/output.json"):
        raise ValueError("no such thing")
    lines = (tmp_path / "deep" / "error.txt").read_text().splitlines()
    assert lines[-1] == "ValueError: no such thing"


def test_code_of_another_commit_is_refused(tmp_path, monkeypatch):
    own = code.digest()
    for accepted in (None, "", own):
        code.check(accepted)
    monkeypatch.setenv("SEGUE_CODE", "other")
    arguments = ["--executor_class_path", "no.Executor"]
    arguments += ["--json_serialized_invocation_args", task(tmp_path)]
    with pytest.raises(code.OtherCodeError, match=f"{own}.* compiled from .other"):
        entrypoint.main(arguments)
    assert "OtherCodeError" in (tmp_path / "task" / "error.txt").read_text()


def test_the_hash_of_packages_sees_every_file_that_python_reads(tmp_path, monkeypatch):
    package = tmp_path / "somewhere"
    (package / "below").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "below" / "data.json").write_text("{}")
    monkeypatch.syspath_prepend(tmp_path)

    def digest():
        source_hash._content_hash.cache_clear()
        return source_hash.of_packages("somewhere")

    first = digest()
    (package / "notes.md").write_text("nobody reads this")
    assert digest() == first
    (package / "below" / "data.json").write_text("[]")
    assert digest() != first
