"""Values of a compiled specification's runtime parameters: what changes from run to run."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pipeline.runners.vertex.connection import UsageError

#: The parameter that is the run's whole configuration, for the report.
_CONFIG: Final = "config"


def _json(kind: type) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        if not isinstance(value := json.loads(text), kind):
            raise ValueError
        return value

    return read


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError
    return text.lower() == "true"


#: What a text is read as, and what its reader should call it, by the specification's types.
_READERS: Final[Mapping[str, tuple[Callable[[str], Any], str]]] = {
    "NUMBER_INTEGER": (int, "an integer"),
    "NUMBER_DOUBLE": (float, "a number"),
    "BOOLEAN": (_boolean, "true or false"),
    "LIST": (_json(list), "a JSON list"),
    "STRUCT": (_json(dict), "a JSON object"),
}


def declared(job: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The parameters of a PipelineJob's specification, with type and default."""
    return job["pipelineSpec"].get("root", {}).get("inputDefinitions", {}).get("parameters", {})


def with_values(
    job: Mapping[str, Any], values: Mapping[str, Any] | None = None, settings: Iterable[str] = ()
) -> dict[str, Any]:
    """Puts values into a job, over those that it has.

    Args:
        job: a PipelineJob as JSON; it is left as it is.
        values: by name.
        settings: "NAME=VALUE" texts, which override `values`; of a parameter that is itself JSON,
            "NAME.KEY=VALUE" changes one field.

    Raises:
        UsageError: a name is unknown, a text is not of the type, or a value is missing.
    """
    known = declared(job)
    done = copy.deepcopy(dict(job))
    given = dict(done.setdefault("runtimeConfig", {}).get("parameterValues", {}))
    given |= values or {}
    earlier = {name: parameter.get("defaultValue") for name, parameter in known.items()} | given
    named = set()
    for setting in settings:
        name, separator, text = setting.partition("=")
        if not separator or not name:
            raise UsageError(f"--parameter takes NAME=VALUE, not {setting!r}.")
        parameter, *path = name.split(".")
        named.add(parameter)
        if path and parameter in known:
            before = given.get(parameter, known[parameter].get("defaultValue"))
            given[parameter] = _changed(before, parameter, path, text)
        else:
            given[name] = _read(name, text, known)
    if unknown := sorted(given.keys() - known.keys()):
        raise UsageError(f"The specification has no parameter {', '.join(unknown)}; {_list(known)}")
    if _CONFIG in known and _CONFIG not in named:
        given |= _told(earlier, {name: given[name] for name in named})
    optional = {
        name
        for name, definition in known.items()
        if "defaultValue" in definition or definition.get("isOptional")
    }
    missing = [name for name in known if name not in optional | given.keys()]
    if missing:
        raise UsageError(
            f"The specification needs a value of {', '.join(missing)}: --parameter NAME=VALUE."
        )
    if given:
        done["runtimeConfig"]["parameterValues"] = given
    return done


def _told(earlier: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, str]:
    """The configuration, which the report shows, with the parameters that Trainers get now.

    Args:
        earlier: the values before, by name, that of the configuration among them.
        given: those that were named.

    Returns:
        It by its parameter's name; nothing where all of it holds still.
    """
    new = {}
    for name, value in given.items():
        kind, _, family = name.partition("_")
        params = _object(value).get("params")
        if kind == "trainer" and params and params != _object(earlier[name]).get("params"):
            new[family] = params
    config = _object(earlier[_CONFIG])
    if not new or not config:
        return {}
    return {_CONFIG: json.dumps({**config, "models": {**config.get("models", {}), **new}})}


def _object(text: Any) -> dict[str, Any]:
    """A JSON object, empty where a value is none."""
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(name: str, text: str, known: Mapping[str, Mapping[str, Any]]) -> Any:
    if name not in known:
        raise UsageError(f"The specification has no parameter {name}; {_list(known)}")
    reader, kind = _READERS.get(known[name].get("parameterType", ""), (str, "a text"))
    try:
        return reader(text)
    except ValueError:
        raise UsageError(f"--parameter {name}: takes {kind}, not {text!r}.") from None


def _changed(value: Any, name: str, path: Sequence[str], text: str) -> str:
    """A parameter's JSON with one field changed, which has to be there and keeps its type."""
    try:
        document = json.loads(value)
    except (TypeError, ValueError):
        raise UsageError(f"--parameter {name}: its value is no JSON: give all of it.") from None
    place = document
    for depth, part in enumerate(path):
        key: Any = int(part) if isinstance(place, list) and part.isdigit() else part
        there = range(len(place)) if isinstance(place, list) else place
        if not isinstance(place, list | dict) or key not in there:
            inside = ", ".join(map(str, there)) if isinstance(place, list | dict) else "nothing"
            where = ".".join((name, *path[:depth]))
            raise UsageError(f"--parameter {name}: {where} has no {part}; it has {inside}.")
        if depth < len(path) - 1:
            place = place[key]
    try:
        changed = json.loads(text)
    except ValueError:
        changed = text
    if place[key] is not None and _kind(place[key]) != _kind(changed):
        raise UsageError(
            f"--parameter {'.'.join((name, *path))}: takes {_kind(place[key])}, not {text!r}."
        )
    place[key] = changed
    return json.dumps(document)


def _kind(value: Any) -> str:
    """What a JSON value is called."""
    if isinstance(value, bool) or value is None:
        return "null" if value is None else "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "an object"


def _list(known: Iterable[str]) -> str:
    return f"it has {', '.join(sorted(known)) or 'none'}."
