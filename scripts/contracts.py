"""Writes the tables of docs/contracts/ from the code: `python scripts/contracts.py [--check]`.

A page holds each table between two comments, `<!-- table: NAME -->` and `<!-- end -->`; the text
around them is written by hand. `--check` writes nothing and fails where a page is out of date.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import pyarrow as pa
import typer
from google.protobuf import text_format
from pydantic import BaseModel
from tensorflow_metadata.proto.v0 import schema_pb2

from evaluation.metrics.registry import METRICS
from gateway import GatewayConfig
from schema import events, features, layout, published, rows, signatures, tables
from schema.curated import curated_schema
from schema.documents import RunMetrics
from schema.model_card import ModelCard
from schema.options import Options
from schema.status import CommandStatus, StatusLine
from serving.canary.options import CanaryOptions

ROOT: Final = pathlib.Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs" / "contracts"
_TABLE: Final = re.compile(r"(<!-- table: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def commands() -> str:
    """Every command, and its options with their types and defaults."""
    from pipeline.cli.main import app

    parts = []
    for name, command in _leaves("segue", typer.main.get_command(app)):
        text, _, example = (command.help or "").partition("Example:")
        parts += [f"### `{name}`", " ".join(text.split())]
        if example:
            parts.append(f"```sh\n{' '.join(example.split())}\n```")
        options = [_option(each) for each in command.params if each.name != "help"]
        if options:
            parts.append(_markdown(("option", "type", "default", ""), options))
    return "\n\n".join(parts)


def places() -> str:
    """What lies under OUT."""
    found = [(f"`{place}`", what) for place, what in layout.PLACES.items()]
    return _markdown(("under OUT", "what"), found)


def row_columns() -> str:
    """The columns of per_playlist.parquet."""
    return columns(rows.arrow_schema(METRICS))()


def columns(schema: pa.Schema) -> Callable[[], str]:
    """The columns of a table, and whether they may be null where some may not."""
    strict = any(not column.nullable for column in schema)

    def table() -> str:
        found = [
            (f"`{column.name}`", _column_type(column.type))
            + ((("yes" if column.nullable else "no"),) if strict else ())
            for column in schema
        ]
        return _markdown(("column", "type", *(("null",) if strict else ())), found)

    return table


def reasons(known: Mapping[str, str]) -> Callable[[], str]:
    """Why an event may be refused, or a listener set aside."""

    def table() -> str:
        found = [(f"`{code}`", meaning) for code, meaning in known.items()]
        return _markdown(("reason", "what it says"), found)

    return table


def tensors() -> str:
    """Every tensor of every signature."""
    found = [
        (f"`{name}`", side, f"`{tensor}`", spec.dtype, f"[{', '.join(spec.shape)}]")
        for name, signature in {**signatures.SIGNATURES, **signatures.OPTIONAL_SIGNATURES}.items()
        for side, specs in (("input", signature.inputs), ("output", signature.outputs))
        for tensor, spec in specs.items()
    ]
    return _markdown(("signature", "", "tensor", "type", "shape"), found)


def playlist_features() -> str:
    """The features of a playlist's Example."""
    text = curated_schema()
    curated = text_format.Parse(text, schema_pb2.Schema())
    found = []
    for feature in curated.feature:
        share = feature.presence.min_fraction
        presence = (
            "every playlist" if share == 1 else f"at least {share:.0%}" if share else "optional"
        )
        found.append(
            (
                f"`{feature.name}`",
                schema_pb2.FeatureType.Name(feature.type).lower(),
                "track" if feature.name in features.TRACK_FEATURES else "playlist",
                presence,
            )
        )
    return _markdown(("feature", "type", "a value for each", "present in"), found)


def document(name: str) -> Callable[[], str]:
    """The fields of a published document, part by part."""
    return lambda: _fields(published.PUBLISHED[name].model_json_schema(mode="serialization"))


def model_card() -> str:
    """The fields of segue.json."""
    return _fields(ModelCard.model_json_schema(), _attributes(ModelCard))


def manifest() -> str:
    """The fields of the manifest of landed offsets."""
    return _fields(events.Manifest.model_json_schema())


def comparison() -> str:
    """The fields of a comparison's document, and of those parts that a run's has not."""
    found = published.PUBLISHED["comparison.schema.json"].model_json_schema(mode="serialization")
    known = RunMetrics.model_json_schema()["$defs"]
    parts = {name: part for name, part in found["$defs"].items() if name not in known}
    return _fields({**found, "$defs": parts})


def statuses() -> str:
    """What every line says, what each says besides, and the parts that only lines have."""
    common = CommandStatus.model_json_schema(mode="serialization")
    said = common["properties"].keys() - {"status"}
    known = RunMetrics.model_json_schema()["$defs"]
    parts = {"CommandStatus": common}
    for name, part in StatusLine.model_json_schema(mode="serialization")["$defs"].items():
        fields = part["properties"]
        if "command" in fields:
            fields = {key: field for key, field in fields.items() if key not in said}
        if name not in known:
            parts[name] = {**part, "properties": fields}
    return _fields({"$defs": parts})


def canary_options() -> str:
    """The thresholds of a canary, with their defaults and bounds."""
    fields = CanaryOptions.model_json_schema()["properties"]
    found = [
        (f"`canary.{name}`", f"`{field['default']:g}`", _bounds(field), field["description"])
        for name, field in fields.items()
    ]
    return _markdown(("key", "default", "accepts", "meaning"), found)


def gateway_options() -> str:
    """The keys of a gateway's file, part by part; what stands twice is told at the first."""
    return _markdown(("key", "default", "meaning"), _options(GatewayConfig, "", set()))


def _options(
    kind: type[Options], within: str, told: set[type[Options]]
) -> Iterable[tuple[str, str, str]]:
    for name, field in kind.model_fields.items():
        found = list(_parts(field.annotation))
        origin = typing.get_origin(field.annotation)
        key = f"{within}{name}{'.SEGMENT' if origin is dict else '[]' if found and origin else ''}"
        key = key.removesuffix("[]") if origin is types.UnionType else key
        if field.is_required():
            default = "required"
        else:
            default = "" if found or field.default in (None, ()) else f"`{_shown(field.default)}`"
        yield f"`{key}`", default, field.description or ""
        for part in found:
            if part not in told:
                told.add(part)
                yield from _options(part, f"{key}.", told)


def _parts(annotation: Any) -> Iterable[type[Options]]:
    """The options that an annotation speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, Options):
        yield annotation
    for each in typing.get_args(annotation):
        yield from _parts(each)


def _shown(value: Any) -> str:
    return json.dumps(value).strip('"')


TABLES: Final[dict[str, Callable[[], str]]] = {
    "commands": commands,
    "places": places,
    "rows": row_columns,
    "tensors": tensors,
    "features": playlist_features,
    "metrics": document("metrics.schema.json"),
    "comparison": comparison,
    "details": document("details.schema.json"),
    "model-card": model_card,
    "statuses": statuses,
    "canary": canary_options,
    "gateway": gateway_options,
    "events": document("event.schema.json"),
    "refusals": reasons(events.REASONS),
    "landed": columns(events.EVENTS),
    "dead-letters": columns(events.DEAD_LETTERS),
    "manifest": manifest,
    "tracks": columns(tables.TRACKS),
    "audio": columns(tables.AUDIO),
    "follows": columns(tables.FOLLOWS),
    "recommendations": columns(tables.RECOMMENDATIONS),
    "audience": columns(tables.AUDIENCE),
    "set-aside": columns(tables.SET_ASIDE),
    "set-aside-reasons": reasons(tables.SET_ASIDE_REASONS),
    "plays": columns(tables.PLAYS),
    "trending": columns(tables.TRENDING),
    **{name.replace("_", "-"): columns(view.schema) for name, view in tables.FEATURE_VIEWS.items()},
}


def render(text: str) -> str:
    """Fills in the tables of a page.

    Raises:
        KeyError: if the page names a table that does not exist.
    """
    return _TABLE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[3]}", text)


def _leaves(name: str, command: Any) -> Iterable[tuple[str, Any]]:
    if hasattr(command, "commands"):
        if command.invoke_without_command and command.callback and name != "segue":
            yield name, command
        for each in command.commands.values():
            yield from _leaves(f"{name} {each.name}", each)
    else:
        yield name, command


def _option(option: Any) -> tuple[str, str, str, str]:
    is_option = option.param_type_name == "option"
    names = ", ".join([*option.opts, *option.secondary_opts]) if is_option else option.name.upper()
    kind = option.type_descriptor.annotation.__name__ + (", repeated" if option.multiple else "")
    default = option.default
    shown = "required" if option.required else "" if default in (None, ()) else f"`{default}`"
    return f"`{names}`", kind, shown, " ".join((option.help or "").split())


def _fields(schema: dict[str, Any], meanings: dict[str, str] | None = None) -> str:
    parts = []
    whole = {schema["title"]: schema} if "properties" in schema else {}
    for title, part in (whole | schema.get("$defs", {})).items():
        found = [
            (f"`{name}`", _type(field), (meanings or {}).get(name) or field.get("description", ""))
            for name, field in part.get("properties", {}).items()
        ]
        text = " ".join(part.get("description", "").split("Attributes:")[0].split())
        parts += [f"### {title}", *([text] if text else [])]
        parts.append(_markdown(("field", "type", "meaning"), found))
    return "\n\n".join(parts)


def _column_type(kind: pa.DataType) -> str:
    return f"list of {kind.value_type}" if pa.types.is_list(kind) else str(kind)


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2]
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if "enum" in field:
        return " or ".join(json.dumps(value) for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        values = _type(field["additionalProperties"])
        return f"object of ({values})" if " or " in values else f"object of {values}"
    return field.get("type", "any")


def _bounds(field: dict[str, Any]) -> str:
    """Which numbers a field accepts."""
    kind = "" if field["type"] == "number" else "whole, "
    below = field.get("exclusiveMaximum")
    end = f"to below {below:,}" if below is not None else f"to {field['maximum']:,}"
    return f"{kind}{field['minimum']:,} {end}"


def _attributes(kind: type[BaseModel]) -> dict[str, str]:
    """What the docstring says of each attribute."""
    section = (kind.__doc__ or "").partition("Attributes:")[2]
    found = re.findall(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def _markdown(header: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    table = [header, ("---",) * len(header), *lines]
    cells = ([cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in table)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def main() -> int:
    """Writes the pages, or checks them.

    Returns:
        1 if a page is out of date and `--check` was given, otherwise 0.
    """
    stale = []
    for path in sorted(FOLDER.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if (wanted := render(text)) != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(wanted, encoding="utf-8")
    if "--check" in sys.argv and stale:
        print(f"Out of date: {', '.join(stale)}. `python scripts/contracts.py` writes them anew.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
