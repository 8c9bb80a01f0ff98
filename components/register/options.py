"""Where pushed versions are registered."""

from __future__ import annotations

from typing import Annotated

import pydantic

from schema.options import Options
from schema.registry import CHALLENGER, Alias


def _checked(uri: str) -> str:
    if uri:
        from serving.registry import check_uri  # imports TensorFlow's messages

        check_uri(uri)
    return uri


class RegistryOptions(Options):
    """The registry: a directory, or MLflow's server."""

    uri: Annotated[str, pydantic.AfterValidator(_checked)] = pydantic.Field(
        "",
        max_length=2000,
        description="a local directory, mlflow+http://HOST:PORT or mlflow+https://HOST; empty: "
        "the directory OUT/serving/registry, or none where storage is set",
    )
    alias: Alias | None = pydantic.Field(
        CHALLENGER, description="what a run puts on the version that it registers; null: nothing"
    )
    track: bool = pydantic.Field(
        False,
        description="whether it keeps an account of every run, pushed or refused, and of every "
        "trial of a search: configuration, figures, decision and report",
    )
    timeout_seconds: float = pydantic.Field(
        30.0,
        ge=0.1,
        le=3600,
        description="how long it may take to answer; then the run goes on, and what it "
        "was to be told is made up later",
    )
