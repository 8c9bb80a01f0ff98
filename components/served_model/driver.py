"""Driver of the ServedModel component: looks at the destination before the cache is asked."""

from __future__ import annotations

import hashlib
from typing import Any

from tfx.dsl.components.base import base_driver
from tfx.orchestration import metadata
from tfx.orchestration.portable import base_driver as portable_driver
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import driver_output_pb2

from schema.layout import MODEL_NAME
from serving.protocol import version_files
from serving.release import look


class Driver(base_driver.BaseDriver, portable_driver.BaseDriver):  # TFX asks for the first one too
    """Puts what stands at the destination into the parameters, and so into the cache's key."""

    def __init__(self, connection: metadata.Metadata) -> None:
        base_driver.BaseDriver.__init__(self, connection)
        portable_driver.BaseDriver.__init__(self, connection)

    def run(self, execution_info: data_types.ExecutionInfo) -> Any:
        """Runs the driver.

        Args:
            execution_info: with the parameters of `component.ServedModel`.

        Returns:
            A DriverOutput with the new value of `fingerprint`.

        Raises:
            ConfigError, ServingError: as `serving.release.look` does.
        """
        parameters = execution_info.exec_properties
        output = driver_output_pb2.DriverOutput()
        output.exec_properties["fingerprint"].string_value = fingerprint(
            parameters["destination"], parameters["release_record"]
        )
        return output


def fingerprint(destination: str, release_record: str) -> str:
    """What to know by what is served: as long as it stays, so does that.

    Args:
        destination: directory of versions.
        release_record: the record of releases.
    """
    found = look(destination, release_record, MODEL_NAME)
    files = version_files.fingerprint(found.path) if found.path else ()
    state = (found.version, found.pinned, found.problem, files)
    return hashlib.sha256(repr(state).encode()).hexdigest()[:16]
