"""The ServedModel component: what is served now, looked up where it is served from."""

from __future__ import annotations

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components.served_model import driver, executor


class ServedModelSpec(ComponentSpec):
    """Inputs, outputs and parameters of `ServedModel`."""

    PARAMETERS = {  # noqa: RUF012 - TFX declares them so
        "destination": ExecutionParameter(type=str),
        "release_record": ExecutionParameter(type=str),
        "registry": ExecutionParameter(type=str),
        "registered_model": ExecutionParameter(type=str),
        "split": ExecutionParameter(type=str),
        "fingerprint": ExecutionParameter(type=str),
        "source_hash": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "candidate": ChannelParameter(type=standard_artifacts.Model),
        "examples": ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {  # noqa: RUF012
        "model": ChannelParameter(type=standard_artifacts.Model),
    }


class ServedModel(base_component.BaseComponent):
    """Looks up what is served: in the registry and the release record, and at the destination.

    Metadata are not asked: they do not know of rollbacks, of versions that were removed or put
    there by hand, nor of runs that kept them elsewhere. The output holds `served.json`, a
    `schema.documents.ServedModel`, and the served model itself where the candidate can be compared
    with it: all that comes later sees the same model, whatever is released meanwhile.

    TFX's cache must not answer for the destination, so `fingerprint` is a part of its key. The
    driver puts there what stands at the destination when the node's turn comes: as long as that
    stays, the comparisons with it come from the cache.
    """

    SPEC_CLASS = ServedModelSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
    DRIVER_CLASS = driver.Driver  # type: ignore[assignment]

    def __init__(
        self,
        *,
        candidate: types.BaseChannel,
        examples: types.BaseChannel,
        destination: str,
        release_record: str,
        registry: str,
        registered_model: str,
        split: str,
        source_hash: str,
    ) -> None:
        """Constructs the component.

        Args:
            candidate: the model that may be pushed.
            examples: held-out playlists, on which a served model is tried.
            destination: directory of versions that Pusher pushes to, local or remote.
            release_record: the record of `segue release`; it need not be there.
            registry: `RegistryOptions` as JSON.
            registered_model: its name.
            split: `SplitConfig` of the run as JSON.
            source_hash: hash of the code, so that a changed rule is not served from cache.
        """
        super().__init__(
            spec=ServedModelSpec(
                candidate=candidate,
                examples=examples,
                destination=destination,
                release_record=release_record,
                registry=registry,
                registered_model=registered_model,
                split=split,
                fingerprint="",
                source_hash=source_hash,
                model=types.Channel(type=standard_artifacts.Model),
            )
        )
