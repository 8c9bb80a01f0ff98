"""`s3://` for TensorFlow, which brings `gs://` by itself and needs tensorflow-io for this.

Beam reads and writes both with its own clients (google-cloud-storage, boto3).
"""

from __future__ import annotations

import atexit
import importlib
import os
import sys
from collections.abc import Mapping
from typing import Final

_S3: Final = "s3://"
_PACKAGE: Final = "tensorflow_io"
#: TensorFlow's client has names of its own for what boto3 reads.
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


class NoFileSystemError(ValueError):
    """A path lies where TensorFlow reaches nothing; the message names the key and the cure."""


def prepare(paths: Mapping[str, str | None]) -> None:
    """Makes `s3://` known to TensorFlow where one of the paths lies there.

    Args:
        paths: what is read or written by TensorFlow, by the key that it was configured by.

    Raises:
        NoFileSystemError: if one lies there and tensorflow-io is not installed.
    """
    there = [key for key, path in paths.items() if path and path.startswith(_S3)]
    if not there:
        return
    for name, value in _settings(os.environ).items():
        os.environ.setdefault(name, value)
    try:
        importlib.import_module(_PACKAGE)
    except ImportError as error:
        raise NoFileSystemError(
            f"{there[0]}: TensorFlow reaches s3:// by the package tensorflow-io alone, which "
            f"cannot be loaded ({error}): pip install 'segue-recommender[s3]', or take gs:// or a "
            "directory"
        ) from error


def end(code: int) -> None:
    """Ends the process where tensorflow-io was loaded, whose client aborts any other end of it.

    Args:
        code: the exit code.
    """
    if _PACKAGE in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        atexit._run_exitfuncs()
        os._exit(code)


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    """What TensorFlow's client has to be told of what boto3's knows."""
    found = {}
    for name in _ENDPOINTS:
        if endpoint := environment.get(name):
            found = {
                "S3_ENDPOINT": endpoint,
                "S3_USE_HTTPS": "0" if endpoint.startswith("http://") else "1",
            }
            break
    if region := environment.get("AWS_DEFAULT_REGION"):
        found["AWS_REGION"] = region
    return found
