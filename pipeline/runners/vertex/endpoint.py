"""A blessed model on a Vertex endpoint, beside the push to storage."""

from __future__ import annotations

from typing import Any, Final

from tfx.dsl.components.base.base_component import BaseComponent

from pipeline.options.vertex import VertexOptions

#: The id of the component that deploys.
COMPONENT: Final = "Pusher.endpoint"


def pushers(pusher: BaseComponent, options: VertexOptions) -> list[BaseComponent]:
    """Makes TFX's Pusher for endpoints where one is configured.

    It deploys under the same blessings as the push to storage. An endpoint that is not there is
    made; models that it serves stay deployed, with what is left of the traffic.

    Args:
        pusher: the one that pushes to storage; this one gets the same inputs.
        options: the endpoint, project and region.
    """
    endpoint = options.endpoint
    if endpoint.name is None:
        return []
    from tfx.extensions.google_cloud_ai_platform.pusher.component import Pusher

    inputs: dict[str, Any] = {key: pusher.inputs[key] for key in pusher.inputs}
    serving: dict[str, Any] = {
        "project": options.project,
        "endpoint_name": endpoint.name,
        "machine_type": endpoint.machine_type,
        "min_replica_count": endpoint.min_replicas,
        "max_replica_count": endpoint.max_replicas,
        "traffic_percentage": endpoint.traffic_percent,
        "labels": dict(options.labels),
    }
    if options.service_account:
        serving["service_account"] = options.service_account
    deploying: BaseComponent = Pusher(
        **inputs,
        custom_config={
            "ai_platform_serving_args": serving,
            "ai_platform_enable_vertex": True,
            "ai_platform_vertex_region": options.region,
            "ai_platform_vertex_container_image_uri": endpoint.image,
        },
    ).with_id(COMPONENT)
    return [deploying]
