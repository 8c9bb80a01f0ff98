"""The messages of `schema/gateway.proto`, declared field by field.

Code that a compiler of protocol buffers writes fits one version of the library; this fits those
that TFX 1.16 and 1.21 bring. A test compares it with the file.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE: Final = "segue.gateway"
SERVICE: Final = f"{PACKAGE}.Gateway"
METHOD: Final = "Recommend"

_Field = descriptor_pb2.FieldDescriptorProto
_KINDS: Final = {
    "string": _Field.TYPE_STRING,
    "int32": _Field.TYPE_INT32,
    "bool": _Field.TYPE_BOOL,
    "double": _Field.TYPE_DOUBLE,
}
#: The fields of each message: label, type and name, numbered from 1.
MESSAGES: Final = {
    "RecommendRequest": (
        ("", "string", "listener_id"),
        ("", "string", "surface"),
        ("repeated", "string", "recent_tracks"),
        ("", "int32", "n"),
        ("", "string", "session_id"),
        ("optional", "bool", "explicit"),
        ("", "string", "market"),
    ),
    "RecommendResponse": (
        ("", "string", "request_id"),
        ("", "string", "surface"),
        ("", "string", "segment"),
        ("", "string", "experiment"),
        ("", "string", "arm"),
        ("", "string", "served_by"),
        ("", "string", "model_version"),
        ("", "string", "candidate_set"),
        ("repeated", "Fallback", "fallbacks"),
        ("repeated", "Slot", "tracks"),
    ),
    "Fallback": (("", "string", "source"), ("", "string", "reason")),
    "Slot": (
        ("", "string", "track_uri"),
        ("", "string", "track_name"),
        ("", "string", "artist_name"),
        ("", "string", "shelf"),
        ("", "string", "reason"),
        ("", "double", "propensity"),
    ),
}


def _declared() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="segue/gateway.proto", package=PACKAGE, syntax="proto3"
    )
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (label, kind, field) in enumerate(fields, 1):
            made = message.field.add(name=field, number=number)
            made.label = _Field.LABEL_REPEATED if label == "repeated" else _Field.LABEL_OPTIONAL
            if kind in _KINDS:
                made.type = _KINDS[kind]
            else:
                made.type, made.type_name = _Field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
            if label == "optional":  # as a compiler does it: a choice of one
                made.proto3_optional, made.oneof_index = True, len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field}")
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _class(name: str) -> Any:
    descriptor = _POOL.FindMessageTypeByName(f"{PACKAGE}.{name}")
    if hasattr(message_factory, "GetMessageClass"):  # protobuf 4 and later
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(_POOL).GetPrototype(descriptor)


_POOL: Final = _declared()
RecommendRequest: Any = _class("RecommendRequest")
RecommendResponse: Any = _class("RecommendResponse")
