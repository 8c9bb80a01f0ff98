"""What a submission may change without compiling again: the runtime parameters."""

from __future__ import annotations

from typing import Any, Final

from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline

#: The parameters by component and property; the report tells the same as the others are given.
_PROPERTIES: Final = {
    ("Ingest", "input"): "data",
    ("Ingest", "span"): "span",
    ("Evaluator", "eval_config"): "eval_config",
    ("Significance", "options"): "gate",
    ("Report", "data"): "data",
    ("Report", "span"): "span",
    ("Report", "gate"): "gate",
    ("Report", "config"): "config",
}
#: Trainers and Tuners have a family's parameters, such as epochs, in this property.
_BY_FAMILY: Final = "custom_config"


def make_runtime(pipeline: Pipeline) -> dict[str, Any]:
    """Puts runtime parameters in the place of values.

    A parameter is a whole property: TFX resolves none inside of a value.

    Args:
        pipeline: its components are changed.

    Returns:
        The values that were there, by the parameter's name, such as "data" or "trainer_als".
    """
    values: dict[str, Any] = {}
    for component in pipeline.components:
        for key, value in component.exec_properties.items():
            name = _PROPERTIES.get((component.id, key)) or _of_family(component.id, key)
            if name is None or value is None:
                continue
            values[name] = value
            component.exec_properties[key] = RuntimeParameter(name=name, ptype=str, default=value)
    return values


def _of_family(component: str, key: str) -> str | None:
    kind, dot, family = component.partition(".")
    if key != _BY_FAMILY or not dot or kind not in ("Trainer", "Tuner"):
        return None
    return f"{kind.lower()}_{family}"
