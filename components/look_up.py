"""What a component looks up before TFX's cache is asked, the same way on every runner."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any

from tfx.dsl.components.base import base_driver
from tfx.orchestration import metadata
from tfx.orchestration.portable import base_driver as portable_driver
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import driver_output_pb2


class LookUpDriver(base_driver.BaseDriver, portable_driver.BaseDriver):  # TFX asks for the first
    """Puts what stands outside of TFX's artifacts into the parameters, and so into the cache's key.

    A runner with drivers, such as the local one, runs the class. Where containers do the work,
    `look_up` runs in the component's container before the cache is asked.
    """

    def __init__(self, connection: metadata.Metadata) -> None:
        base_driver.BaseDriver.__init__(self, connection)
        portable_driver.BaseDriver.__init__(self, connection)

    @staticmethod
    @abc.abstractmethod
    def look_up(parameters: Mapping[str, Any]) -> dict[str, str]:
        """Looks.

        Args:
            parameters: the component's exec properties.

        Returns:
            Those that get another value.
        """

    def run(self, execution_info: data_types.ExecutionInfo) -> Any:
        """Runs the driver.

        Args:
            execution_info: with the component's parameters.

        Returns:
            A DriverOutput with what `look_up` returned.
        """
        output = driver_output_pb2.DriverOutput()
        for name, value in self.look_up(execution_info.exec_properties).items():
            output.exec_properties[name].string_value = value
        return output
