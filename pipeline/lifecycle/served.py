"""What of the pushed versions is served, by registry and release record, at the destination."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping

from pipeline.config import PipelineConfig
from schema.layout import Layout
from serving.registry import resolve


@dataclasses.dataclass(frozen=True)
class Released:
    """The versions at the destination.

    Attributes:
        version: what is served now; None where nothing is.
        labels: version by label, those of the last release.
        paths: directory by version.
    """

    version: str | None
    labels: Mapping[str, str]
    paths: Mapping[str, str]

    @classmethod
    def of(cls, config: PipelineConfig) -> Released:
        """Looks where a run of a configuration pushes to.

        Raises:
            ConfigError, ServingError: as `serving.registry.resolve` does.
        """
        places = Layout.under(config.storage or os.path.abspath(config.out))
        record = config.release_record or places.releases
        found = resolve(
            places.serving,
            record,
            config.registry_uri(places),
            config.registered_model,
            timeout=config.registry.timeout_seconds,
        ).served
        labels = found.release.labels if found.release else {}
        return cls(
            version=None if found.version is None else str(found.version),
            labels={label: str(one) for label, one in labels.items()},
            paths={str(version): path for version, path in found.versions.items()},
        )

    def labels_of(self, version: str | None) -> list[str]:
        """The labels of a version."""
        return [label for label, named in self.labels.items() if named == version]
