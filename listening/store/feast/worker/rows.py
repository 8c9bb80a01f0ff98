"""What Feast has no call for: served rows of one time that are replaced, and those that leave.

A key's features lie in one hash of Redis: a field a feature, named by a hash of view and feature,
and `_ts:VIEW`, as of when the view's are. Feast leaves out whatever is not newer than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from feast.infra.online_stores.helpers import _mmh3, _redis_key, _redis_key_prefix
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp

from .repository import TIME, Repository

_AT_ONCE = 5_000


def make_way(repository: Repository, view: str, asked: pa.Table) -> int:
    """Lets rows of the same time be replaced; gives how many are older than what is served.

    Args:
        repository: whose rows.
        view: its name.
        asked: key and time of rows that are about to be written.
    """
    client, stamp = _client(repository), f"_ts:{view}"
    key, older = repository.views[view]["key"], 0
    for batch in asked.to_batches(max_chunksize=_AT_ONCE):
        keys = [_key(repository, key, one) for one in batch.column(key).to_pylist()]
        with client.pipeline(transaction=False) as pipe:
            for each in keys:
                pipe.hget(each, stamp)
            served = [_micros(found) for found in pipe.execute()]
        times = batch.column(TIME).cast(pa.int64()).to_pylist()
        with client.pipeline(transaction=False) as pipe:
            for each, time, known in zip(keys, times, served, strict=True):
                older += known is not None and known > time
                if known == time:
                    pipe.hdel(each, stamp)
            pipe.execute()
    return older


def erase(repository: Repository, listeners: Sequence[str]) -> int:
    """Removes rows of listeners, and rows whose lists name them."""
    client, removed = _client(repository), 0
    for entity in {each["entity"]: each for each in repository.views.values()}.values():
        if entity["key"] not in entity["listeners"]:
            continue
        for one in listeners:
            key = _key(repository, entity["key"], one)
            removed += sum(field.startswith(b"_ts:") for field in client.hkeys(key))
            client.delete(key)
    for view in repository.views.values():
        named = [name for name in view["listeners"] if name != view["key"]]
        fields = [_mmh3(f"{view['name']}:{name}") for name in named]
        for key in _keys(repository, view) if named else ():
            found = (Value.FromString(held or b"") for held in client.hmget(key, fields))
            if not any(set(each.string_list_val.val) & set(listeners) for each in found):
                continue
            columns = [_mmh3(f"{view['name']}:{name}") for name, _ in view["columns"]]
            removed += client.hdel(key, f"_ts:{view['name']}")
            client.hdel(key, *columns)
    return removed


def _keys(repository: Repository, view: dict[str, Any]) -> Iterator[bytes]:
    """Keys of Redis that belong to this repository and to the view's entity."""
    project, prefix = repository.store.project.encode(), _redis_key_prefix([view["key"]])
    for key in _client(repository).scan_iter(_literal(prefix) + b"*" + _literal(project)):
        # Another project's name may end as this one's does: keys here have 32 digits before it.
        digits = key[: -len(project)][-32:].decode(errors="replace")
        if key == _key(repository, view["key"], digits):
            yield key


def _literal(text: bytes) -> bytes:
    """Bytes as a pattern of Redis that stands for themselves."""
    return b"".join(b"\\" + bytes([each]) if each in b"*?[]\\" else bytes([each]) for each in text)


def _key(repository: Repository, name: str, value: str) -> bytes:
    entity = EntityKey(join_keys=[name], entity_values=[Value(string_val=value)])
    found: bytes = _redis_key(repository.store.project, entity, 3)
    return found


def _micros(stamp: bytes | None) -> int | None:
    if stamp is None:
        return None
    found = Timestamp.FromString(stamp)
    return found.seconds * 1_000_000 + found.nanos // 1_000


def _client(repository: Repository) -> Any:
    online = repository.store._get_provider().online_store
    return online._get_client(repository.store.config.online_store)
