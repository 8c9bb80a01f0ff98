"""What a check found, and what checks go by."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pipeline.config import PipelineConfig
from pipeline.options.dataflow import DataflowOptions
from pipeline.runners.vertex import placeholders
from pipeline.runners.vertex.preflight.asking import GoogleApis
from schema.status import Finding


class Image(NamedTuple):
    """An image, what its check is called, and whether a GPU is used in it."""

    check: str
    name: str
    gpu: bool = False


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is to run, as far as the configuration says.

    Attributes:
        config: the configuration.
        project: id of the Google project.
        region: where jobs run.
        member: the caller, as policies name people.
        number: of the project, None where that cannot be looked up.
    """

    config: PipelineConfig
    project: str
    region: str
    member: str
    number: str | None = None

    @property
    def bucket(self) -> str | None:
        """The bucket of `storage`."""
        return (self.config.storage or "").removeprefix("gs://").partition("/")[0] or None

    @property
    def data_bucket(self) -> str | None:
        """The bucket of `data`, None where that is elsewhere."""
        if not self.config.data.startswith("gs://"):
            return None
        return self.config.data.removeprefix("gs://").partition("/")[0] or None

    @property
    def keys(self) -> dict[str, str]:
        """The customer-managed keys, by the section that names them."""
        vertex = self.config.vertex.kms_key if self.on_vertex else None
        dataflow = self.dataflow.kms_key if self.dataflow is not None else None
        named = {"vertex": vertex, "dataflow": dataflow}
        return {section: key for section, key in named.items() if key is not None}

    @property
    def dataflow(self) -> DataflowOptions | None:
        """How Beam's steps run on Dataflow, None where none does."""
        options = self.config.dataflow
        return options if options is not None and options.chosen else None

    @property
    def on_vertex(self) -> bool:
        """Whether all of the run is on Vertex, or only Beam's steps on Dataflow."""
        return placeholders.on_vertex(self.config)

    @property
    def images(self) -> list[Image]:
        """The images of containers and of workers, each once."""
        vertex, found = self.config.vertex, {}
        if self.on_vertex:
            found[vertex.image] = Image("image", vertex.image or "")
            for own in (vertex.resources, vertex.custom_jobs):
                for component, options in own.items():
                    name, gpu = options.image or "", options.gpu is not None
                    found.setdefault(options.image, Image(f"image of {component}", name, gpu))
        if self.dataflow is not None:
            workers = Image("image of the workers", self.dataflow.image)
            found.setdefault(self.dataflow.image, workers)
        return [image for image in found.values() if image.name]

    @property
    def uses_dataflow(self) -> bool:
        """Whether any of Beam's steps runs on Dataflow."""
        return self.dataflow is not None or (
            "--runner=DataflowRunner" in self.config.beam.pipeline_args
        )

    @property
    def service_account(self) -> str | None:
        """What containers or workers run as: by default what machines of the project run as."""
        named = self.config.vertex.service_account if self.on_vertex else None
        if not self.on_vertex and self.dataflow is not None:
            named = self.dataflow.service_account
        if named:
            return named
        return f"{self.number}-compute@developer.gserviceaccount.com" if self.number else None

    @property
    def accounts(self) -> list[str]:
        """What containers and workers run as, each once."""
        workers = self.dataflow.service_account if self.dataflow else None
        return list(dict.fromkeys(filter(None, (self.service_account, workers))))


#: A check asks Google and tells what it found.
Check = Callable[[Wanted, GoogleApis], Iterator[Finding]]


def fine(check: str, detail: str) -> Finding:
    """All is well."""
    return Finding(check=check, outcome="ok", detail=detail)


def missing(check: str, detail: str, command: str | None = None) -> Finding:
    """Something is missing; the command mends it."""
    return Finding(check=check, outcome="missing", detail=detail, command=command)


def unknown(check: str, why: object) -> Finding:
    """It could not be looked at."""
    return Finding(check=check, outcome="not checked", detail=str(why))
