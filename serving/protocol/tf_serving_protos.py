"""Two of TF Serving's configuration messages that its Python package leaves out.

`BatchingParameters` (servables/tensorflow/session_bundle_config.proto) and `SSLConfig`
(config/ssl_config.proto) are declared here field by field, so that the files that one writes for
`--batching_parameters_file` and `--ssl_config_file` of the real server are read unchanged.
"""

from __future__ import annotations

import pathlib
from typing import Any, TypeVar

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)
from google.protobuf.message import Message

from serving.protocol.errors import ConfigError

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "segue.serving"
_M = TypeVar("_M", bound=Message)


def _field(name: str, number: int, kind: int | str, *, repeated: bool = False) -> Any:
    field = _Field(
        name=name,
        number=number,
        label=_Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL,
    )
    if isinstance(kind, str):
        field.type = _Field.TYPE_MESSAGE
        field.type_name = f".google.protobuf.{kind}"
    else:
        field.type = kind
    return field


def _declare(name: str, fields: list[Any]) -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name=f"segue/serving/{name}.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
        message_type=[descriptor_pb2.DescriptorProto(name=name, field=fields)],
    )
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    descriptor = pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")
    if hasattr(message_factory, "GetMessageClass"):  # protobuf 4 and later
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


BatchingParameters: Any = _declare(
    "BatchingParameters",
    [
        _field("max_batch_size", 1, "Int64Value"),
        _field("batch_timeout_micros", 2, "Int64Value"),
        _field("max_enqueued_batches", 3, "Int64Value"),
        _field("num_batch_threads", 4, "Int64Value"),
        _field("thread_pool_name", 5, "StringValue"),
        _field("allowed_batch_sizes", 6, _Field.TYPE_INT64, repeated=True),
        _field("pad_variable_length_inputs", 7, _Field.TYPE_BOOL),
        _field("enable_large_batch_splitting", 8, "BoolValue"),
        _field("max_execution_batch_size", 9, "Int64Value"),
    ],
)

SSLConfig: Any = _declare(
    "SSLConfig",
    [
        _field("server_key", 1, _Field.TYPE_STRING),
        _field("server_cert", 2, _Field.TYPE_STRING),
        _field("custom_ca", 3, _Field.TYPE_STRING),
        _field("client_verify", 4, _Field.TYPE_BOOL),
    ],
)


def read_text_proto(path: str | pathlib.Path, message: _M) -> _M:
    """Reads a text-format file into `message` and returns it.

    Raises:
        ConfigError: the file cannot be read, or is not such a message; names the file, the line
            and the fields of the message.
    """
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from error
    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        names = ", ".join(field.name for field in message.DESCRIPTOR.fields)
        raise ConfigError(
            f"{path}: not a {message.DESCRIPTOR.name} in text format: {error} (fields: {names})"
        ) from error
