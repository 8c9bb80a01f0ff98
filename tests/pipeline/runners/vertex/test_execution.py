"""The way a specification is run, with containers that are a line of Python each."""

import json
import sys

import pytest

from pipeline.runners.vertex.execution import Execution, TaskFailedError

COMMON = """
import json, os, sys
given = json.loads(sys.argv[1])
values = given["inputs"]["parameterValues"]
def said(**output):
    path = given["outputs"]["outputFile"]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):  # written by a look-up
        values.update(json.load(open(path)).get("parameterValues", {}))
    json.dump(output, open(path, "w"))
"""
WRITES = (
    COMMON
    + """
said()
for key, group in given["outputs"]["artifacts"].items():
    (artifact,) = group["artifacts"]
    os.makedirs(artifact["uri"])
    inputs = [group["artifacts"][0]["uri"] for group in given["inputs"]["artifacts"].values()]
    text = [open(uri + "/it").read() for uri in inputs]
    open(artifact["uri"] + "/it", "w").write("".join([*sorted(text), values.get("letter", "?")]))
    said(artifacts={key: {"artifacts": [{"name": artifact["name"], "metadata": {"letters": 1}}]}})
"""
)
LOOKS = (
    COMMON
    + """
said(parameterValues={"letter": open(values["place"]).read()})
"""
)
FAILS = """
import sys
print("one line of the log")
sys.exit(3)
"""


def component(script, output="out", look_up=None):
    container = {"image": "image", "command": ["python", "-c", script], "args": ["{{$}}"]}
    if look_up:
        command = {"command": ["python", "-c", look_up], "args": ["{{$}}"]}
        container["lifecycle"] = {"preCacheCheck": command}
    return container, {output: {"artifactType": {"instanceSchema": "title: tfx.Model"}}}


def job(folder, components, parameters=None):
    """Builds a job; each component is (container, outputs), inputs by producer, parameters."""
    tasks, declared, executors = {}, {}, {}
    for name, ((container, outputs), producers, values, cached) in components.items():
        tasks[name] = {
            "componentRef": {"name": name},
            "cachingOptions": {"enableCache": True} if cached else {},
            "inputs": {
                "artifacts": {
                    producer: {
                        "taskOutputArtifact": {
                            "producerTask": producer,
                            "outputArtifactKey": "out",
                        }
                    }
                    for producer in producers
                },
                "parameters": values,
            },
        }
        declared[name] = {"executorLabel": name, "outputDefinitions": {"artifacts": outputs}}
        executors[name] = {"container": container}
    inputs = {key: {"defaultValue": value} for key, value in (parameters or {}).items()}
    return {
        "runtimeConfig": {"gcsOutputDirectory": str(folder / "root")},
        "pipelineSpec": {
            "root": {"dag": {"tasks": tasks}, "inputDefinitions": {"parameters": inputs}},
            "components": declared,
            "deploymentSpec": {"executors": executors},
        },
    }


def letter(value):
    return {"letter": {"runtimeValue": {"constant": value}}}


@pytest.fixture
def run(tmp_path):
    def execute(built, **arguments):
        execution = Execution(built, str(tmp_path / "logs"), **arguments)
        events = []
        done = execution.run(lambda _: None, lambda result: events.append(result.task), workers=2)
        return done, events

    return execute


def content(result):
    with open(f"{result.outputs['out']['uri']}/it", encoding="utf-8") as file:
        return file.read()


def test_tasks_run_after_what_they_read_and_get_what_it_made(run, tmp_path):
    built = job(
        tmp_path,
        {
            "A-last": (component(WRITES), ("m", "n"), letter("c"), False),
            "m": (component(WRITES), (), letter("a"), False),
            "n": (component(WRITES), ("m",), letter("b"), False),
        },
    )
    done, events = run(built)
    assert events == ["m", "n", "A-last"]
    assert content(done["A-last"]) == "a" + "ab" + "c"
    assert done["m"].outputs["out"]["metadata"] == {"letters": 1}
    assert done["m"].outputs["out"]["uri"].startswith(str(tmp_path / "root" / "1" / "local-"))


def test_runtime_parameters_have_defaults_and_unknown_ones_are_refused(run, tmp_path):
    values = {"letter": {"componentInputParameter": "which"}}
    built = job(tmp_path, {"m": (component(WRITES), (), values, False)}, {"which": "d"})
    assert content(run(built)[0]["m"]) == "d"
    assert content(run(built, values={"which": "e"})[0]["m"]) == "e"
    with pytest.raises(
        ValueError, match="wich is no parameter of this pipeline; choose from which"
    ):
        run(built, values={"wich": "e"})


def test_the_cache_answers_for_the_same_inputs_and_what_was_looked_up_counts(run, tmp_path):
    (tmp_path / "place").write_text("x")
    place = {"place": {"runtimeValue": {"constant": str(tmp_path / "place")}}}
    looks = component(WRITES, look_up=LOOKS)
    built = job(
        tmp_path,
        {
            "looks": (looks, (), place, True),
            "reads": (component(WRITES), ("looks",), letter("b"), True),
            "always": (component(WRITES), ("looks",), letter("b"), False),
        },
    )
    cache = str(tmp_path / "cache.json")
    first, _ = run(built, cache=cache)
    assert content(first["reads"]) == "xb"
    again, _ = run(built, cache=cache)
    assert {name for name, each in again.items() if each.cached} == {"looks", "reads"}
    assert again["reads"].outputs == first["reads"].outputs
    (tmp_path / "place").write_text("y")
    other, _ = run(built, cache=cache)
    assert not any(each.cached for each in other.values())
    assert content(other["reads"]) == "yb"


def test_a_container_that_fails_ends_the_run_with_its_last_words(run, tmp_path):
    built = job(
        tmp_path,
        {
            "m": (component(FAILS), (), {}, True),
            "n": (component(WRITES), ("m",), letter("b"), False),
        },
    )
    with pytest.raises(TaskFailedError, match="one line of the log") as error:
        run(built, cache=str(tmp_path / "cache.json"))
    assert error.value.task == "m"
    assert not (tmp_path / "cache.json").exists()


def test_a_container_gets_the_variables_of_the_specification(run, tmp_path):
    container, outputs = component(WRITES.replace('"?"', 'os.environ["MARK"]'))
    container["env"] = [{"name": "MARK", "value": "!"}]
    done, _ = run(job(tmp_path, {"m": ((container, outputs), (), {}, False)}))
    assert content(done["m"]) == "!"
    assert json.loads(json.dumps(container))["command"][0] == "python" != sys.executable
