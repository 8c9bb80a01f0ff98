from __future__ import annotations

import io
from typing import ClassVar

import pytest
from apache_beam.io.filesystem import BeamIOError, FileMetadata, FileSystem


class MemoryFileSystem(FileSystem):
    """What Beam sees at mem://: an object store, without directories."""

    files: ClassVar[dict[str, bytes]] = {}

    @classmethod
    def scheme(cls):
        return "mem"

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path):
        pass

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        for path, content in list(self.files.items()):
            if path.startswith(dir_or_prefix):
                yield FileMetadata(path, len(content), 1.5)

    def create(self, path, mime_type="", compression_type="auto"):
        files = self.files

        class Written(io.BytesIO):
            def close(self):
                if not self.closed:
                    files[path] = self.getvalue()
                super().close()

        return Written()

    def open(self, path, mime_type="", compression_type="auto"):
        if path not in self.files:
            raise BeamIOError(f"no object at {path}")
        return io.BytesIO(self.files[path])

    def copy(self, source_file_names, destination_file_names):
        raise NotImplementedError

    def rename(self, source_file_names, destination_file_names):
        for source, destination in zip(source_file_names, destination_file_names, strict=True):
            self.files[destination] = self.files.pop(source)

    def exists(self, path):
        return path in self.files

    def size(self, path):
        return len(self.files[path])

    def last_updated(self, path):
        return 1.5

    def checksum(self, path):
        return str(hash(self.files[path]))

    def metadata(self, path):
        return FileMetadata(path, self.size(path), 1.5)

    def delete(self, paths):
        for path in paths:
            del self.files[path]


@pytest.fixture
def object_store():
    """The objects of mem://, by path."""
    MemoryFileSystem.files.clear()
    yield MemoryFileSystem.files
    MemoryFileSystem.files.clear()
