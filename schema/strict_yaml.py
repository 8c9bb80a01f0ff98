"""YAML as a configuration means it: each key once, and numbers that look like what they are.

YAML 1.1, PyYAML's own, reads 017 as 15, 12:30 as 750 and `no` as false; of a key that stands twice
it takes the last. Here plain values are those of YAML 1.2's core schema, and decimal.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from schema import strict_json


class DuplicateKeyError(yaml.YAMLError):
    """A key stands twice in one mapping; the message names it and both places."""


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, list[Any]] = {}  # noqa: RUF012 - PyYAML's own name

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        first: dict[str, yaml.Mark] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in first:
                places = [(m.line + 1, m.column + 1) for m in (first[key.value], key.start_mark)]
                raise DuplicateKeyError(strict_json.told(key.value, *places))
            first[key.value] = key.start_mark
        return super().construct_mapping(node, deep)


for _kind, _pattern, _starts in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9_]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:(?:0|[1-9][0-9_]*)?\.[0-9]+|(?:0|[1-9][0-9_]*)\.?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("merge", r"<<", "<"),
    ("null", r"~|null|Null|NULL|", "~nN"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), [*_starts, ""]
    )


def _plain(kind: str) -> Any:
    """A constructor that takes, where a tag asks for a kind, what would be of it without a tag."""
    own = getattr(yaml.SafeLoader, f"construct_yaml_{kind}")

    def construct(loader: _Loader, node: yaml.ScalarNode) -> Any:
        tag = loader.resolve(yaml.ScalarNode, node.value, (True, False))
        if tag != node.tag and not (kind == "float" and tag.endswith(":int")):
            raise yaml.constructor.ConstructorError(
                None, None, f"{node.value!r} is no {kind}", node.start_mark
            )
        return own(loader, node)

    return construct


for _kind in ("bool", "int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _plain(_kind))


def load(text: str | bytes) -> Any:
    """Reads a document, of bytes in UTF-8 or UTF-16.

    Raises:
        DuplicateKeyError: a key stands twice in one mapping.
        yaml.YAMLError: it is not valid YAML, or nested too deeply.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
