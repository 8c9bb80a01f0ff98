"""Google Cloud Storage in memory: the JSON API, batches, uploads of each kind, and XML reads.

As much as google-cloud-storage, Beam's gcsio and TensorFlow's `gs://` ask for:

    with storage.running(folder, storage.Storage("a-bucket")) as environment:
        subprocess.run(command, env={**os.environ, **environment})
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime
import email
import hashlib
import itertools
import json
import pathlib
import re
import threading
import urllib.parse
import uuid
from collections.abc import Iterator
from typing import Any

import google_crc32c

from tests.standins import cloud
from tests.standins.cloud import Answer, Refused, Request

HOSTS = ("storage.googleapis.com", "www.googleapis.com")

_OBJECT = re.compile(r"/(?:download/)?storage/v1/b/([^/]+)/o/([^/]+)(?:/(.+))?")
_LIST = re.compile(r"/storage/v1/b/([^/]+)/o/?")
_BUCKET = re.compile(r"/storage/v1/b/([^/]+)")
_UPLOAD = re.compile(r"/(?:resumable/)?upload/storage/v1/b/([^/]+)/o")
_TARGET = re.compile(r"(?:rewriteTo|copyTo)/b/([^/]+)/o/([^/]+)")
_XML = re.compile(r"/([a-z0-9][a-z0-9._-]+)/(.+)")


@dataclasses.dataclass(frozen=True)
class Object:
    """A stored object."""

    data: bytes
    generation: int
    updated: str
    content_type: str = "application/octet-stream"

    @property
    def crc32c(self) -> str:
        return _text(google_crc32c.value(self.data).to_bytes(4, "big"))


class Storage:
    """Buckets and their objects, as a service of `cloud.running`.

    Args:
        *buckets: names of the buckets that are there; others are answered 404.
        page: how many objects a page of a listing holds at most.

    Attributes:
        objects: by bucket and name; tests may read and change them.
        requests: method and path of all that was asked.
    """

    def __init__(self, *buckets: str, page: int = 1000) -> None:
        self.buckets = set(buckets)
        self.objects: dict[tuple[str, str], Object] = {}
        self.requests: list[tuple[str, str]] = []
        self._page = page
        self._generations = itertools.count(1_700_000_000_000_001, 977)
        self._uploads: dict[str, tuple[str, str, bytearray]] = {}
        self._lock = threading.RLock()

    def put(self, bucket: str, name: str, data: bytes) -> dict[str, Any]:
        """Stores an object and returns its metadata."""
        self._known(bucket)
        now = datetime.datetime.now(datetime.timezone.utc)
        text = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        with self._lock:
            self.objects[bucket, name] = Object(data, next(self._generations), text)
        return self._metadata(bucket, name)

    def get(self, url: str) -> bytes:
        """The content of gs://BUCKET/NAME."""
        bucket, _, name = url.removeprefix("gs://").partition("/")
        return self._found(bucket, name).data

    def list(self, url: str) -> list[str]:
        """The names of the objects below gs://BUCKET/PREFIX."""
        bucket, _, prefix = url.removeprefix("gs://").partition("/")
        return sorted(
            name for at, name in list(self.objects) if at == bucket and name.startswith(prefix)
        )

    def upload(self, folder: pathlib.Path, url: str) -> None:
        """Stores the files of a folder below gs://BUCKET/PREFIX."""
        bucket, _, prefix = url.removeprefix("gs://").partition("/")
        for path in filter(pathlib.Path.is_file, folder.rglob("*")):
            self.put(bucket, f"{prefix}/{path.relative_to(folder)}", path.read_bytes())

    def __call__(self, request: Request) -> Answer:
        self.requests.append((request.method, request.path))
        if request.path == "/batch/storage/v1":
            return self._batch(request)
        if found := _UPLOAD.fullmatch(request.path):
            return self._upload(found[1], request)
        if found := _OBJECT.fullmatch(request.path):
            return self._object(found[1], _unquoted(found[2]), found[3] or "", request)
        if found := _LIST.fullmatch(request.path):
            return self._listing(found[1], request.query)
        if found := _BUCKET.fullmatch(request.path):
            self._known(found[1])
            name = found[1]
            facts = {"kind": "storage#bucket", "id": name, "name": name, "projectNumber": "77"}
            kept = {"softDeletePolicy": {"retentionDurationSeconds": "0"}}
            return Answer({**facts, **kept, "location": "EUROPE-WEST4", "storageClass": "STANDARD"})
        if found := _XML.fullmatch(request.path):
            return self._content(found[1], _unquoted(found[2]), request)
        raise Refused(501, f"{request.method} {request.path}")

    def _object(self, bucket: str, name: str, action: str, request: Request) -> Answer:
        if target := _TARGET.fullmatch(action):
            made = self.put(target[1], _unquoted(target[2]), self._found(bucket, name).data)
            if action.startswith("copyTo"):
                return Answer(made)
            size = made["size"]
            sizes = {"totalBytesRewritten": size, "objectSize": size}
            return Answer(
                {"kind": "storage#rewriteResponse", "done": True, "resource": made, **sizes}
            )
        if action == "compose":
            parts = [part["name"] for part in request.json()["sourceObjects"]]
            data = b"".join(self._found(bucket, part).data for part in parts)
            return Answer(self.put(bucket, name, data))
        self._found(bucket, name)
        if request.method == "DELETE":
            del self.objects[bucket, name]
            return Answer(status=204)
        if request.query.get("alt") == "media" or request.path.startswith("/download"):
            return self._content(bucket, name, request)
        return Answer(self._metadata(bucket, name))

    def _content(self, bucket: str, name: str, request: Request) -> Answer:
        found = self._found(bucket, name)
        headers = {
            "Content-Type": found.content_type,
            "x-goog-generation": str(found.generation),
            "x-goog-hash": f"crc32c={found.crc32c}",
        }
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range") or "")
        if span is None:
            return Answer(found.data, 200, headers)
        total, first = len(found.data), int(span[1])
        if first >= total:
            return Answer(b"", 416, {"Content-Range": f"bytes */{total}"})
        data = found.data[first : int(span[2] or total - 1) + 1]
        headers["Content-Range"] = f"bytes {first}-{first + len(data) - 1}/{total}"
        return Answer(data, 206, headers)

    def _listing(self, bucket: str, query: Any) -> Answer:
        self._known(bucket)
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        found: dict[str, bool] = {}  # and whether it is a folder
        for name in self.list(f"gs://{bucket}/{prefix}"):
            inner, cut, _ = (
                name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
            )
            found[prefix + inner + cut if cut else name] = bool(cut)
        names = sorted(found)
        begin = int(query.get("pageToken") or 0)
        end = begin + min(int(query.get("maxResults") or self._page), self._page)
        answer: dict[str, Any] = {"kind": "storage#objects"}
        chosen = names[begin:end]
        if folders := [name for name in chosen if found[name]]:
            answer["prefixes"] = folders
        if items := [self._metadata(bucket, name) for name in chosen if not found[name]]:
            answer["items"] = items
        if end < len(names):
            answer["nextPageToken"] = str(end)
        return Answer(answer)

    def _upload(self, bucket: str, request: Request) -> Answer:
        self._known(bucket)
        query, kind = request.query, request.query.get("uploadType")
        if "upload_id" in query:
            return self._resumed(query["upload_id"], request)
        if kind == "resumable":
            name = query.get("name") or request.json()["name"]
            token = uuid.uuid4().hex
            self._uploads[token] = (bucket, name, bytearray())
            place = f"{request.url}?uploadType=resumable&upload_id={token}"
            return Answer(b"", 200, {"Location": place})
        if kind == "multipart":
            described, content = _parts(request)
            return Answer(self.put(bucket, json.loads(described)["name"], content))
        return Answer(self.put(bucket, query["name"], request.body))

    def _resumed(self, token: str, request: Request) -> Answer:
        if token not in self._uploads:
            raise Refused(410, "no such upload")
        bucket, name, data = self._uploads[token]
        span = request.headers.get("Content-Range") or ""
        if not span.startswith("bytes */"):
            data += request.body
        total = span.rpartition("/")[2]
        if not span or (total != "*" and len(data) >= int(total)):
            del self._uploads[token]
            return Answer(self.put(bucket, name, bytes(data)))
        return Answer(b"", 308, {"Range": f"bytes=0-{len(data) - 1}"} if data else {})

    def _batch(self, request: Request) -> Answer:
        answers = b""
        for number, part in enumerate(_parts(request)):
            line, _, rest = part.partition(b"\n")
            method, target, *_ = line.decode().split()
            url = urllib.parse.urlsplit(target)
            query = dict(urllib.parse.parse_qsl(url.query))
            body = rest.replace(b"\r\n", b"\n").partition(b"\n\n")[2].strip()
            inner = Request(method, request.host, url.path, query, {}, body)
            try:
                answer = self(inner)
            except Refused as refused:
                answer = refused.answer
            content = answer.body if answer.body == b"" else json.dumps(answer.body).encode()
            answers += (
                b"--batch\r\nContent-Type: application/http\r\n"
                b"Content-ID: <response-%d>\r\n\r\nHTTP/1.1 %d Answer\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s\r\n"
            ) % (number, answer.status, len(content), content)
        headers = {"Content-Type": "multipart/mixed; boundary=batch"}
        return Answer(answers + b"--batch--", 200, headers)

    def _known(self, bucket: str) -> None:
        if bucket not in self.buckets:
            raise Refused(404, f"The specified bucket {bucket} does not exist.")

    def _found(self, bucket: str, name: str) -> Object:
        self._known(bucket)
        try:
            return self.objects[bucket, name]
        except KeyError:
            raise Refused(404, f"No such object: {bucket}/{name}") from None

    def _metadata(self, bucket: str, name: str) -> dict[str, Any]:
        found = self._found(bucket, name)
        return {
            "kind": "storage#object",
            "name": name,
            "bucket": bucket,
            "size": str(len(found.data)),
            "generation": str(found.generation),
            "metageneration": "1",
            "etag": str(found.generation),
            "updated": found.updated,
            "timeCreated": found.updated,
            "contentType": found.content_type,
            "storageClass": "STANDARD",
            "md5Hash": _text(hashlib.md5(found.data, usedforsecurity=False).digest()),
            "crc32c": found.crc32c,
        }


@contextlib.contextmanager
def running(folder: pathlib.Path, storage: Storage) -> Iterator[dict[str, str]]:
    """Serves it, and nothing else of Google, while the block runs; see `cloud.running`."""
    with cloud.running(folder, dict.fromkeys(HOSTS, storage)) as environment:
        yield environment


def _parts(request: Request) -> list[bytes]:
    """The contents of a multipart body, without the headers of each part."""
    message = email.message_from_string(f"Content-Type: {request.headers['Content-Type']}\n\n")
    mark = b"--" + str(message.get_boundary()).encode()
    contents = []
    for part in request.body.split(mark)[1:-1]:
        _, _, content = re.split(rb"(\r?\n)\1", part.lstrip(b"\r\n"), maxsplit=1)
        contents.append(re.sub(rb"\r?\n\Z", b"", content))
    return contents


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _unquoted(name: str) -> str:
    return urllib.parse.unquote(name)
