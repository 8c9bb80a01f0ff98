"""TFRecord files that a log goes to, one after the other, each put in place when it is complete."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf

from schema.layout import PART

_FRAME: Final = 16  # bytes that TFRecord adds to each record


class LogFiles:
    """Writes records to `PREFIX-TIME-WRITER-NUMBER.tfrecord`, so that names sort by time.

    Use it in one thread. A directory that is missing is made.

    Args:
        prefix: begin of the files' paths, on any file system of TensorFlow.
        max_bytes: a file that reaches it is put in place.
        max_seconds: so is one that was begun so long ago.
        ended: called for each file that ended, with whether it stands in place, and the number of
            its records: all that could not be put in place are lost.
    """

    def __init__(
        self,
        prefix: str,
        max_bytes: int,
        max_seconds: float,
        ended: Callable[[bool, int], None],
    ) -> None:
        self._prefix = prefix
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._ended = ended
        self._writer_name = uuid.uuid4().hex[:8]
        self._number = 0
        self._path = ""
        self._writer: Any = None
        self._begun = 0.0
        self._bytes = 0
        self._records = 0

    def write(self, record: bytes) -> None:
        """Appends a record.

        Raises:
            tf.errors.OpError: the file cannot be written; what it held is lost, the next record
                begins another one.
        """
        self._records += 1
        try:
            if self._writer is None:
                self._begin()
            self._writer.write(record)
            self._bytes += len(record) + _FRAME
        except tf.errors.OpError:
            self._give_up()
            raise
        if self._bytes >= self._max_bytes:
            self.finish()

    def seconds_left(self) -> float | None:
        """Seconds until the file is too old; None where there is none."""
        if self._writer is None:
            return None
        return max(0.0, self._begun + self._max_seconds - time.monotonic())

    def finish(self) -> None:
        """Puts the file in place, if there is one.

        Raises:
            tf.errors.OpError: it cannot be; what it held is lost.
        """
        if self._writer is None:
            return
        try:
            self._writer.close()
            tf.io.gfile.rename(self._path + PART, self._path)
        except tf.errors.OpError:
            self._give_up()
            raise
        self._end(True)

    def _begin(self) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self._path = f"{self._prefix}-{stamp}-{self._writer_name}-{self._number:05d}.tfrecord"
        self._number += 1
        tf.io.gfile.makedirs(os.path.dirname(self._path))
        self._writer = tf.io.TFRecordWriter(self._path + PART)
        self._begun = time.monotonic()

    def _give_up(self) -> None:
        with contextlib.suppress(tf.errors.OpError):
            if self._writer is not None:
                self._writer.close()
        with contextlib.suppress(tf.errors.OpError):
            tf.io.gfile.remove(self._path + PART)
        self._end(False)

    def _end(self, in_place: bool) -> None:
        records, self._records, self._bytes, self._writer = self._records, 0, 0, None
        self._ended(in_place, records)
